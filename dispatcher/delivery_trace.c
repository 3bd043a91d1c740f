#include "dispatcher/delivery_trace.h"

#include "common/base/address.h"
#include "common/base/memory.h"
#include "dispatcher/delivery.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 300, FIRST_ERROR_STATUS = 400 };

struct delivery_trace {
    struct trace_span process;
    struct trace_span send;
    int64_t resent_count; /* of the present send: how often it went out before */
    int64_t port;         /* 0: the scheme's own */
    char host[ADDRESS_HOST_SIZE];
};

void delivery_trace_taken(struct delivery *delivery) {
    struct trace *trace = delivery->core->parts.trace;
    struct trace_span span = {0};

    trace_start(trace, &delivery->meta.trace, &span);
    if (!trace_is_recorded(&span))
        return;
    delivery->trace = memory_new(sizeof *delivery->trace);
    delivery->trace->process = span;
}

/* Of the URL nothing else: its path may be a pushkey. */
static void keep_host(struct delivery_trace *trace, const char *url) {
    const char *scheme = strstr(url, "://");
    const char *start = scheme == NULL ? url : scheme + 3;
    struct slice host = {.data = start, .size = strcspn(start, "/?#")};
    const char *user = memchr(host.data, '@', host.size);
    long long port = 0;

    if (user != NULL)
        host = (struct slice){.data = user + 1, .size = host.size - (size_t)(user + 1 - start)};
    const char *colon = memrchr(host.data, ':', host.size);
    if (colon != NULL && memchr(colon, ']', host.size - (size_t)(colon - host.data)) == NULL) {
        const struct slice digits = {.data = colon + 1,
                                     .size = host.size - (size_t)(colon + 1 - host.data)};
        if (!slice_to_int64(digits, &port))
            port = 0;
        host.size = (size_t)(colon - host.data);
    }
    if (host.size > 1 && host.data[0] == '[' && host.data[host.size - 1] == ']')
        host = (struct slice){.data = host.data + 1, .size = host.size - 2};
    snprintf(trace->host, sizeof trace->host, "%.*s", (int)host.size, host.data);
    trace->port = port > 0 ? port : strncmp(url, "http://", strlen("http://")) == 0 ? 80 : 443;
}

void delivery_trace_sent(struct delivery *delivery, const char *url) {
    struct delivery_trace *trace = delivery->trace;

    trace->send = (struct trace_span){0};
    trace->resent_count = delivery->tries;
    keep_host(trace, url);
    trace_start(delivery->core->parts.trace, &trace->process.context, &trace->send);
}

/* What failed, as error.type has it: the status of an answer, or why there was none. */
static const char *send_error(const struct sender_outcome *outcome, char status[16]) {
    if (outcome->result != SENDER_ANSWERED)
        return outcome->reason;
    if (outcome->response.status < FIRST_ERROR_STATUS)
        return NULL;
    snprintf(status, 16, "%d", outcome->response.status);
    return status;
}

void delivery_trace_answered(struct delivery *delivery, const struct sender_outcome *outcome,
                             const struct ending *ending) {
    struct delivery_trace *trace = delivery->trace;
    const bool is_answered = outcome->result == SENDER_ANSWERED;
    char status[16];

    const char *error = send_error(outcome, status);
    const struct trace_attribute attributes[] = {
        trace_text("http.request.method", "POST"),
        trace_text("server.address", trace->host),
        trace_number("server.port", trace->port),
        trace_number(is_answered ? "http.response.status_code" : "", outcome->response.status),
        trace_number(trace->resent_count > 0 ? "http.request.resend_count" : "",
                     trace->resent_count),
        trace_text("columba.lane", delivery->core->lane),
        trace_text("columba.app", delivery->app->pattern),
        {.name = NULL},
    };
    trace_finish(delivery->core->parts.trace, &trace->send,
                 &(struct trace_facts){.name = "POST",
                                       .kind = TRACE_KIND_CLIENT,
                                       .error = error,
                                       .message = error == NULL ? NULL : ending->reason,
                                       .attributes = attributes});
    trace->send = (struct trace_span){0};
}

/* A copy that had its turn, and a dead letter, are what somebody looks for. */
static bool has_failed(const struct ending *ending) {
    return ending->outcome == OUTCOME_DEAD ||
           (ending->outcome == OUTCOME_MOVED && !ending->is_untried);
}

void delivery_trace_settled(struct delivery *delivery) {
    struct delivery_trace *trace = delivery->trace;
    const struct ending *ending = &delivery->ending;
    const struct queue_record *record = delivery->record;
    const bool is_given_up = delivery->partition == NULL;
    char name[NAME_SIZE];
    char partition[16];

    snprintf(name, sizeof name, "process %s", record->topic);
    snprintf(partition, sizeof partition, "%d", (int)record->partition);
    const struct trace_attribute attributes[] = {
        trace_text("messaging.system", "kafka"),
        trace_text("messaging.operation.name", "process"),
        trace_text("messaging.operation.type", "process"),
        trace_text("messaging.destination.name", record->topic),
        trace_text("messaging.destination.partition.id", partition),
        trace_number("messaging.kafka.offset", record->offset),
        trace_text("messaging.message.id", delivery->meta.id),
        trace_text("columba.lane", delivery->core->lane),
        trace_text("columba.app", delivery->app == NULL ? NULL : delivery->app->pattern),
        trace_text("columba.outcome",
                   is_given_up ? "partition_given_up" : outcome_name(ending->outcome)),
        trace_text("columba.reason", ending->reason[0] == '\0' ? NULL : ending->reason),
        trace_number("columba.attempt", delivery->meta.attempt),
        {.name = NULL},
    };
    trace_finish(delivery->core->parts.trace, &trace->process,
                 &(struct trace_facts){
                     .name = name,
                     .kind = TRACE_KIND_CONSUMER,
                     .error = !is_given_up && has_failed(ending) ? ending->reason : NULL,
                     .attributes = attributes,
                 });
}

struct trace_context delivery_trace_context(const struct delivery *delivery) {
    return delivery->trace->process.context;
}
