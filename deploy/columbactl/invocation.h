/* What the operator asked for: the command, found in the table of commands, its arguments and its
 * options. Everything in it points into the command line and the tables. */
#ifndef COLUMBA_CTL_INVOCATION_H
#define COLUMBA_CTL_INVOCATION_H

#include "common/base/buffer.h"
#include "common/base/error.h"

#include <stdint.h>

/* The exit codes of columbactl. */
enum command_status {
    COMMAND_OK = 0,
    COMMAND_WRONG = 1,       /* something is wrong, and the output names it */
    COMMAND_USAGE = 2,       /* the command line or the configuration is */
    COMMAND_UNREACHABLE = 3, /* who was asked cannot be reached */
};

enum option {
    OPTION_NONE, /* ends a list */
    OPTION_CONFIG,
    OPTION_JSON,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_FOR,
    OPTION_REASON,
    OPTION_APP,
    OPTION_SINCE,
    OPTION_TIMEOUT,
    OPTION_URL,
    OPTION_DATA,
    OPTION_ONCE,
    OPTION_LIMIT,
    OPTION_COUNT
};

struct option_row {
    const char *name;  /* with its dashes */
    const char *value; /* what stands for its value in the help; NULL when it takes none */
    const char *help;
    bool is_common; /* every command has it */
};

extern const struct option_row invocation_options[OPTION_COUNT];

enum { INVOCATION_WORD_LIMIT = 64, COMMAND_OPTION_LIMIT = 5 };

struct command;

struct invocation {
    const char *config_path;
    bool json;
    bool help;
    bool version;
    const struct command *command; /* NULL with version, and with help for all */
    const char *arguments[INVOCATION_WORD_LIMIT];
    size_t argument_count;
    const char *options[OPTION_COUNT]; /* the value, "" for one without; NULL when not given */
};

/* Writes what goes to standard output to out. Fills error, with a text that says what to do, when
 * it could not do its work; the status follows from the error's code then. */
typedef enum command_status command_run(const struct invocation *invocation, struct buffer *out,
                                        struct error *error);

struct command {
    const char *name;      /* one or two words */
    const char *arguments; /* for the help: "" or like "[LANE]" */
    size_t argument_least;
    size_t argument_limit;
    enum option options[COMMAND_OPTION_LIMIT]; /* its own; ends with OPTION_NONE */
    const char *help;                          /* one line */
    const char *notes;                         /* what else there is to know; NULL when nothing */
    bool warns; /* what is odd in the configuration is its business */
    command_run *run;
};

/* Options may stand anywhere before a "--"; whatever follows that is an argument, with dashes or
 * without. False, with a sentence for the operator, when it cannot be meant. */
bool invocation_parse(int argc, char *const argv[], const struct command *commands,
                      size_t command_count, struct invocation *out, struct error *error);

/* An option that is a duration (15s, 2h); otherwise_ms when it is not given. */
bool invocation_duration(const struct invocation *invocation, enum option option,
                         int64_t otherwise_ms, int64_t *out_ms, struct error *error);

/* An option that is a number of things, 1 or more; otherwise when it is not given. */
bool invocation_number(const struct invocation *invocation, enum option option, int64_t otherwise,
                       int64_t *out, struct error *error);

/* The exit code that stands for a failure. */
enum command_status invocation_status_of(const struct error *error);

#endif
