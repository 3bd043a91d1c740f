/* Posts spans to an OpenTelemetry collector: OTLP over HTTP in JSON, by libcurl on the loop. What
 * the collector does not take costs spans, which are counted: nothing waits for it, and no more is
 * kept than a trace holds. */
#ifndef COLUMBA_OBSERVE_TRACE_EXPORT_H
#define COLUMBA_OBSERVE_TRACE_EXPORT_H

#include "common/base/error.h"
#include "common/config/config.h"
#include "common/observe/trace.h"

struct trace_export;

/* Borrowed, but for the resource's texts. */
struct trace_export_parts {
    struct loop *loop;
    const struct tracing_config *config; /* for the call */
    struct trace_resource resource;
    struct trace_counters counters;
    int64_t flush_ms;   /* how long a span waits for others; 0: 2 s */
    int64_t backoff_ms; /* after a first failure; 0: 1 s */
};

/* True with *out NULL when the configuration names no collector: tracing is off. In the thread that
 * starts all others (libcurl's global state). */
bool trace_export_open(const struct trace_export_parts *parts, struct trace_export **out,
                       struct error *error);

/* From the next request on with the authorization of this configuration: a token may be another
 * each hour. The endpoint stays. NULL is allowed. */
void trace_export_configure(struct trace_export *export, const struct tracing_config *config);

/* What spans are recorded by; NULL of NULL. Freed with the export. */
struct trace *trace_export_trace(struct trace_export *export);

/* For the operator's tool: posts no spans at all, and waits for the answer. False with what is
 * wrong; true when the collector takes it. The configuration names one. */
bool trace_export_try(const struct tracing_config *config, int64_t timeout_ms, struct error *error);

/* At the end of the process or thread, when the loop does not run any more: posts what is left, and
 * waits a second at most for each batch; what fails is the last one. NULL is allowed. */
void trace_export_flush(struct trace_export *export);

/* Drops what is left. NULL is allowed. */
void trace_export_close(struct trace_export *export);

#endif
