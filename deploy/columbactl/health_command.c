#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/http_client.h"

enum { HEALTH_TIMEOUT_MS = 3000 };

enum command_status health_command_ask(const struct invocation *invocation, struct buffer *out,
                                       struct error *error) {
    const char *url = invocation->arguments[0];
    enum command_status status = COMMAND_OK;
    struct http_reply reply;
    int64_t timeout_ms;

    if (!invocation_duration(invocation, OPTION_TIMEOUT, HEALTH_TIMEOUT_MS, &timeout_ms, error))
        return COMMAND_USAGE;
    if (!http_client_ask(url, NULL, timeout_ms, &reply, error))
        return invocation_status_of(error);
    if (reply.status == 200) {
        buffer_append(out, buffer_slice(&reply.body));
        buffer_append_text(out, "\n");
    } else {
        error_set(error, ERROR_REFUSED, "%s answers %d: %.300s", url, (int)reply.status,
                  buffer_text(&reply.body));
        status = COMMAND_WRONG;
    }
    buffer_free(&reply.body);
    return status;
}
