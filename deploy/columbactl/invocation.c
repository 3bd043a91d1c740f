#include "deploy/columbactl/invocation.h"

#include <string.h>

static const char default_config_path[] = "/etc/columba/columba.yaml";

struct words {
    const char *items[INVOCATION_WORD_LIMIT];
    size_t count;
};

/* How many of the words the command's name takes; 0 when they are not its name. */
static size_t name_length(const struct command *command, const struct words *words) {
    struct buffer both = {0};
    size_t length = 0;

    if (words->count > 0 && strcmp(words->items[0], command->name) == 0)
        return 1;
    if (words->count > 1) {
        buffer_append_format(&both, "%s %s", words->items[0], words->items[1]);
        length = strcmp(buffer_text(&both), command->name) == 0 ? 2 : 0;
    }
    buffer_free(&both);
    return length;
}

static bool find_command(const struct words *words, const struct command *commands,
                         size_t command_count, struct invocation *out, struct error *error) {
    if (words->count == 0)
        return error_set(error, ERROR_CONFIG, "say what to do; see columbactl --help");
    for (size_t i = 0; i < command_count; i++) {
        size_t length = name_length(&commands[i], words);
        if (length == 0)
            continue;
        out->command = &commands[i];
        out->argument_count = words->count - length;
        if (out->argument_count > commands[i].argument_limit)
            return error_set(error, ERROR_CONFIG,
                             "%s takes no \"%s\"; it is used as: columbactl %s %s",
                             commands[i].name, words->items[length + commands[i].argument_limit],
                             commands[i].name, commands[i].arguments);
        memcpy(out->arguments, &words->items[length],
               out->argument_count * sizeof out->arguments[0]);
        return true;
    }
    return error_set(error, ERROR_CONFIG, "there is no command \"%s%s%s\"; see columbactl --help",
                     words->items[0], words->count > 1 ? " " : "",
                     words->count > 1 ? words->items[1] : "");
}

/* The value of "--name VALUE" or "--name=VALUE" at *index; NULL when it is another option. */
static const char *option_value(const char *name, int argc, char *const argv[], int *index) {
    size_t length = strlen(name);
    const char *argument = argv[*index];

    if (strncmp(argument, name, length) != 0)
        return NULL;
    if (argument[length] == '=')
        return argument + length + 1;
    if (argument[length] == '\0' && *index + 1 < argc)
        return argv[++*index];
    return NULL;
}

static bool read_option(int argc, char *const argv[], int *index, struct invocation *out) {
    const char *value = option_value("--config", argc, argv, index);
    struct slice argument = slice_of(argv[*index]);

    if (value != NULL)
        out->config_path = value;
    else if (slice_is(argument, "--json"))
        out->json = true;
    else if (slice_is(argument, "--help"))
        out->help = true;
    else if (slice_is(argument, "--version"))
        out->version = true;
    else
        return false;
    return true;
}

bool invocation_parse(int argc, char *const argv[], const struct command *commands,
                      size_t command_count, struct invocation *out, struct error *error) {
    struct words words = {.count = 0};

    *out = (struct invocation){.config_path = default_config_path};
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') {
            if (!read_option(argc, argv, &i, out))
                return error_set(error, ERROR_CONFIG,
                                 "%s is no option, or lacks its value; see columbactl --help",
                                 argv[i]);
        } else if (words.count < INVOCATION_WORD_LIMIT) {
            words.items[words.count++] = argv[i];
        }
    }
    return out->help || out->version || find_command(&words, commands, command_count, out, error);
}

void invocation_write_help(const struct command *commands, size_t command_count,
                           struct buffer *out) {
    buffer_append_text(out, "Usage: columbactl [--config FILE] [--json] COMMAND\n\n");
    for (size_t i = 0; i < command_count; i++) {
        struct buffer usage = {0};
        buffer_append_format(&usage, "%s %s", commands[i].name, commands[i].arguments);
        buffer_append_format(out, "  %-15s  %s\n", buffer_text(&usage), commands[i].help);
        buffer_free(&usage);
    }
    buffer_append_format(out,
                         "\n"
                         "  --config FILE    the configuration (%s)\n"
                         "  --json           one JSON object instead of text\n"
                         "  --version        the version\n"
                         "  --help           this\n"
                         "\n"
                         "Exit codes: 0 fine; 1 something is wrong, and the output names it; 2 the "
                         "command line or the\n"
                         "configuration is wrong; 3 the brokers cannot be reached.\n",
                         default_config_path);
}

enum command_status invocation_status_of(const struct error *error) {
    static const struct {
        enum error_code code;
        enum command_status status;
    } table[] = {
        {ERROR_CONFIG, COMMAND_USAGE},
        {ERROR_PARSE, COMMAND_USAGE},
        {ERROR_UNAVAILABLE, COMMAND_UNREACHABLE},
        {ERROR_TIMEOUT, COMMAND_UNREACHABLE},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].code == error->code)
            return table[i].status;
    return COMMAND_WRONG;
}
