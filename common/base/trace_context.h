/* W3C Trace Context (https://www.w3.org/TR/trace-context/): which trace a piece of work belongs to,
 * which span it hangs on, and whether anybody records it. Pure. */
#ifndef COLUMBA_BASE_TRACE_CONTEXT_H
#define COLUMBA_BASE_TRACE_CONTEXT_H

#include "common/base/slice.h"

#include <stdint.h>

enum {
    TRACE_ID_BYTES = 16,
    TRACE_SPAN_ID_BYTES = 8,
    TRACE_RANDOM_BYTES = TRACE_ID_BYTES + TRACE_SPAN_ID_BYTES,
    TRACE_CONTEXT_TEXT_SIZE = 56, /* a traceparent of version 00 and a NUL */
};

struct trace_context {
    unsigned char trace_id[TRACE_ID_BYTES];
    unsigned char span_id[TRACE_SPAN_ID_BYTES];
    bool is_sampled; /* whoever made it records it */
    bool is_random;  /* of the trace id, the last seven bytes at least (Level 2) */
};

/* Reads a traceparent strictly (section 3.2): lower-case hex, no id of nothing but zeros, no
 * version ff; version 00 has nothing behind its flags, what a newer one has there is passed over.
 * False, and out untouched, when it is not one. */
bool trace_context_parse(struct slice text, struct trace_context *out);

/* As a traceparent of version 00. */
void trace_context_format(const struct trace_context *context, char out[TRACE_CONTEXT_TEXT_SIZE]);

/* A new trace and its first span. */
void trace_context_mint(const unsigned char random[TRACE_RANDOM_BYTES], struct trace_context *out);

/* Another span of the trace. */
void trace_context_span(const struct trace_context *parent,
                        const unsigned char random[TRACE_SPAN_ID_BYTES], struct trace_context *out);

/* Whether one in so many should be recorded: ratio 0 is none, 1 is every trace. All who ask of one
 * trace are told the same, if its id is random. */
bool trace_context_is_chosen(const struct trace_context *context, double ratio);

/* Lower-case hex of so many bytes, and a NUL. */
void trace_context_hex(const unsigned char *bytes, size_t count, char *out);

#endif
