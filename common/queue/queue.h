/* The queue, as its users see it: librdkafka's verbs and none of its types. kafka_*.c is the real
 * one; the simulation links another. Everything is called, and calls back, in the loop's thread. */
#ifndef COLUMBA_QUEUE_QUEUE_H
#define COLUMBA_QUEUE_QUEUE_H

#include "common/base/error.h"
#include "common/base/loop.h"
#include "common/base/slice.h"
#include "common/config/config.h"

#include <stdint.h>

/* ---- Publishing ---- */

struct queue_producer;

/* Borrowed for the call. */
struct queue_message {
    const char *topic;
    struct slice key;
    struct slice value;
    const struct header *headers;
    size_t header_count;
};

/* error is NULL when the in-sync replicas have the message. Otherwise it may or may not be there.
 */
typedef void queue_acknowledged(void *context, const struct error *error);

/* Connects in the background: brokers that are away are no error. Only a property that librdkafka
 * refuses is. A producer that turned fatal is replaced behind this handle, its messages reported
 * as failed. */
struct queue_producer *queue_producer_open(struct loop *loop, const struct queue_config *config,
                                           struct error *error);

/* Reports every outstanding message as failed first. */
void queue_producer_close(struct queue_producer *producer);

/* Copies the message and calls back exactly once, never within this call: when acknowledged, or
 * after ack_timeout at the latest. False, and no call back, when it cannot even be queued. */
bool queue_producer_send(struct queue_producer *producer, const struct queue_message *message,
                         queue_acknowledged *done, void *context, struct error *error);

size_t queue_producer_outstanding(const struct queue_producer *producer);

/* Whether at least one broker is connected now. */
bool queue_producer_is_connected(const struct queue_producer *producer);

/* How far our wall clock is ahead of the brokers', by the stamp of the last acknowledgement;
 * negative when it is behind. False while no acknowledgement has brought a stamp of theirs. */
bool queue_producer_clock_lead_ms(const struct queue_producer *producer, int64_t *out);

/* ---- Consuming, as a member of a group ---- */

struct queue_consumer;

/* A note is text that the group keeps with a commit, for whoever reads on from there; Kafka calls
 * it metadata. */
enum { QUEUE_NOTE_SIZE = 3072 };

struct queue_position {
    const char *topic;
    int32_t partition;
    int64_t offset;   /* of the next record */
    const char *note; /* shorter than QUEUE_NOTE_SIZE; NULL none */
};

/* A record, owned by whoever was given it until queue_record_free. */
struct queue_record {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* the broker's; -1 when unknown */
    struct slice key;
    struct slice value;
    const struct header *headers; /* names in lower case as sent */
    size_t header_count;
};

void queue_record_free(struct queue_record *record);

/* How the group speaks to its member. The eager protocol: assigned gives the whole set, revoked
 * takes all of it. */
struct queue_consumer_events {
    /* The partitions that are ours now, each with the concrete offset that reading starts at (the
     * commit with its note, or the start of the log); none for a spare, when members outnumber
     * partitions. Answer with queue_consumer_accept, now or later. */
    void (*assigned)(void *context, const struct queue_position *positions, size_t count);

    /* All partitions go. Records and commits still work until queue_consumer_release, which must
     * follow within max.poll.interval.ms; no record is delivered from here on. lost: somebody else
     * may have them already, commits will fail. */
    void (*revoked)(void *context, bool lost);

    /* One record; free it when settled. */
    void (*record)(void *context, struct queue_record *record);

    /* The answer to the oldest unanswered queue_consumer_commit; NULL is success. */
    void (*committed)(void *context, const struct error *error);

    /* After queue_consumer_leave: the group has let us go. */
    void (*left)(void *context);

    /* Nothing but a restart helps. */
    void (*failed)(void *context, const struct error *error);
};

/* Joins the group and subscribes. events and context outlive the consumer. */
struct queue_consumer *queue_consumer_open(struct loop *loop, const struct queue_config *config,
                                           const char *group, const char *const *topics,
                                           size_t topic_count,
                                           const struct queue_consumer_events *events,
                                           void *context, struct error *error);

/* After left, or at any time when a crash is what is wanted. Records not yet freed are invalid. */
void queue_consumer_close(struct queue_consumer *consumer);

void queue_consumer_accept(struct queue_consumer *consumer);
void queue_consumer_release(struct queue_consumer *consumer);

/* False: records wait in the library, rebalances and commits go on. True at first. May be called
 * within record: no further record then follows. */
void queue_consumer_take(struct queue_consumer *consumer, bool take);

/* After a pause no further record of that partition arrives; resume goes on behind the last one
 * delivered. A pause that is still on is lifted by queue_consumer_release. */
void queue_consumer_pause(struct queue_consumer *consumer, const char *topic, int32_t partition);
void queue_consumer_resume(struct queue_consumer *consumer, const char *topic, int32_t partition);

/* Asynchronous; answered by committed, in order. */
void queue_consumer_commit(struct queue_consumer *consumer, const struct queue_position *positions,
                           size_t count);

/* Leaves the group: revoked (if anything is assigned) and left follow, left within 5 s even when
 * the group cannot be reached. */
void queue_consumer_leave(struct queue_consumer *consumer);

/* The end of the log, -1 when unknown: for lag. As last fetched, or of the last few seconds for a
 * partition that is paused or not taken from. */
int64_t queue_consumer_end_offset(const struct queue_consumer *consumer, const char *topic,
                                  int32_t partition);

/* Records that the log lost before they were read, since the consumer was opened. */
int64_t queue_consumer_lost_count(const struct queue_consumer *consumer);

#endif
