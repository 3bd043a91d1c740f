/* What librdkafka says, in our log: its levels mapped, and the same line over and over only twice a
 * minute. Internal to this folder. */
#ifndef COLUMBA_QUEUE_KAFKA_LOG_H
#define COLUMBA_QUEUE_KAFKA_LOG_H

#include "common/base/slice.h"

#include <librdkafka/rdkafka.h>
#include <stdint.h>

enum { KAFKA_LOG_LINES = 16, KAFKA_LOG_QUIET_MS = 30000 };

/* Zero-initialised is valid. */
struct kafka_log {
    struct {
        uint64_t line;
        int64_t written_ms;
        int64_t repeats;
    } recent[KAFKA_LOG_LINES];
};

/* Whether this line is to be written now. Lines that differ in digits alone count as one, because
 * librdkafka puts times and counts into them. *repeats is how many were kept back since it was
 * last written. */
bool kafka_log_admit(struct kafka_log *log, struct slice text, int64_t now_ms, int64_t *repeats);

/* A line of the library. */
void kafka_log_line(struct kafka_log *log, rd_kafka_event_t *event, int64_t now_ms);

/* An error that concerns no call of ours; those the library logs as well are left out. */
void kafka_log_error(struct kafka_log *log, rd_kafka_event_t *event, int64_t now_ms);

#endif
