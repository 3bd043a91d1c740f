#include "deploy/columbactl/completion.h"

#include <string.h>

struct source {
    const struct command *commands;
    size_t count;
};

/* Commands that share their first word; they stand together in the table. */
struct group {
    const char *name;
    size_t length;
    const struct command *commands;
    size_t count;
    bool has_seconds; /* else it is one command of one word */
};

/* The group behind the one given; false at the end. Begins with a zeroed group. */
static bool next_group(const struct source *source, struct group *group) {
    size_t at =
        group->commands == NULL ? 0 : (size_t)(group->commands - source->commands) + group->count;

    if (at == source->count)
        return false;
    group->commands = &source->commands[at];
    group->name = group->commands->name;
    group->length = strcspn(group->name, " ");
    group->has_seconds = group->name[group->length] == ' ';
    group->count = 1;
    while (group->has_seconds && at + group->count < source->count &&
           strncmp(group->commands[group->count].name, group->name, group->length + 1) == 0)
        group->count++;
    return true;
}

static const char *second_word(const struct group *group, size_t index) {
    return group->commands[index].name + group->length + 1;
}

static void append_word(const char *word, size_t length, struct buffer *out) {
    if (out->size > 0)
        buffer_append_text(out, " ");
    buffer_append(out, (struct slice){.data = word, .size = length});
}

static void first_words(const struct source *source, struct buffer *out) {
    for (struct group group = {0}; next_group(source, &group);)
        append_word(group.name, group.length, out);
}

static void append_options(const struct command *command, struct buffer *out) {
    for (size_t i = 0; command != NULL && command->options[i] != OPTION_NONE; i++) {
        const char *name = invocation_options[command->options[i]].name;
        append_word(name, strlen(name), out);
    }
    for (int option = OPTION_NONE + 1; option < OPTION_COUNT; option++) {
        const struct option_row *row = &invocation_options[option];
        if (row->is_common)
            append_word(row->name, strlen(row->name), out);
    }
}

/* One case for each first word that has second ones, then one for each command with its options. */
static void write_bash_cases(const struct source *source, struct buffer *out) {
    for (size_t i = 0; i < source->count; i++) {
        const struct command *command = &source->commands[i];
        struct buffer options = {0};
        append_options(command, &options);
        buffer_append_format(out, "    \"%s\"*) words=\"%s\" ;;\n", command->name,
                             buffer_text(&options));
        buffer_free(&options);
    }
}

static void write_bash_groups(const struct source *source, struct buffer *out) {
    for (struct group group = {0}; next_group(source, &group);) {
        struct buffer seconds = {0};
        for (size_t i = 0; group.has_seconds && i < group.count; i++)
            append_word(second_word(&group, i), strlen(second_word(&group, i)), &seconds);
        if (group.has_seconds)
            buffer_append_format(out, "    \"%.*s\") words=\"%s\" ;;\n", (int)group.length,
                                 group.name, buffer_text(&seconds));
        buffer_free(&seconds);
    }
}

static void write_bash(const struct source *source, struct buffer *out) {
    struct buffer firsts = {0};

    first_words(source, &firsts);
    append_options(NULL, &firsts);
    buffer_append_text(
        out, "# Completes columbactl in bash.\n"
             "_columbactl() {\n"
             "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
             "    local said=() words= index\n"
             "    if [[ $previous == --config ]]; then\n"
             "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
             "        return\n"
             "    fi\n"
             "    for ((index = 1; index < COMP_CWORD; index++)); do\n"
             "        case ${COMP_WORDS[index]} in\n"
             "        --config) index=$((index + 1)) ;;\n"
             "        -*) ;;\n"
             "        *) said+=(\"${COMP_WORDS[index]}\") ;;\n"
             "        esac\n"
             "    done\n"
             "    case \"${said[*]}\" in\n");
    buffer_append_format(out, "    \"\") words=\"%s\" ;;\n", buffer_text(&firsts));
    write_bash_groups(source, out);
    write_bash_cases(source, out);
    buffer_append_text(out, "    esac\n"
                            "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
                            "}\n"
                            "complete -F _columbactl columbactl\n");
    buffer_free(&firsts);
}

static void write_zsh_groups(const struct source *source, struct buffer *out) {
    for (struct group group = {0}; next_group(source, &group);) {
        if (!group.has_seconds)
            continue;
        buffer_append_format(out, "    %.*s) choices=(", (int)group.length, group.name);
        for (size_t i = 0; i < group.count; i++)
            buffer_append_format(out, "%s'%s:%s'", i == 0 ? "" : " ", second_word(&group, i),
                                 group.commands[i].help);
        buffer_append_text(out, ") ;;\n");
    }
}

static void write_zsh_option(enum option option, struct buffer *out) {
    const struct option_row *row = &invocation_options[option];

    buffer_append_format(out, " \\\n            '%s%s[%s]", row->name,
                         row->value == NULL ? "" : "=", row->help);
    if (row->value != NULL)
        buffer_append_format(out, ":%s:%s", row->value, option == OPTION_CONFIG ? "_files" : "");
    buffer_append_text(out, "'");
}

/* Of those that the next word belongs to. */
static void write_zsh_pattern(struct buffer *out) {
    const char *before = "(";

    for (int option = OPTION_NONE + 1; option < OPTION_COUNT; option++)
        if (invocation_options[option].value != NULL) {
            buffer_append_format(out, "%s%s", before, invocation_options[option].name);
            before = "|";
        }
    buffer_append_text(out, ")");
}

/* Where it is autoloaded, its first run is already one that has to complete. */
static void write_zsh(const struct source *source, struct buffer *out) {
    struct buffer firsts = {0};
    struct buffer valued = {0};

    first_words(source, &firsts);
    write_zsh_pattern(&valued);
    buffer_append_format(out,
                         "#compdef columbactl\n"
                         "# Completes columbactl in zsh.\n"
                         "_columbactl() {\n"
                         "    local -a said choices\n"
                         "    local index\n"
                         "    for ((index = 2; index < CURRENT; index++)); do\n"
                         "        case $words[index] in\n"
                         "        %s) ((index++)) ;;\n"
                         "        -*) ;;\n"
                         "        *) said+=(\"$words[index]\") ;;\n"
                         "        esac\n"
                         "    done\n"
                         "    case \"$said\" in\n",
                         buffer_text(&valued));
    buffer_append_format(out, "    '') choices=(%s) ;;\n", buffer_text(&firsts));
    write_zsh_groups(source, out);
    buffer_append_format(out,
                         "    esac\n"
                         "    if [[ $words[CURRENT] == -* || $words[CURRENT-1] == %s ]]; then\n"
                         "        _arguments",
                         buffer_text(&valued));
    for (int option = OPTION_NONE + 1; option < OPTION_COUNT; option++)
        write_zsh_option((enum option)option, out);
    buffer_append_text(out, " \\\n            '*: :_files'\n    elif ((${#choices})); then\n"
                            "        _describe command choices\n"
                            "    else\n"
                            "        _files\n"
                            "    fi\n"
                            "}\n"
                            "if [[ $funcstack[1] == _columbactl ]]; then\n"
                            "    _columbactl \"$@\"\n"
                            "else\n"
                            "    compdef _columbactl columbactl\n"
                            "fi\n");
    buffer_free(&valued);
    buffer_free(&firsts);
}

static void write_fish_option(const struct option_row *row, const char *condition,
                              struct buffer *out) {
    buffer_append_format(out, "complete -c columbactl%s -l %s%s -d '%s'\n", condition,
                         row->name + 2, row->value == NULL ? "" : " -r", row->help);
}

static void write_fish_group(const struct group *group, struct buffer *out) {
    struct buffer condition = {0};

    buffer_append_format(out, "complete -c columbactl -n __fish_use_subcommand -a %.*s",
                         (int)group->length, group->name);
    if (!group->has_seconds)
        buffer_append_format(out, " -d '%s'", group->commands->help);
    buffer_append_text(out, "\n");
    buffer_append_format(&condition, " -n '__fish_seen_subcommand_from %.*s'", (int)group->length,
                         group->name);
    for (size_t i = 0; i < group->count; i++) {
        const struct command *command = &group->commands[i];
        if (group->has_seconds)
            buffer_append_format(out, "complete -c columbactl%s -a %s -d '%s'\n",
                                 buffer_text(&condition), second_word(group, i), command->help);
        for (size_t o = 0; command->options[o] != OPTION_NONE; o++)
            write_fish_option(&invocation_options[command->options[o]], buffer_text(&condition),
                              out);
    }
    buffer_free(&condition);
}

static void write_fish(const struct source *source, struct buffer *out) {
    buffer_append_text(out, "# Completes columbactl in fish.\n"
                            "complete -c columbactl -f\n"
                            "complete -c columbactl -l config -r -F\n");
    for (struct group group = {0}; next_group(source, &group);)
        write_fish_group(&group, out);
    for (int option = OPTION_JSON; option < OPTION_COUNT; option++)
        if (invocation_options[option].is_common)
            write_fish_option(&invocation_options[option], "", out);
}

static const struct {
    const char *name;
    void (*write)(const struct source *source, struct buffer *out);
} shells[] = {{"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};

bool completion_write(const char *shell, const struct command *commands, size_t count,
                      struct buffer *out) {
    const struct source source = {.commands = commands, .count = count};

    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shells[i].name, shell) != 0)
            continue;
        shells[i].write(&source, out);
        return true;
    }
    return false;
}
