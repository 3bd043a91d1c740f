#include "common/config/program.h"

#include "common/base/buffer.h"

#include <stdio.h>
#include <string.h>

static const char default_path[] = "/etc/columba/columba.yaml";

enum wish { WISH_RUN, WISH_CHECK, WISH_HELP_CONFIG, WISH_HELP, WISH_VERSION, WISH_UNKNOWN };

static const struct {
    const char *name;
    const char *help;
    enum wish wish;
} flags[] = {
    {"--check-config", "Check the configuration, say what is wrong, and exit.", WISH_CHECK},
    {"--help-config", "Describe every option of the configuration, and exit.", WISH_HELP_CONFIG},
    {"--help", "Show this, and exit.", WISH_HELP},
    {"--version", "Show the version, and exit.", WISH_VERSION},
};

enum { FLAG_COUNT = sizeof flags / sizeof flags[0] };

static enum wish wish_of(const char *argument) {
    for (size_t i = 0; i < FLAG_COUNT; i++)
        if (strcmp(argument, flags[i].name) == 0)
            return flags[i].wish;
    return WISH_UNKNOWN;
}

static void show_help(const struct program *program) {
    printf("%s: %s\n\n  %s [--config FILE]\n\n  %-16s %s (%s).\n", program->name, program->purpose,
           program->name, "--config FILE", "The configuration, or a sygnal.yaml", default_path);
    for (size_t i = 0; i < FLAG_COUNT; i++)
        printf("  %-16s %s\n", flags[i].name, flags[i].help);
    printf("\nExit status: 0 done, 1 it could not start or go on, 2 the command line or the\n"
           "configuration is wrong.\n");
}

static void show_config_help(void) {
    struct buffer help = {0};

    config_write_help(&help);
    fwrite(help.data, 1, help.size, stdout);
    buffer_free(&help);
}

static enum wish read_arguments(const struct program *program, int argc, char **argv,
                                const char **path) {
    enum wish wish = WISH_RUN;

    for (int i = 1; i < argc && wish != WISH_UNKNOWN; i++) {
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            *path = argv[++i];
        else if (strncmp(argv[i], "--config=", 9) == 0)
            *path = argv[i] + 9;
        else
            wish = wish_of(argv[i]);
        if (wish == WISH_UNKNOWN)
            fprintf(stderr, "%s: %s: not understood; see %s --help\n", program->name, argv[i],
                    program->name);
    }
    return wish;
}

struct config *program_start(const struct program *program, int argc, char **argv,
                             const char **path, enum program_exit *status) {
    *path = default_path;
    enum wish wish = read_arguments(program, argc, argv, path);
    struct config *config = NULL;
    struct error error = {0};

    *status = wish == WISH_UNKNOWN ? PROGRAM_EXIT_USAGE : PROGRAM_EXIT_OK;
    if (wish == WISH_HELP)
        show_help(program);
    if (wish == WISH_VERSION)
        printf("%s %s\n", program->name, COLUMBA_VERSION);
    if (wish == WISH_HELP_CONFIG)
        show_config_help();
    if (wish != WISH_RUN && wish != WISH_CHECK)
        return NULL;
    log_open(program->name, LOG_LEVEL_INFO);
    config = program->sends ? config_load(*path, &error) : config_load_without_keys(*path, &error);
    if (config == NULL) {
        fprintf(stderr, "%s: %s\n", program->name, error.text);
        *status = PROGRAM_EXIT_USAGE;
    } else if (wish == WISH_CHECK) {
        printf("%s: the configuration is sound\n", *path);
        config_release(config);
        config = NULL;
    } else {
        log_open(program->name, config->log_level);
    }
    return config;
}
