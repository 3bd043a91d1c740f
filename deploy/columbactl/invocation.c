#include "deploy/columbactl/invocation.h"

#include "common/config/value.h"

#include <string.h>

#define DEFAULT_CONFIG_PATH "/etc/columba/columba.yaml"

const struct option_row invocation_options[OPTION_COUNT] = {
    [OPTION_CONFIG] = {"--config", "FILE", "the configuration (" DEFAULT_CONFIG_PATH ")", true},
    [OPTION_JSON] = {"--json", NULL, "one JSON object instead of text", true},
    [OPTION_HELP] = {"--help", NULL, "this; after a command, about that command", true},
    [OPTION_VERSION] = {"--version", NULL, "the version", true},
    [OPTION_FOR] = {"--for", "DURATION", "how long, like 30m (for ever)", false},
    [OPTION_REASON] = {"--reason", "TEXT", "why", false},
    [OPTION_APP] = {"--app", "APP_ID", "only of this app", false},
    [OPTION_SINCE] = {"--since", "DURATION", "look that far back (all that is kept)", false},
    [OPTION_TIMEOUT] = {"--timeout", "DURATION", "give up after that long", false},
    [OPTION_URL] = {"--url", "URL", "through the ingress there (straight to the queue)", false},
    [OPTION_DATA] = {"--data", "JSON", "the data of the pusher (none)", false},
    [OPTION_ONCE] = {"--once", NULL, "show it once and end", false},
    [OPTION_LIMIT] = {"--limit", "COUNT", "read no more records than that (1000000)", false},
};

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

/* With --help it does not matter what is missing. */
static bool take_arguments(const struct words *words, size_t name_words, struct invocation *out,
                           struct error *error) {
    const struct command *command = out->command;

    out->argument_count = words->count - name_words;
    if (out->argument_count > command->argument_limit)
        return error_set(error, ERROR_CONFIG, "%s takes no \"%s\"; it is used as: columbactl %s %s",
                         command->name, words->items[name_words + command->argument_limit],
                         command->name, command->arguments);
    if (out->argument_count < command->argument_least && !out->help)
        return error_set(error, ERROR_CONFIG, "%s needs more; it is used as: columbactl %s %s",
                         command->name, command->name, command->arguments);
    memcpy(out->arguments, &words->items[name_words],
           out->argument_count * sizeof out->arguments[0]);
    return true;
}

static bool has_option(const struct command *command, enum option option) {
    if (invocation_options[option].is_common)
        return true;
    for (size_t i = 0; command->options[i] != OPTION_NONE; i++)
        if (command->options[i] == option)
            return true;
    return false;
}

static bool check_options(const struct invocation *invocation, struct error *error) {
    for (int option = OPTION_NONE + 1; option < OPTION_COUNT; option++)
        if (invocation->options[option] != NULL &&
            !has_option(invocation->command, (enum option)option))
            return error_set(error, ERROR_CONFIG, "%s takes no %s; see columbactl %s --help",
                             invocation->command->name, invocation_options[option].name,
                             invocation->command->name);
    return true;
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
        return check_options(out, error) && take_arguments(words, length, out, error);
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
    if (argument[length] == '\0' && *index + 1 < argc && argv[*index + 1] != NULL)
        return argv[++*index];
    return NULL;
}

static bool read_option(int argc, char *const argv[], int *index, struct invocation *out) {
    for (int option = OPTION_NONE + 1; option < OPTION_COUNT; option++) {
        const struct option_row *row = &invocation_options[option];
        const char *value = NULL;
        if (row->value != NULL)
            value = option_value(row->name, argc, argv, index);
        else if (strcmp(argv[*index], row->name) == 0)
            value = "";
        if (value == NULL)
            continue;
        out->options[option] = value;
        return true;
    }
    return false;
}

bool invocation_parse(int argc, char *const argv[], const struct command *commands,
                      size_t command_count, struct invocation *out, struct error *error) {
    struct words words = {.count = 0};
    bool takes_options = true;

    *out = (struct invocation){.config_path = DEFAULT_CONFIG_PATH};
    for (int i = 1; i < argc; i++) {
        if (takes_options && strcmp(argv[i], "--") == 0) {
            takes_options = false;
        } else if (takes_options && argv[i][0] == '-') {
            if (!read_option(argc, argv, &i, out))
                return error_set(error, ERROR_CONFIG,
                                 "%s is no option, or lacks its value; see columbactl --help",
                                 argv[i]);
        } else if (words.count < INVOCATION_WORD_LIMIT) {
            words.items[words.count++] = argv[i];
        } else {
            return error_set(error, ERROR_CONFIG, "too many words: at most %d at once",
                             INVOCATION_WORD_LIMIT);
        }
    }
    if (out->options[OPTION_CONFIG] != NULL)
        out->config_path = out->options[OPTION_CONFIG];
    out->json = out->options[OPTION_JSON] != NULL;
    out->help = out->options[OPTION_HELP] != NULL;
    out->version = out->options[OPTION_VERSION] != NULL;
    if (out->version || (out->help && words.count == 0))
        return true;
    return find_command(&words, commands, command_count, out, error);
}

bool invocation_duration(const struct invocation *invocation, enum option option,
                         int64_t otherwise_ms, int64_t *out_ms, struct error *error) {
    const char *text = invocation->options[option];
    struct error wrong;

    *out_ms = otherwise_ms;
    if (text == NULL || value_duration_parse(text, out_ms, &wrong))
        return true;
    return error_set(error, ERROR_CONFIG, "%s %s: it %s", invocation_options[option].name, text,
                     wrong.text);
}

bool invocation_number(const struct invocation *invocation, enum option option, int64_t otherwise,
                       int64_t *out, struct error *error) {
    const char *text = invocation->options[option];
    struct error wrong;

    *out = otherwise;
    if (text == NULL)
        return true;
    if (!value_integer_parse(text, out, &wrong))
        return error_set(error, ERROR_CONFIG, "%s %s: it %s", invocation_options[option].name, text,
                         wrong.text);
    return *out >= 1 || error_set(error, ERROR_CONFIG, "%s %s: it must be 1 or more",
                                  invocation_options[option].name, text);
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
