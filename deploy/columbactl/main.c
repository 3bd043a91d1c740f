/* columbactl: what an operator does by hand. */
#include "common/base/json.h"
#include "common/base/log.h"
#include "deploy/columbactl/commands.h"

#include <stdio.h>

static const struct command commands[] = {
    {"topics create", "", 0, "make the topics that are missing, then show them all",
     topics_command_create},
    {"topics show", "", 0, "compare the topics with what they should be", topics_command_show},
    {"config check", "", 0, "read the configuration, without asking anybody else",
     config_command_check},
    {"lag", "[LANE]", 1, "how far each lane's consumer group is behind", lag_command_show},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void write_failure(const struct error *error, const struct invocation *invocation) {
    struct buffer escaped = {0};

    fprintf(stderr, "columbactl: %s\n", error->text);
    if (invocation_status_of(error) == COMMAND_UNREACHABLE)
        fprintf(stderr,
                "See whether this machine reaches the queue.brokers of %s, and whether they run.\n"
                "(The embedded columba-broker knows no topic commands; it makes them by itself.)\n",
                invocation->config_path);
    if (invocation->json) {
        buffer_append_json_escaped(&escaped, slice_of(error->text));
        printf("{\"error\":\"%s\"}\n", buffer_text(&escaped));
        buffer_free(&escaped);
    }
}

static enum command_status run(const struct invocation *invocation, struct buffer *out) {
    struct error error = {0};
    enum command_status status = COMMAND_OK;

    if (invocation->version)
        buffer_append_text(out, "columbactl " COLUMBA_VERSION "\n");
    else if (invocation->help)
        invocation_write_help(commands, COMMAND_COUNT, out);
    else
        status = invocation->command->run(invocation, out, &error);
    fputs(buffer_text(out), stdout);
    if (error.code != ERROR_NONE)
        write_failure(&error, invocation);
    return status;
}

int main(int argc, char **argv) {
    struct invocation invocation;
    struct buffer out = {0};
    struct error error = {0};
    enum command_status status;

    log_open("columbactl", LOG_LEVEL_WARNING);
    if (!invocation_parse(argc, argv, commands, COMMAND_COUNT, &invocation, &error)) {
        write_failure(&error, &invocation);
        return (int)COMMAND_USAGE;
    }
    status = run(&invocation, &out);
    buffer_free(&out);
    return (int)status;
}
