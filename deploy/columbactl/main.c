/* columbactl: what an operator does by hand. */
#include "common/base/log.h"
#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/manual.h"

#include <stdio.h>

static void write_failure(const struct error *error, const struct invocation *invocation) {
    struct buffer escaped = {0};

    fprintf(stderr, "columbactl: %s\n", error->text);
    if (invocation->json) {
        buffer_append_json_escaped(&escaped, slice_of(error->text));
        printf("{\"error\":\"%s\"}\n", buffer_text(&escaped));
        buffer_free(&escaped);
    }
}

static enum command_status run(const struct invocation *invocation, struct buffer *out) {
    struct error error = {0};
    enum command_status status = COMMAND_OK;

    if (invocation->version) {
        buffer_append_text(out, "columbactl " COLUMBA_VERSION "\n");
    } else if (invocation->help && invocation->command == NULL) {
        manual_write_help(command_table, command_table_count, out);
    } else if (invocation->help) {
        manual_write_command(invocation->command, out);
    } else {
        if (invocation->command->warns)
            log_open_plain("columbactl", LOG_LEVEL_WARNING);
        status = invocation->command->run(invocation, out, &error);
    }
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

    log_open_plain("columbactl", LOG_LEVEL_ERROR);
    if (!invocation_parse(argc, argv, command_table, command_table_count, &invocation, &error)) {
        write_failure(&error, &invocation);
        return (int)COMMAND_USAGE;
    }
    status = run(&invocation, &out);
    buffer_free(&out);
    return (int)status;
}
