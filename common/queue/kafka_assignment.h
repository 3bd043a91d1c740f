/* The partitions a consumer has: which, how far each is read, which are paused. Internal to this
 * folder. */
#ifndef COLUMBA_QUEUE_KAFKA_ASSIGNMENT_H
#define COLUMBA_QUEUE_KAFKA_ASSIGNMENT_H

#include "common/queue/kafka_offsets.h"
#include "common/queue/queue.h"

#include <librdkafka/rdkafka.h>

/* One for each entry of the list. */
struct kafka_place {
    int64_t next; /* the offset that comes next, or a later one where the log has a gap */
    int64_t end;  /* of the log when the brokers were last asked */
    char *note;   /* of the commit that reading starts at; NULL without */
    bool paused;
};

/* Zero-initialised is empty and valid; list is NULL then. */
struct kafka_assignment {
    rd_kafka_topic_partition_list_t *list; /* sorted; its offsets are where reading starts */
    struct kafka_place *places;
    uint64_t generation; /* counts every change of the list */
};

/* Replaces what was there by a copy of the list. */
void kafka_assignment_set(struct kafka_assignment *assignment,
                          const rd_kafka_topic_partition_list_t *list);
void kafka_assignment_clear(struct kafka_assignment *assignment);
size_t kafka_assignment_count(const struct kafka_assignment *assignment);

/* Of that list, which may be NULL: the partition is read from the start of its log, whatever was
 * committed. */
void kafka_assignment_restart(rd_kafka_topic_partition_list_t *list,
                              const rd_kafka_topic_partition_t *partition);

/* Fixes where reading starts, and logs where that is not simply the commit. offsets: one for each
 * entry of the list. Returns how many records the logs lost since the commits. */
int64_t kafka_assignment_start(struct kafka_assignment *assignment,
                               const struct kafka_offsets *offsets);

/* Notes where the logs end by now. offsets: as above, asked for in this generation. */
void kafka_assignment_survey(struct kafka_assignment *assignment,
                             const struct kafka_offsets *offsets);

/* The starts as the queue's user sees them, borrowing topics and notes; release with free(). */
struct queue_position *kafka_assignment_positions(const struct kafka_assignment *assignment);

/* NULL when the partition is not among them. */
struct kafka_place *kafka_assignment_find(const struct kafka_assignment *assignment,
                                          const char *topic, int32_t partition);

/* Turns the queue of each partition aside, so that its records arrive in records and not among the
 * events of the group. To be done before reading begins, each time; and now and then while it goes
 * on: the library turns a queue back when it has stopped an earlier reading of the partition, which
 * may be after this, and its records would then arrive nowhere. What came meanwhile is kept. */
void kafka_assignment_divert(const struct kafka_assignment *assignment, rd_kafka_t *client,
                             rd_kafka_queue_t *records);

/* Pauses or resumes what is not so already: resuming what is not paused may rewind it. */
void kafka_assignment_pause(struct kafka_assignment *assignment, rd_kafka_t *client,
                            const char *topic, int32_t partition, bool paused);

/* A partition that is paused when it goes would still be so when it comes back. */
void kafka_assignment_resume_all(struct kafka_assignment *assignment, rd_kafka_t *client);

#endif
