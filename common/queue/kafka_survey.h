/* Asks the brokers every few seconds where the logs of an assignment end: what is paused, or has
 * all it may hold, fetches nothing and so hears nothing of its log. Internal to this folder. */
#ifndef COLUMBA_QUEUE_KAFKA_SURVEY_H
#define COLUMBA_QUEUE_KAFKA_SURVEY_H

#include "common/queue/kafka_assignment.h"

/* Zero-initialised but for what it borrows. */
struct kafka_survey {
    struct loop *loop;
    rd_kafka_t *client;
    struct kafka_assignment *assignment;
    struct kafka_lookup *lookup;
    uint64_t generation; /* of the assignment that is asked about */
    int64_t due_ms;
};

/* To be called about once a second; what fails is asked again in time. */
void kafka_survey_tick(struct kafka_survey *survey);

/* An answer that is still to come is dropped. */
void kafka_survey_release(struct kafka_survey *survey);

#endif
