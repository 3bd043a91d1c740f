/* Spans as OTLP over HTTP has them in JSON (opentelemetry-proto, "OTLP/HTTP JSON Protobuf
 * Encoding"): ids in hex, 64-bit numbers as strings. Pure. */
#ifndef COLUMBA_OBSERVE_TRACE_ENCODE_H
#define COLUMBA_OBSERVE_TRACE_ENCODE_H

#include "common/base/buffer.h"
#include "common/base/trace_context.h"

/* OpenTelemetry's own numbers. */
enum trace_kind {
    TRACE_KIND_SERVER = 2,
    TRACE_KIND_CLIENT = 3,
    TRACE_KIND_PRODUCER = 4,
    TRACE_KIND_CONSUMER = 5,
};

/* Zeroed: nothing is recorded. Plain data, kept by who does the work. */
struct trace_span {
    struct trace_context context; /* its own */
    unsigned char parent_id[TRACE_SPAN_ID_BYTES];
    bool has_parent;
    int64_t started_ns; /* since 1970 */
};

/* The value is text where text.data is set, else the number. */
struct trace_attribute {
    const char *name;
    struct slice text;
    int64_t number;
};

/* text NULL leaves the attribute out. */
static inline struct trace_attribute trace_text(const char *name, const char *text) {
    return (struct trace_attribute){.name = text == NULL ? "" : name, .text = slice_of(text)};
}

static inline struct trace_attribute trace_number(const char *name, int64_t number) {
    return (struct trace_attribute){.name = name, .number = number};
}

/* What is known of a span at its end; borrowed. */
struct trace_facts {
    const char *name;
    enum trace_kind kind;
    const char *error;   /* the attribute error.type, of few values; NULL: none, it went well */
    const char *message; /* what else is to say of the error; may be NULL */
    const struct trace_attribute *attributes; /* ends with a NULL name; an empty name is skipped */
};

/* Appends one span as an object. */
void trace_encode_span(const struct trace_span *span, int64_t ended_ns,
                       const struct trace_facts *facts, struct buffer *out);

/* Who records. */
struct trace_resource {
    const char *service;  /* "columba-ingress" */
    const char *instance; /* unique in the fleet */
};

/* Appends a whole request; spans are objects with commas between them. */
void trace_encode_request(const struct trace_resource *resource, struct slice spans,
                          struct buffer *out);

#endif
