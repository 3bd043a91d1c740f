/* Reading topics from one end to the other without being a member of any group: for the operator's
 * tool. Blocks. */
#ifndef COLUMBA_QUEUE_BROWSE_H
#define COLUMBA_QUEUE_BROWSE_H

#include "common/queue/queue.h"
#include "common/queue/topics.h"

/* A partition and the part of its log that is read. */
struct browse_range {
    char topic[TOPIC_NAME_SIZE];
    int32_t partition;
    int64_t start; /* of the log */
    int64_t end;   /* of the log, when it was asked */
    int64_t next;  /* reading goes on here; at the end, all is read */
};

/* Every partition of those of the topics that exist, each from its start, or from the first record
 * that is not older than since_ms (0: from the start). *out is released with free(). */
bool browse_ranges(const struct queue_config *config, const char (*topics)[TOPIC_NAME_SIZE],
                   size_t topic_count, int64_t since_ms, int64_t timeout_ms,
                   struct browse_range **out, size_t *count, struct error *error);

/* One record, which is the callee's from now on; false: it is enough. */
typedef bool browse_record_take(void *context, struct queue_record *record);

/* Reads all ranges up to their ends, or for that long: then next tells how far each is read, and it
 * is no failure. Records of one partition come in order. */
bool browse(const struct queue_config *config, struct browse_range *ranges, size_t count,
            int64_t timeout_ms, browse_record_take *record, void *context, struct error *error);

/* Whether all was read. */
bool browse_is_complete(const struct browse_range *ranges, size_t count);

/* One record by its place, released with queue_record_free. NULL when there is none there, or the
 * brokers do not answer: the error's code tells. */
struct queue_record *browse_one(const struct queue_config *config, const char *topic,
                                int32_t partition, int64_t offset, int64_t timeout_ms,
                                struct error *error);

#endif
