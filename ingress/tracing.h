/* The spans of a request to notify, and of each record that comes of it, in the words of
 * OpenTelemetry's semantic conventions. Never a pushkey: an app is named by its pattern. */
#ifndef COLUMBA_INGRESS_TRACING_H
#define COLUMBA_INGRESS_TRACING_H

#include "common/base/error.h"
#include "common/observe/trace.h"
#include "common/push/record.h"
#include "ingress/answer.h"

/* What became of the devices of a request. */
struct tracing_counts {
    size_t published;
    size_t rejected;
};

/* The request has its answer. */
void tracing_answered(struct trace *trace, const struct trace_span *span,
                      const struct answer *answer, const struct tracing_counts *counts);

/* A record on its way to the queue, as long as it is recorded. */
struct tracing_record {
    struct trace_span span;
    char id[RECORD_ID_SIZE];
};

/* The in-sync replicas have it (error NULL), or it was not taken. */
void tracing_published(struct trace *trace, const struct tracing_record *record, const char *topic,
                       const char *app_pattern, const struct error *error);

#endif
