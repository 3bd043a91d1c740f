/* Inside the simulated Kafka: the logs and the members of its one group. */
#ifndef COLUMBA_SIM_BROKER_H
#define COLUMBA_SIM_BROKER_H

#include "common/queue/queue.h"
#include "tests/sim/world.h"

enum { TOPICS_MAX = 16, PARTITIONS_MAX = 8, MEMBERS_MAX = 1024, HEADERS_MAX = 8 };

struct log_record {
    char *key;
    char *value;
    size_t key_size;
    size_t value_size;
    struct header headers[HEADERS_MAX];
    size_t header_count;
    int64_t timestamp_ms;
    long long push;
};

struct log_partition {
    struct log_record *records;
    size_t count;
    size_t capacity;
    int64_t committed;
    char note[QUEUE_NOTE_SIZE]; /* kept with it */
    bool was_committed;
};

struct log_topic {
    char name[128];
    bool is_dead_letter;
    struct log_partition partitions[PARTITIONS_MAX];
};

enum member_state { MEMBER_IDLE, MEMBER_OFFERED, MEMBER_ASSIGNED, MEMBER_REVOKING, MEMBER_GONE };

struct handed;

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
    char group[64];
    int64_t in_flight; /* of the configuration, and the same in bytes */
    int64_t in_flight_bytes;
    struct handed *handed; /* records that it has not freed */
    size_t handed_count;
    size_t handed_bytes;
    unsigned assignments; /* so far */
    bool reads[TOPICS_MAX];
    bool owns[TOPICS_MAX][PARTITIONS_MAX];
    bool paused[TOPICS_MAX][PARTITIONS_MAX];
    int64_t position[TOPICS_MAX][PARTITIONS_MAX];
};

struct broker {
    struct world *world;
    int partitions;
    struct log_topic topics[TOPICS_MAX];
    size_t topic_count;
    struct queue_consumer *members[MEMBERS_MAX];
    size_t member_count;
};

struct broker *broker_new(struct world *world, int partitions);
void broker_free(struct broker *broker);

/* ---- broker.c: the logs ---- */

size_t broker_topic_index(struct broker *broker, const char *name);
struct log_record broker_record_copy(const struct queue_message *message, int64_t now_ms);
void broker_record_free(struct log_record *record);

/* Takes what the record points to. */
void broker_append_take(struct broker *broker, const char *topic, struct log_record record);

/* What a homeserver's push becomes: a record of push.<lane>, there and acknowledged. Its topic is
 * not looked at. */
void broker_accept(struct broker *broker, const char *lane, const struct queue_message *message);

/* Records in push and retry topics that no commit has passed. */
size_t broker_backlog(const struct broker *broker);

/* ---- broker_handed.c: what a member has in memory ---- */

/* Copies the record for the member, which is held to its bounds. */
struct queue_record *broker_hand_over(struct queue_consumer *member, const char *topic,
                                      int partition, int64_t offset,
                                      const struct log_record *source);

/* Says so where one of them has had it for too long, or more than its share of what waits. */
void broker_check_handed(struct broker *broker);

/* Says so where more wait for the push's phone than may. */
void broker_check_chain(const struct queue_consumer *member, long long push);

/* Of a retry topic; 0 for others. */
int64_t broker_delay_of(const char *topic);

/* A copy of it is on its way to a retry topic: it waits for nothing else. */
void broker_copied(struct broker *broker, const struct process *process, long long push);

/* Whether the process has a record of the push that is due, or has had it since an earlier time. */
bool broker_has_due(const struct broker *broker, const struct process *process, long long push,
                    int64_t had_ms);

/* ---- broker_group.c: who reads them ---- */

/* The group takes the process for dead although it lives. */
bool broker_expel(struct broker *broker, struct process *process);

/* The process is gone without a word. */
void broker_process_died(struct broker *broker, struct process *process);

/* ---- redis.c ---- */
void redis_reset(void);

/* Whether that process is who got the lease of the app's probe last. */
bool redis_has_lease(const char *lane, const char *app, int process);

/* There may be something to read. */
void broker_wake_members(struct broker *broker);

#endif
