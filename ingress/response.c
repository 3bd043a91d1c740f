#include "ingress/response.h"

#include <stdio.h>

void responses_free(struct responses *responses) {
    if (responses->nothing_rejected != NULL)
        MHD_destroy_response(responses->nothing_rejected);
    if (responses->nothing_rejected_closing != NULL)
        MHD_destroy_response(responses->nothing_rejected_closing);
    *responses = (struct responses){0};
}

static bool rejects_nothing(const struct answer *answer) {
    return answer->kind == ANSWER_ACCEPTED &&
           slice_is(buffer_slice(&answer->body), "{\"rejected\":[]}");
}

/* NULL when out of memory. */
static struct MHD_Response *make_take(struct answer *answer, const struct routing *route,
                                      bool closing) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body.size, answer->body.data, MHD_RESPMEM_MUST_FREE);

    if (response == NULL)
        return NULL;
    answer->body = (struct buffer){0};
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    if (closing)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (answer->kind == ANSWER_WRONG_METHOD)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, route->allow);
    if (answer_form(answer->kind)->status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        char seconds[16];
        snprintf(seconds, sizeof seconds, "%d", ANSWER_RETRY_AFTER_SECONDS);
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
    return response;
}

enum MHD_Result response_queue_take(struct responses *responses, struct MHD_Connection *connection,
                                    const struct routing *route, struct answer *answer,
                                    bool closing) {
    unsigned status = answer_form(answer->kind)->status;
    enum MHD_Result result = MHD_NO;

    if (rejects_nothing(answer)) {
        struct MHD_Response **shared =
            closing ? &responses->nothing_rejected_closing : &responses->nothing_rejected;
        if (*shared == NULL)
            *shared = make_take(answer, route, closing);
        buffer_free(&answer->body);
        return *shared == NULL ? MHD_NO : MHD_queue_response(connection, status, *shared);
    }
    struct MHD_Response *response = make_take(answer, route, closing);
    if (response != NULL) {
        result = MHD_queue_response(connection, status, response);
        MHD_destroy_response(response);
    }
    buffer_free(&answer->body);
    return result;
}
