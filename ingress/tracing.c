#include "ingress/tracing.h"

#include <stdio.h>

enum { FIRST_SERVER_ERROR = 500, NAME_SIZE = 300 };

static const char route[] = "/_matrix/push/v1/notify";

void tracing_answered(struct trace *trace, const struct trace_span *span,
                      const struct answer *answer, const struct tracing_counts *counts) {
    const struct answer_form *form = answer_form(answer->kind);
    const bool has_failed = form->status >= FIRST_SERVER_ERROR;
    char status[16];
    const struct trace_attribute attributes[] = {
        trace_text("http.request.method", "POST"),
        trace_text("http.route", route),
        trace_text("url.path", route),
        trace_text("url.scheme", "http"),
        trace_number("http.response.status_code", (int64_t)form->status),
        trace_text("columba.answer", form->name),
        trace_number("columba.published", (int64_t)counts->published),
        trace_number("columba.rejected", (int64_t)counts->rejected),
        {.name = NULL},
    };

    snprintf(status, sizeof status, "%u", form->status);
    trace_finish(trace, span,
                 &(struct trace_facts){.name = "POST /_matrix/push/v1/notify",
                                       .kind = TRACE_KIND_SERVER,
                                       .error = has_failed ? status : NULL,
                                       .message = answer->reason[0] == '\0' ? NULL : answer->reason,
                                       .attributes = attributes});
}

void tracing_published(struct trace *trace, const struct tracing_record *record, const char *topic,
                       const char *app_pattern, const struct error *error) {
    char name[NAME_SIZE];
    const struct trace_attribute attributes[] = {
        trace_text("messaging.system", "kafka"),
        trace_text("messaging.operation.name", "send"),
        trace_text("messaging.operation.type", "send"),
        trace_text("messaging.destination.name", topic),
        trace_text("messaging.message.id", record->id),
        trace_text("columba.app", app_pattern),
        {.name = NULL},
    };

    snprintf(name, sizeof name, "send %s", topic);
    trace_finish(trace, &record->span,
                 &(struct trace_facts){.name = name,
                                       .kind = TRACE_KIND_PRODUCER,
                                       .error = error == NULL ? NULL : "not_acknowledged",
                                       .message = error == NULL ? NULL : error->text,
                                       .attributes = attributes});
}
