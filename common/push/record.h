/* The record on the queue: its key and its headers. Its value is a notify body with one device. */
#ifndef COLUMBA_PUSH_RECORD_H
#define COLUMBA_PUSH_RECORD_H

#include "common/base/buffer.h"
#include "common/base/trace_context.h"

#include <stdint.h>

enum {
    RECORD_VERSION = 1,
    RECORD_HEADERS_MAX = 8,
    RECORD_ID_SIZE = 37, /* a lower-case UUID and a NUL */
    RECORD_REASON_SIZE = 64,
};

struct record_meta {
    int64_t version;
    char id[RECORD_ID_SIZE]; /* "" when absent */
    bool is_traced;
    struct trace_context trace; /* what the record hangs on, sampled or not; when is_traced */
    int64_t accepted_ms;        /* 0 when absent: the first record, whose own timestamp counts */
    int64_t attempt;            /* 0 for the first */
    char reason[RECORD_REASON_SIZE]; /* why it was moved; "" on the first */
};

/* Appends app_id \0 pushkey. Both are free of NUL: notification_parse sees to that. */
void record_key_write(struct slice app_id, struct slice pushkey, struct buffer *out);

/* Unknown headers are left alone; absent or malformed ones take their defaults (version 1). An id
 * is a lower-case UUID, a reason printable ASCII that fits, an accepted_ms at most the year 9999,
 * so that what comes out can be logged, sent and added to. */
void record_meta_read(const struct header *headers, size_t count, struct record_meta *out);

/* The headers of a record as text. Some are written into scratch, which lives as long as the
 * headers are used, as must meta. Returns how many headers were set. */
struct record_scratch {
    char numbers[3][24];
    char traceparent[TRACE_CONTEXT_TEXT_SIZE];
};
size_t record_meta_write(const struct record_meta *meta, struct record_scratch *scratch,
                         struct header headers[RECORD_HEADERS_MAX]);

/* The same for a copy of a record that has these headers: those of others stay with it, be they a
 * stranger's or a newer version's. To be freed; what they point to is borrowed. */
struct header *record_copy_headers(const struct record_meta *meta, struct record_scratch *scratch,
                                   const struct header *headers, size_t count, size_t *out_count);

/* A random UUID (RFC 9562 version 4) from 16 random bytes. */
void record_id_format(const unsigned char random[16], char out[RECORD_ID_SIZE]);

#endif
