/* queue.h, simulated: logs, an eager consumer group, and producers whose acknowledgements may get
 * lost. Checks on every commit that nothing it passes is left without an outcome. */
#include "common/base/json.h"
#include "common/base/memory.h"
#include "common/queue/queue.h"
#include "tests/sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOPICS_MAX = 8, PARTITIONS_MAX = 8, MEMBERS_MAX = 64, HEADERS_MAX = 8 };
enum { SESSION_TIMEOUT_MS = 10000 };

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

static void rebalance(struct broker *broker);

/* ---- The log ---- */

struct broker *broker_new(struct world *world, const char *prefix, int partitions) {
    struct broker *broker = memory_new(sizeof *broker);

    broker->world = world;
    broker->partitions = partitions;
    snprintf(broker->prefix, sizeof broker->prefix, "%s", prefix);
    return broker;
}

static void record_free(struct log_record *record) {
    free(record->key);
    free(record->value);
    for (size_t i = 0; i < record->header_count; i++) {
        free((char *)record->headers[i].name);
        free((char *)record->headers[i].value.data);
    }
}

void broker_free(struct broker *broker) {
    for (size_t t = 0; t < broker->topic_count; t++) {
        for (int p = 0; p < broker->partitions; p++) {
            struct log_partition *log = &broker->topics[t].partitions[p];
            for (size_t i = 0; i < log->count; i++)
                record_free(&log->records[i]);
            free(log->records);
        }
    }
    for (size_t i = 0; i < broker->member_count; i++)
        free(broker->members[i]);
    free(broker);
}

static size_t topic_index(struct broker *broker, const char *name) {
    for (size_t i = 0; i < broker->topic_count; i++)
        if (strcmp(broker->topics[i].name, name) == 0)
            return i;
    if (broker->topic_count == TOPICS_MAX)
        abort();
    struct log_topic *topic = &broker->topics[broker->topic_count];
    snprintf(topic->name, sizeof topic->name, "%s", name);
    topic->is_dead_letter = strstr(name, "dead.") != NULL;
    return broker->topic_count++;
}

static int partition_of(const struct broker *broker, struct slice key) {
    unsigned hash = 5381;

    for (size_t i = 0; i < key.size; i++)
        hash = hash * 33 + (unsigned char)key.data[i];
    return (int)(hash % (unsigned)broker->partitions);
}

static int64_t push_of(struct slice value) {
    struct json_object *tree = json_parse(value, 32, NULL);
    struct json_object *notification = json_member_object(tree, "notification");
    int64_t push = world_number(json_member_text(notification, "event_id"), "$");

    json_object_put(tree);
    return push;
}

static struct log_record copy_of(const struct queue_message *message, int64_t now_ms) {
    struct log_record copy = {.key = memory_copy_slice(message->key),
                              .key_size = message->key.size,
                              .value = memory_copy_slice(message->value),
                              .value_size = message->value.size,
                              .header_count = message->header_count,
                              .timestamp_ms = now_ms,
                              .push = push_of(message->value)};

    for (size_t i = 0; i < message->header_count; i++) {
        struct slice value = message->headers[i].value;
        copy.headers[i].name = memory_copy_text(message->headers[i].name);
        copy.headers[i].value =
            (struct slice){.data = memory_copy_slice(value), .size = value.size};
    }
    return copy;
}

static void pump_members(struct broker *broker);

static void append(struct broker *broker, const char *topic_name, struct log_record record) {
    struct log_topic *topic = &broker->topics[topic_index(broker, topic_name)];
    struct slice key = {.data = record.key, .size = record.key_size};
    struct log_partition *log = &topic->partitions[partition_of(broker, key)];
    struct push *push = &broker->world->pushes[record.push];

    if (log->count == log->capacity) {
        log->capacity = log->capacity == 0 ? 64 : log->capacity * 2;
        log->records = memory_resize(log->records, log->capacity * sizeof *log->records);
    }
    record.timestamp_ms = broker->world->now_ms;
    log->records[log->count++] = record;
    if (topic->is_dead_letter)
        push->is_dead_letter = true;
    else
        push->copies_live++;
    world_trace(broker->world, "push %lld appended to %s", (long long)record.push, topic->name);
    pump_members(broker);
}

void broker_accept(struct broker *broker, const char *topic, size_t push, struct slice key,
                   struct slice value) {
    struct queue_message message = {.topic = topic, .key = key, .value = value};

    broker->world->pushes[push].accepted = true;
    append(broker, topic, copy_of(&message, broker->world->now_ms));
}

size_t broker_backlog(const struct broker *broker) {
    size_t backlog = 0;

    for (size_t t = 0; t < broker->topic_count; t++)
        for (int p = 0; p < broker->partitions && !broker->topics[t].is_dead_letter; p++) {
            const struct log_partition *log = &broker->topics[t].partitions[p];
            backlog += log->count - (size_t)log->committed;
        }
    return backlog;
}

/* ---- Producers ---- */

struct queue_producer {
    struct process *process;
    size_t outstanding;
    bool has_clock_lead;
};

struct sending {
    struct queue_producer *producer;
    struct broker *broker;
    char topic[128];
    struct log_record record;
    bool acknowledges;
    queue_acknowledged *done;
    void *context;
};

struct queue_producer *queue_producer_open(struct loop *loop, const struct queue_config *config,
                                           struct error *error) {
    struct queue_producer *producer = memory_new(sizeof *producer);

    (void)config;
    (void)error;
    producer->process = world_process(loop);
    return producer;
}

void queue_producer_close(struct queue_producer *producer) {
    free(producer);
}

size_t queue_producer_outstanding(const struct queue_producer *producer) {
    return producer->outstanding;
}

bool queue_producer_is_connected(const struct queue_producer *producer) {
    return !producer->process->world->broker_refuses;
}

bool queue_producer_clock_lead_ms(const struct queue_producer *producer, int64_t *out) {
    *out = producer->process->skew_ms;
    return producer->has_clock_lead;
}

static void acknowledge(void *context) {
    static const struct error timed_out = {.code = ERROR_TIMEOUT, .text = "timed out"};
    struct sending *sending = context;

    sending->producer->outstanding--;
    if (sending->acknowledges)
        sending->producer->has_clock_lead = true;
    sending->done(sending->context, sending->acknowledges ? NULL : &timed_out);
    free(sending);
}

/* It reaches the log even if its sender dies meanwhile. */
static void reach_log(void *context) {
    struct sending *sending = context;

    append(sending->broker, sending->topic, sending->record);
    free(sending);
}

bool queue_producer_send(struct queue_producer *producer, const struct queue_message *message,
                         queue_acknowledged *done, void *context, struct error *error) {
    struct world *world = producer->process->world;
    struct sending *sending = memory_new(sizeof *sending);
    struct sending *arrival = memory_new(sizeof *arrival);
    int64_t after_ms = 1 + (int64_t)world_random(world, 10);

    (void)error;
    *arrival = (struct sending){.broker = world->broker, .record = copy_of(message, world->now_ms)};
    snprintf(arrival->topic, sizeof arrival->topic, "%s", message->topic);
    *sending = (struct sending){
        .producer = producer, .done = done, .context = context, .acknowledges = true};
    producer->outstanding++;
    if (world->faults && world->broker_refuses) {
        record_free(&arrival->record);
        free(arrival);
        sending->acknowledges = false;
    } else {
        if (world->faults && world_chance(world, 1)) {
            world->met[MET_ACK_LOST]++;
            sending->acknowledges = false;
        }
        world_schedule(world, NULL, after_ms, reach_log, arrival);
    }
    world_schedule(world, producer->process, sending->acknowledges ? after_ms + 1 : 5000,
                   acknowledge, sending);
    return true;
}

/* ---- The group ---- */

static size_t live_members(const struct broker *broker, struct queue_consumer **out) {
    size_t count = 0;

    for (size_t i = 0; i < broker->member_count; i++)
        if (broker->members[i]->state != MEMBER_GONE && !broker->members[i]->expelled)
            out[count++] = broker->members[i];
    return count;
}

static bool has_record(const struct queue_consumer *member, size_t topic, int partition) {
    const struct log_partition *log = &member->broker->topics[topic].partitions[partition];

    return member->owns[topic][partition] && !member->paused[topic][partition] &&
           member->position[topic][partition] < (int64_t)log->count;
}

static void pump(struct queue_consumer *member);

static void hand_over(struct queue_consumer *member, size_t topic, int partition) {
    struct log_topic *from = &member->broker->topics[topic];
    int64_t offset = member->position[topic][partition]++;
    const struct log_record *source = &from->partitions[partition].records[offset];
    struct queue_record *record = memory_new(sizeof *record);
    struct header *headers = memory_new_array(source->header_count, sizeof *headers);

    /* Copies, so that a use after free is one. */
    for (size_t i = 0; i < source->header_count; i++)
        headers[i] = source->headers[i];
    *record = (struct queue_record){
        .topic = from->name,
        .partition = partition,
        .offset = offset,
        .timestamp_ms = source->timestamp_ms,
        .key = {.data = memory_copy_slice((struct slice){source->key, source->key_size}),
                .size = source->key_size},
        .value = {.data = memory_copy_slice((struct slice){source->value, source->value_size}),
                  .size = source->value_size},
        .headers = headers,
        .header_count = source->header_count};
    member->events->record(member->context, record);
}

void queue_record_free(struct queue_record *record) {
    if (record == NULL)
        return;
    free((char *)record->key.data);
    free((char *)record->value.data);
    free((struct header *)record->headers);
    free(record);
}

static void pump_once(void *context) {
    struct queue_consumer *member = context;
    struct broker *broker = member->broker;
    size_t slots = broker->topic_count * (size_t)broker->partitions;

    member->pumping = false;
    if (member->state != MEMBER_ASSIGNED || !member->takes || slots == 0)
        return;
    size_t start = (size_t)world_random(broker->world, slots);
    for (size_t i = 0; i < slots; i++) {
        size_t slot = (start + i) % slots;
        size_t topic = slot / (size_t)broker->partitions;
        int partition = (int)(slot % (size_t)broker->partitions);
        if (has_record(member, topic, partition)) {
            hand_over(member, topic, partition);
            pump(member);
            return;
        }
    }
}

static void pump(struct queue_consumer *member) {
    struct world *world = member->broker->world;

    if (member->pumping || member->state != MEMBER_ASSIGNED || !member->takes)
        return;
    member->pumping = true;
    world_schedule(world, member->process, (int64_t)world_random(world, 3), pump_once, member);
}

static void pump_members(struct broker *broker) {
    for (size_t i = 0; i < broker->member_count; i++)
        pump(broker->members[i]);
}

static void disown(struct queue_consumer *member) {
    memset(member->owns, 0, sizeof member->owns);
    memset(member->paused, 0, sizeof member->paused);
}

static void tell_revoked(void *context) {
    struct queue_consumer *member = context;

    member->state = MEMBER_REVOKING;
    member->events->revoked(member->context, member->expelled);
}

static void tell_left(void *context) {
    struct queue_consumer *member = context;

    member->events->left(member->context);
}

static void tell_assigned(void *context) {
    struct queue_consumer *member = context;
    struct broker *broker = member->broker;
    struct queue_position positions[TOPICS_MAX * PARTITIONS_MAX];
    size_t count = 0;

    if (member->state != MEMBER_OFFERED)
        return;
    for (size_t t = 0; t < broker->topic_count; t++)
        for (int p = 0; p < broker->partitions; p++)
            if (member->owns[t][p]) {
                member->position[t][p] = broker->topics[t].partitions[p].committed;
                positions[count++] = (struct queue_position){.topic = broker->topics[t].name,
                                                             .partition = p,
                                                             .offset = member->position[t][p]};
            }
    member->events->assigned(member->context, positions, count);
}

static void assign_all(struct broker *broker, struct queue_consumer **members, size_t count) {
    for (size_t m = 0; m < count; m++) {
        members[m]->state = MEMBER_OFFERED;
        for (size_t t = 0; t < broker->topic_count; t++)
            for (int p = 0; p < broker->partitions && !broker->topics[t].is_dead_letter; p++)
                members[m]->owns[t][p] = (size_t)p % count == m;
        world_schedule(broker->world, members[m]->process, 1, tell_assigned, members[m]);
    }
}

/* Eager: everybody gives everything back, then everything is dealt out anew. */
static void rebalance(struct broker *broker) {
    struct queue_consumer *members[MEMBERS_MAX];
    size_t count = live_members(broker, members);
    bool all_idle = true;

    for (size_t i = 0; i < count; i++) {
        struct queue_consumer *member = members[i];
        if (member->state == MEMBER_OFFERED) {
            disown(member);
            member->state = MEMBER_IDLE;
        }
        if (member->state == MEMBER_ASSIGNED) {
            member->state = MEMBER_REVOKING;
            world_schedule(broker->world, member->process, 1, tell_revoked, member);
        }
        all_idle = all_idle && member->state == MEMBER_IDLE;
    }
    if (all_idle && count > 0)
        assign_all(broker, members, count);
}

static void rebalance_later(void *context) {
    rebalance(context);
}

struct queue_consumer *queue_consumer_open(struct loop *loop, const struct queue_config *config,
                                           const char *group, const char *const *topics,
                                           size_t topic_count,
                                           const struct queue_consumer_events *events,
                                           void *context, struct error *error) {
    struct process *process = world_process(loop);
    struct broker *broker = process->world->broker;
    struct queue_consumer *member = memory_new(sizeof *member);

    (void)config;
    (void)group;
    (void)error;
    if (broker->member_count == MEMBERS_MAX)
        abort();
    for (size_t i = 0; i < topic_count; i++)
        topic_index(broker, topics[i]);
    *member = (struct queue_consumer){
        .broker = broker, .process = process, .events = events, .context = context, .takes = true};
    broker->members[broker->member_count++] = member;
    world_schedule(broker->world, NULL, 50, rebalance_later, broker);
    return member;
}

/* The group keeps what it knows of a member; the session of one that just died runs out later. */
void queue_consumer_close(struct queue_consumer *consumer) {
    consumer->takes = false;
}

void queue_consumer_accept(struct queue_consumer *consumer) {
    consumer->state = MEMBER_ASSIGNED;
    pump(consumer);
}

static void rejoin(void *context) {
    struct queue_consumer *member = context;

    member->expelled = false;
    member->broker->world->zombies--;
    rebalance(member->broker);
}

void queue_consumer_release(struct queue_consumer *consumer) {
    struct world *world = consumer->broker->world;

    disown(consumer);
    consumer->state = consumer->leaves ? MEMBER_GONE : MEMBER_IDLE;
    if (consumer->leaves)
        world_schedule(world, consumer->process, 5, tell_left, consumer);
    if (consumer->expelled)
        world_schedule(world, consumer->process, 100, rejoin, consumer);
    else
        world_schedule(world, NULL, 5, rebalance_later, consumer->broker);
}

void queue_consumer_leave(struct queue_consumer *consumer) {
    struct world *world = consumer->broker->world;

    consumer->leaves = true;
    if (consumer->state == MEMBER_ASSIGNED) {
        consumer->state = MEMBER_REVOKING;
        world_schedule(world, consumer->process, 1, tell_revoked, consumer);
    } else if (consumer->state != MEMBER_REVOKING) {
        queue_consumer_release(consumer);
    }
}

void queue_consumer_take(struct queue_consumer *consumer, bool take) {
    consumer->takes = take;
    pump(consumer);
}

static bool *paused(struct queue_consumer *consumer, const char *topic, int32_t partition) {
    return &consumer->paused[topic_index(consumer->broker, topic)][partition];
}

void queue_consumer_pause(struct queue_consumer *consumer, const char *topic, int32_t partition) {
    *paused(consumer, topic, partition) = true;
}

void queue_consumer_resume(struct queue_consumer *consumer, const char *topic, int32_t partition) {
    *paused(consumer, topic, partition) = false;
    pump(consumer);
}

int64_t queue_consumer_end_offset(const struct queue_consumer *consumer, const char *topic,
                                  int32_t partition) {
    struct broker *broker = consumer->broker;

    return (int64_t)broker->topics[topic_index(broker, topic)].partitions[partition].count;
}

/* ---- Commits ---- */

struct commit {
    struct queue_consumer *member;
    struct queue_position positions[TOPICS_MAX * PARTITIONS_MAX];
    size_t count;
    bool refused;
};

static void check_passed(struct world *world, const struct log_record *record) {
    struct push *push = &world->pushes[record->push];
    int64_t pushkey = world_number(slice_of(record->key + strlen(record->key) + 1), "key");

    push->copies_live--;
    if (push->copies_live == 0 && push->delivered == 0 && !push->is_dead_letter &&
        !(pushkey >= 0 && world->reported_dead[pushkey]))
        world_broken(world, "a commit passes push %lld, which has no outcome",
                     (long long)record->push);
}

static void apply(struct commit *commit) {
    struct broker *broker = commit->member->broker;

    for (size_t i = 0; i < commit->count; i++) {
        const struct queue_position *position = &commit->positions[i];
        size_t topic = topic_index(broker, position->topic);
        struct log_partition *log = &broker->topics[topic].partitions[position->partition];
        if (position->offset < log->committed)
            world_broken(broker->world, "a commit of %s goes back from %lld to %lld",
                         position->topic, (long long)log->committed, (long long)position->offset);
        while (log->committed < position->offset)
            check_passed(broker->world, &log->records[log->committed++]);
    }
}

static void commit_answered(void *context) {
    static const struct error stale = {.code = ERROR_REFUSED, .text = "unknown member"};
    struct commit *commit = context;

    commit->member->events->committed(commit->member->context, commit->refused ? &stale : NULL);
    free(commit);
}

/* A member that was expelled commits nothing any more: the broker knows its generation. */
void queue_consumer_commit(struct queue_consumer *consumer, const struct queue_position *positions,
                           size_t count) {
    struct world *world = consumer->broker->world;
    struct commit *commit = memory_new(sizeof *commit);

    commit->member = consumer;
    commit->count = count;
    for (size_t i = 0; i < count; i++) {
        commit->positions[i] = positions[i];
        commit->positions[i].topic =
            consumer->broker->topics[topic_index(consumer->broker, positions[i].topic)].name;
    }
    commit->refused = consumer->expelled;
    if (commit->refused)
        world->met[MET_LATE_COMMIT]++;
    else
        apply(commit);
    world_schedule(world, consumer->process, 1 + (int64_t)world_random(world, 20), commit_answered,
                   commit);
}

/* ---- Faults of the group ---- */

static void session_over(void *context) {
    struct queue_consumer *member = context;

    member->state = MEMBER_GONE;
    disown(member);
    rebalance(member->broker);
}

void broker_process_died(struct broker *broker, struct process *process) {
    for (size_t i = 0; i < broker->member_count; i++) {
        struct queue_consumer *member = broker->members[i];
        if (member->process == process && member->state != MEMBER_GONE) {
            /* Until then its partitions are nobody else's: it counts as one that does not answer.
             */
            member->state = MEMBER_REVOKING;
            member->process = NULL;
            broker->world->zombies -= member->expelled ? 1 : 0;
            world_schedule(broker->world, NULL, SESSION_TIMEOUT_MS, session_over, member);
        }
    }
}

bool broker_expel(struct broker *broker, struct process *process) {
    for (size_t i = 0; i < broker->member_count; i++) {
        struct queue_consumer *member = broker->members[i];
        if (member->process == process && member->state == MEMBER_ASSIGNED && !member->leaves) {
            member->expelled = true;
            broker->world->zombies++;
            world_schedule(broker->world, process,
                           2000 + (int64_t)world_random(broker->world, 9000), tell_revoked, member);
            rebalance(broker);
            return true;
        }
    }
    return false;
}
