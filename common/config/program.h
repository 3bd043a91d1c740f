/* The command line that both programs share, up to a configuration they can run with. */
#ifndef COLUMBA_CONFIG_PROGRAM_H
#define COLUMBA_CONFIG_PROGRAM_H

#include "common/config/config.h"

enum program_exit {
    PROGRAM_EXIT_OK = 0,
    PROGRAM_EXIT_FAILED = 1, /* it could not start, or could not go on */
    PROGRAM_EXIT_USAGE = 2,  /* the command line or the configuration is wrong */
};

struct program {
    const char *name;
    const char *purpose; /* one sentence for --help */
    bool sends;          /* and so opens the files that sending takes */
    const char *section; /* of the configuration: its own, and not the other program's */
};

/* Understands --config, --check-config, --help-config, --help and --version. The configuration to
 * run with, released by the caller, and in *path its file (an argument, or a constant); or NULL,
 * when everything asked for is done or wrong: said on standard output or in one line on standard
 * error, with the status to exit with in *status. */
struct config *program_start(const struct program *program, int argc, char **argv,
                             const char **path, enum program_exit *status);

#endif
