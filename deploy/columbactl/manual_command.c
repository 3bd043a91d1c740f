#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/completion.h"
#include "deploy/columbactl/manual.h"

enum command_status manual_command_show(const struct invocation *invocation, struct buffer *out,
                                        struct error *error) {
    (void)invocation;
    (void)error;
    manual_write_page(command_table, command_table_count, out);
    return COMMAND_OK;
}

enum command_status manual_command_complete(const struct invocation *invocation, struct buffer *out,
                                            struct error *error) {
    if (completion_write(invocation->arguments[0], command_table, command_table_count, out))
        return COMMAND_OK;
    error_set(error, ERROR_CONFIG, "there is a completion for bash, zsh and fish, not for %s",
              invocation->arguments[0]);
    return COMMAND_USAGE;
}
