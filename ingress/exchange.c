#include "ingress/exchange.h"

#include "common/base/memory.h"
#include "ingress/instruments.h"

#include <stdlib.h>

enum {
    KEPT_BODY_BYTES = 4096, /* a larger buffer is not kept for the next request */
    THROWN_AWAY_LIMIT_BYTES = 16 * 1024 * 1024,
};

struct exchange *exchange_new(struct exchange_ground *ground, struct MHD_Connection *connection) {
    struct exchange *exchange = memory_new(sizeof *exchange);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    exchange->ground = ground;
    exchange->connection = connection;
    exchange->socket = info == NULL ? -1 : info->connect_fd;
    connections_add(ground->connections, &exchange->link, loop_monotonic_ms(ground->loop));
    return exchange;
}

void exchange_free(struct exchange *exchange) {
    connections_remove(exchange->ground->connections, &exchange->link);
    buffer_free(&exchange->body);
    free(exchange);
}

static void enter(struct exchange *exchange, enum connection_phase phase) {
    struct exchange_ground *ground = exchange->ground;

    connections_enter(ground->connections, &exchange->link, phase, loop_monotonic_ms(ground->loop));
}

void exchange_arrive(struct exchange *exchange) {
    enter(exchange, CONNECTION_READING);
}

static void account(struct exchange *exchange) {
    struct exchange_ground *ground = exchange->ground;
    const struct answer *answer = &exchange->answer;
    const struct answer_form *form = answer_form(answer->kind);
    int64_t suppressed = 0;

    metrics_add(ground->metrics, INSTRUMENT_REQUESTS, (const char *[]){form->name}, 1);
    if (!log_enabled(form->level))
        return;
    if (form->level != LOG_LEVEL_DEBUG &&
        !throttle_passes(&ground->log_lines[answer->kind], loop_monotonic_ms(ground->loop),
                         &suppressed))
        return;
    log_with(form->level, "answered", log_text("answer", form->name),
             log_number("status", form->status),
             log_text("reason", answer->reason[0] == '\0' ? NULL : answer->reason),
             log_number("suppressed", suppressed));
}

static enum MHD_Result respond(struct exchange *exchange) {
    struct exchange_ground *ground = exchange->ground;

    account(exchange);
    enter(exchange, CONNECTION_ANSWERING);
    return response_queue_take(&ground->responses, exchange->connection, &exchange->route,
                               &exchange->answer, ground->closing || exchange->link.ended);
}

/* What was collected is not needed any more: the answer does not depend on it. */
static void refuse(struct exchange *exchange, enum answer_kind kind) {
    exchange->refused = true;
    exchange->refusal = kind;
    budget_return_bytes(exchange->ground->budget, exchange->body.size);
    buffer_free(&exchange->body);
}

static const char *header(struct exchange *exchange, const char *name) {
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

static bool declares_too_much(struct exchange *exchange) {
    long long declared = 0;
    struct slice text = slice_of(header(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH));

    return slice_to_int64(text, &declared) && declared > exchange->ground->config->body_limit_bytes;
}

static enum MHD_Result begin(struct exchange *exchange, const char *url, const char *method) {
    exchange->begun = true;
    exchange->route = route_find(method, url, exchange->ground->discovery);
    exchange->traceparent = slice_of(header(exchange, "traceparent"));
    if (exchange->route.endpoint == ENDPOINT_UNKNOWN)
        refuse(exchange, ANSWER_NOT_FOUND);
    else if (exchange->route.endpoint == ENDPOINT_WRONG_METHOD)
        refuse(exchange, ANSWER_WRONG_METHOD);
    if (!declares_too_much(exchange))
        return MHD_YES;
    exchange->leaves_unread = true;
    answer_error(&exchange->answer, exchange->refused ? exchange->refusal : ANSWER_TOO_LARGE, NULL,
                 NULL);
    return respond(exchange);
}

/* A piece of a chunked body may be the one too many, and only its end lets an answer through. */
static enum MHD_Result collect(struct exchange *exchange, struct slice piece) {
    struct exchange_ground *ground = exchange->ground;
    size_t limit = (size_t)ground->config->body_limit_bytes;

    if (!exchange->refused && piece.size > limit - exchange->body.size)
        refuse(exchange, ANSWER_TOO_LARGE);
    if (!exchange->refused && !budget_take_bytes(ground->budget, piece.size)) {
        refuse(exchange, ANSWER_BUSY);
        connections_end_slowest(ground->connections, loop_monotonic_ms(ground->loop));
    }
    if (!exchange->refused) {
        buffer_append(&exchange->body, piece);
        return MHD_YES;
    }
    exchange->thrown_away_bytes += piece.size;
    return exchange->thrown_away_bytes <= THROWN_AWAY_LIMIT_BYTES ? MHD_YES : MHD_NO;
}

static void on_answered(void *context, struct answer *answer) {
    struct exchange *exchange = context;

    exchange->answer = *answer;
    answer->body = (struct buffer){0};
    exchange->answered = true;
    if (!exchange->suspended)
        return;
    exchange->suspended = false;
    MHD_resume_connection(exchange->connection);
    mhd_loop_kick(exchange->ground->driver);
}

static enum MHD_Result process(struct exchange *exchange) {
    if (exchange->refused) {
        answer_error(&exchange->answer, exchange->refusal, NULL, NULL);
        return respond(exchange);
    }
    if (exchange->route.endpoint == ENDPOINT_DISCOVERY)
        answer_discovery(&exchange->answer);
    if (exchange->route.endpoint == ENDPOINT_HEALTH)
        answer_health(&exchange->answer);
    if (exchange->route.endpoint != ENDPOINT_NOTIFY)
        return respond(exchange);
    notify_start(exchange->ground->notify, buffer_slice(&exchange->body), exchange->traceparent,
                 on_answered, exchange);
    if (exchange->answered)
        return respond(exchange);
    exchange->suspended = true;
    enter(exchange, CONNECTION_WAITING);
    MHD_suspend_connection(exchange->connection);
    return MHD_YES;
}

enum MHD_Result exchange_handle(struct exchange *exchange, const char *url, const char *method,
                                const char *piece, size_t *piece_bytes) {
    if (!exchange->begun)
        return begin(exchange, url, method);
    if (*piece_bytes > 0) {
        struct slice bytes = {.data = piece, .size = *piece_bytes};
        *piece_bytes = 0;
        return collect(exchange, bytes);
    }
    return exchange->answered ? respond(exchange) : process(exchange);
}

void exchange_complete(struct exchange *exchange) {
    budget_return_bytes(exchange->ground->budget, exchange->body.size);
    if (exchange->body.capacity > KEPT_BODY_BYTES)
        buffer_free(&exchange->body);
    buffer_clear(&exchange->body);
    buffer_free(&exchange->answer.body);
    exchange->begun = exchange->answered = exchange->refused = false;
    exchange->thrown_away_bytes = 0;
    enter(exchange, CONNECTION_IDLE);
}
