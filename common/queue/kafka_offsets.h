/* Where a group stands in its partitions, and where their logs begin and end. Internal to this
 * folder. */
#ifndef COLUMBA_QUEUE_KAFKA_OFFSETS_H
#define COLUMBA_QUEUE_KAFKA_OFFSETS_H

#include "common/base/error.h"
#include "common/base/loop.h"
#include "common/queue/queue.h"

#include <librdkafka/rdkafka.h>
#include <stdint.h>

struct kafka_offsets {
    int64_t committed; /* -1 when the group has none */
    int64_t start;
    int64_t end;
    char note[QUEUE_NOTE_SIZE]; /* of the commit; "" when it has none, or one too long to be ours */
};

/* Asks the brokers about all partitions at once, one entry of out for each. Blocks, together at
 * most that long. The client is a consumer of the group; it need not have joined. */
bool kafka_offsets_read(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *partitions,
                        int64_t timeout_ms, struct kafka_offsets *out, struct error *error);

/* Where reading starts so that nothing is skipped that still exists: the commit, or the start of
 * the log when there is none, when the log has moved past it, and when it lies behind the log's
 * end, because the topic was made anew. */
int64_t kafka_offsets_position(const struct kafka_offsets *offsets);

/* The same on a thread of its own, so that brokers that are slow in a failover do not stop the
 * loop. */
struct kafka_lookup;

/* offsets: one for each partition; NULL with an error. Frees nothing. */
typedef void kafka_lookup_done(void *context, const struct kafka_offsets *offsets,
                               const struct error *error);

/* Copies the partitions. done is called once, from the loop, unless the lookup is freed before.
 * NULL when there is no thread to be had. */
struct kafka_lookup *kafka_lookup_start(struct loop *loop, rd_kafka_t *client,
                                        const rd_kafka_topic_partition_list_t *partitions,
                                        int64_t timeout_ms, kafka_lookup_done *done, void *context,
                                        struct error *error);

/* Waits for the thread: at most the time-out. May be called within done. */
void kafka_lookup_free(struct kafka_lookup *lookup);

#endif
