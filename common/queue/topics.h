/* The topics of a lane: how they are named and how they are made. Names are pure; the rest asks
 * the brokers, and blocks: for start-up and for columbactl. */
#ifndef COLUMBA_QUEUE_TOPICS_H
#define COLUMBA_QUEUE_TOPICS_H

#include "common/base/error.h"
#include "common/config/config.h"

enum { TOPIC_NAME_SIZE = 250 }; /* Kafka allows 249 characters */

enum topic_role { TOPIC_PUSH, TOPIC_RETRY, TOPIC_DEAD };

/* push.<lane>, dead.<lane>, retry.<lane>.<delay> (15s, 2m, 15m), with the prefix. delay_ms is for
 * TOPIC_RETRY alone. */
void topic_name(const struct queue_config *config, enum topic_role role, const char *lane,
                int64_t delay_ms, char out[TOPIC_NAME_SIZE]);

/* Whether that is the name of a retry topic of the lane, of whatever delay. */
bool topic_is_retry(const struct queue_config *config, const char *lane, const char *name);

/* <prefix><lane>. */
void topic_group(const struct queue_config *config, const char *lane, char out[TOPIC_NAME_SIZE]);

/* A duration as in a topic's name: the largest of h, m, s, ms that divides it. */
void topic_delay_text(int64_t delay_ms, char *out, size_t size);

/* The distinct lanes of all apps that are not retired, in the order of the file; list lanes wins
 * when it is not empty. Returns how many; names point into config. */
size_t topic_lanes(const struct config *config, const char *lanes[], size_t limit);

/* What a topic is, beside what it should be. */
struct topic_state {
    char name[TOPIC_NAME_SIZE];
    enum topic_role role;
    const char *lane;
    bool exists;
    int32_t partitions;
    int32_t replication;
    int64_t min_isr;
    int64_t retention_ms;
    bool append_time;      /* message.timestamp.type is LogAppendTime */
    bool unclean_election; /* unclean.leader.election.enable */
    bool compacted;        /* cleanup.policy is not delete */
    char fault[160];       /* what is wrong, "" when nothing is */
};

struct topic_report {
    struct topic_state *topics;
    size_t count;
    bool sound; /* no fault anywhere */
};

/* Asks the brokers about every topic of the lanes, and about what is left of delays that
 * retry.delays had before. False when they cannot be asked. */
bool topics_inspect(const struct config *config, const char *const *lanes, size_t lane_count,
                    int64_t timeout_ms, struct topic_report *out, struct error *error);
void topic_report_free(struct topic_report *report);

/* Makes the ones that are missing, by the one table of topics.c; existing ones are left as they
 * are. Each topic made is counted in *created. */
bool topics_create(const struct config *config, const char *const *lanes, size_t lane_count,
                   int64_t timeout_ms, size_t *created, struct error *error);

/* Lag as autoscalers compute it: log end minus committed offset, of one partition. */
struct topic_lag {
    char topic[TOPIC_NAME_SIZE];
    int32_t partition;
    int64_t start;
    int64_t end;
    int64_t committed; /* -1 when the group has none */
    int64_t lag;       /* from start when nothing is committed */
};

/* Over push and retry topics of the lane's group. *out is released with free(). */
bool topics_lag(const struct config *config, const char *lane, int64_t timeout_ms,
                struct topic_lag **out, size_t *count, struct error *error);

#endif
