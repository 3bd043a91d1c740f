/* Every command, once: the help, the man page and the shells' completions come out of it. Commands
 * of one group stand together; a help has no quotes, for the shells' sake. */
#include "deploy/columbactl/commands.h"

const struct command command_table[] = {
    {.name = "config check",
     .arguments = "",
     .help = "read the configuration, without asking anybody else",
     .run = config_command_check},
    {.name = "topics create",
     .arguments = "",
     .help = "make the topics that are missing, then show them all",
     .run = topics_command_create},
    {.name = "topics show",
     .arguments = "",
     .help = "compare the topics with what they should be",
     .run = topics_command_show},
    {.name = "lag",
     .arguments = "[LANE]",
     .argument_limit = 1,
     .help = "how far the consumer group of each lane is behind",
     .run = lag_command_show},
    {.name = "health",
     .arguments = "URL",
     .argument_least = 1,
     .argument_limit = 1,
     .options = {OPTION_TIMEOUT},
     .help = "ask an admin port, like http://127.0.0.1:9090/ready",
     .notes = "Fine when it answers 200 within the time-out (3s), and shows what it said. For the "
              "health checks of containers.",
     .run = health_command_ask},
    {.name = "completion",
     .arguments = "SHELL",
     .argument_least = 1,
     .argument_limit = 1,
     .help = "a script that completes commands in bash, zsh or fish",
     .run = manual_command_complete},
    {.name = "man", .arguments = "", .help = "the page for man(1)", .run = manual_command_show},
};

const size_t command_table_count = sizeof command_table / sizeof command_table[0];
