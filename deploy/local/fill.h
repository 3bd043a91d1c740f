/* How full a partition of librdkafka's mock cluster is. Such a partition keeps 5 MiB or 100,000
 * record batches and then drops the oldest without a word, read or not. Pure: it is told what was
 * appended and what was read, and judges. */
#ifndef COLUMBA_LOCAL_FILL_H
#define COLUMBA_LOCAL_FILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FILL_LIMIT_BYTES = 5 * 1024 * 1024, FILL_LIMIT_BATCHES = 100 * 1000 };

enum {
    FILL_MARK_BYTES = 64 * 1024,
    FILL_MARK_COUNT = 2 * FILL_LIMIT_BYTES / FILL_MARK_BYTES,
};

struct fill_mark {
    int64_t offset;
    int64_t bytes;
};

/* Zero-initialised is an empty partition. Every FILL_MARK_BYTES leave a mark in a ring, so that
 * the bytes behind any offset of the last 10 MiB are known to within one mark. */
struct fill {
    int64_t next_offset;
    int64_t bytes;
    struct fill_mark marks[FILL_MARK_COUNT];
    size_t mark_count; /* ever made */
};

/* A record of that size on the wire was appended. */
void fill_append(struct fill *fill, int64_t offset, size_t wire_bytes);

/* What a record takes on the wire at most: as the only one of its batch, not compressed. */
size_t fill_wire_bytes(size_t key_bytes, size_t value_bytes, size_t header_bytes,
                       size_t header_count);

/* How much of what the partition can keep is unread by a group that goes on at that offset, in
 * percent; beyond 100 records are being lost. Every record counts as a batch of its own: it errs
 * on the side of warning. */
int fill_percent(const struct fill *fill, int64_t read_to_offset);

enum fill_stage { FILL_FINE, FILL_HALF, FILL_NEARLY, FILL_LOSING };

/* Goes to the stage of that percentage; true when it rose, so that somebody should be told.
 * It falls back only below a quarter, so that a partition at the brink does not chatter. */
bool fill_stage_update(enum fill_stage *stage, int percent);

#endif
