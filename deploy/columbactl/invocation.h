/* What the operator asked for: the command, found in the table of commands, and its arguments. */
#ifndef COLUMBA_CTL_INVOCATION_H
#define COLUMBA_CTL_INVOCATION_H

#include "common/base/buffer.h"
#include "common/base/error.h"

/* The exit codes of columbactl. */
enum command_status {
    COMMAND_OK = 0,
    COMMAND_WRONG = 1,       /* something is wrong, and the output names it */
    COMMAND_USAGE = 2,       /* the command line or the configuration is */
    COMMAND_UNREACHABLE = 3, /* the brokers cannot be reached */
};

enum { INVOCATION_WORD_LIMIT = 8 };

struct command;

struct invocation {
    const char *config_path;
    bool json;
    bool help;
    bool version;
    const struct command *command; /* NULL with help or version */
    const char *arguments[INVOCATION_WORD_LIMIT];
    size_t argument_count;
};

/* Writes what goes to standard output to out. Fills error, with a text that says what to do, when
 * it could not do its work; the status follows from the error's code then. */
typedef enum command_status command_run(const struct invocation *invocation, struct buffer *out,
                                        struct error *error);

struct command {
    const char *name;      /* one or two words */
    const char *arguments; /* for the help: "" or like "[LANE]" */
    size_t argument_limit;
    const char *help;
    command_run *run;
};

/* Options may stand anywhere. Everything in out points into argv and commands. False, with a
 * sentence for the operator, when it cannot be meant. */
bool invocation_parse(int argc, char *const argv[], const struct command *commands,
                      size_t command_count, struct invocation *out, struct error *error);

/* The help text, made from the table. */
void invocation_write_help(const struct command *commands, size_t command_count,
                           struct buffer *out);

/* The exit code that stands for a failure. */
enum command_status invocation_status_of(const struct error *error);

#endif
