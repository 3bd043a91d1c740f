/* Commits on their way, answered in the order they were sent, whatever order the brokers answer
 * in. Internal to this folder. */
#ifndef COLUMBA_QUEUE_KAFKA_COMMITS_H
#define COLUMBA_QUEUE_KAFKA_COMMITS_H

#include "common/queue/queue.h"

#include <librdkafka/rdkafka.h>

/* Zero-initialised is empty and valid. */
struct kafka_commits {
    struct kafka_commit *first;
    struct kafka_commit *last;
};

/* Forgets all of them, after the queue they are answered through is gone. */
void kafka_commits_free(struct kafka_commits *commits);

/* The answer arrives as an event on queue. False when it is known at once, and waits already. */
bool kafka_commits_send(struct kafka_commits *commits, rd_kafka_t *client, rd_kafka_queue_t *queue,
                        const struct queue_position *positions, size_t count);

/* Notes the answer that the event is; the event stays the caller's. */
void kafka_commits_answer(struct kafka_commits *commits, rd_kafka_event_t *event);

/* Takes the oldest commit if it is answered. error is set when it did not succeed. */
bool kafka_commits_next(struct kafka_commits *commits, bool *success, struct error *error);

#endif
