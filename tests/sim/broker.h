/* Inside the simulated Kafka: the logs and the members of its one group. */
#ifndef COLUMBA_SIM_BROKER_H
#define COLUMBA_SIM_BROKER_H

#include "common/queue/queue.h"
#include "tests/sim/world.h"

enum { TOPICS_MAX = 8, PARTITIONS_MAX = 8, MEMBERS_MAX = 64, HEADERS_MAX = 8 };

struct log_record {
    char *key;
    char *value;
    size_t key_size;
    size_t value_size;
    struct header headers[HEADERS_MAX];
    size_t header_count;
    int64_t timestamp_ms;
    int64_t push;
};

struct log_partition {
    struct log_record *records;
    size_t count;
    size_t capacity;
    int64_t committed;
    bool was_committed;
};

struct log_topic {
    char name[128];
    bool is_dead_letter;
    struct log_partition partitions[PARTITIONS_MAX];
};

enum member_state { MEMBER_IDLE, MEMBER_OFFERED, MEMBER_ASSIGNED, MEMBER_REVOKING, MEMBER_GONE };

/* A consumer, or what the group remembers of one that died. */
struct queue_consumer {
    struct broker *broker;
    struct process *process;
    const struct queue_consumer_events *events;
    void *context;
    enum member_state state;
    bool leaves;
    bool expelled; /* the group has given its partitions away */
    bool takes;
    bool pumping;
    bool owns[TOPICS_MAX][PARTITIONS_MAX];
    bool paused[TOPICS_MAX][PARTITIONS_MAX];
    int64_t position[TOPICS_MAX][PARTITIONS_MAX];
};

struct broker {
    struct world *world;
    char prefix[32];
    int partitions;
    struct log_topic topics[TOPICS_MAX];
    size_t topic_count;
    struct queue_consumer *members[MEMBERS_MAX];
    size_t member_count;
};

/* ---- broker.c: the logs ---- */

size_t broker_topic_index(struct broker *broker, const char *name);
struct log_record broker_record_copy(const struct queue_message *message, int64_t now_ms);
void broker_record_free(struct log_record *record);

/* Takes what the record points to. */
void broker_append_take(struct broker *broker, const char *topic, struct log_record record);

/* ---- broker_group.c: who reads them ---- */

/* There may be something to read. */
void broker_wake_members(struct broker *broker);

#endif
