/* The consumer's side of queue.h, simulated: one eager group, whose members may die or be expelled.
 */
#include "common/base/memory.h"
#include "tests/sim/broker.h"
#include "tests/sim/cast.h"
#include "tests/sim/promises.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SESSION_TIMEOUT_MS = 10000 };

static void rebalance(struct broker *broker, const char *group);

static size_t live_members(const struct broker *broker, const char *group,
                           struct queue_consumer **out) {
    size_t count = 0;

    for (size_t i = 0; i < broker->member_count; i++)
        if (broker->members[i]->state != MEMBER_GONE && !broker->members[i]->expelled &&
            strcmp(broker->members[i]->group, group) == 0)
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

    member->events->record(member->context,
                           broker_hand_over(member, from->name, partition, offset, source));
    broker_check_chain(member, source->push);
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

void broker_wake_members(struct broker *broker) {
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
                positions[count++] =
                    (struct queue_position){.topic = broker->topics[t].name,
                                            .partition = p,
                                            .offset = member->position[t][p],
                                            .note = broker->topics[t].partitions[p].note};
            }
    member->assignments++;
    member->events->assigned(member->context, positions, count);
}

static void assign_all(struct broker *broker, struct queue_consumer **members, size_t count) {
    for (size_t m = 0; m < count; m++) {
        members[m]->state = MEMBER_OFFERED;
        for (size_t t = 0; t < broker->topic_count; t++)
            for (int p = 0; p < broker->partitions && !broker->topics[t].is_dead_letter; p++)
                members[m]->owns[t][p] = members[m]->reads[t] && (size_t)p % count == m;
        world_schedule(broker->world, members[m]->process, 1, tell_assigned, members[m]);
    }
}

/* Eager: everybody gives everything back, then everything is dealt out anew. */
static void rebalance(struct broker *broker, const char *group) {
    struct queue_consumer *members[MEMBERS_MAX];
    size_t count = live_members(broker, group, members);
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
    struct queue_consumer *member = context;

    rebalance(member->broker, member->group);
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
    (void)error;
    if (broker->member_count == MEMBERS_MAX)
        abort();
    *member = (struct queue_consumer){.broker = broker,
                                      .process = process,
                                      .events = events,
                                      .context = context,
                                      .takes = true,
                                      .in_flight = IN_FLIGHT,
                                      .in_flight_bytes = IN_FLIGHT_BYTES};
    snprintf(member->group, sizeof member->group, "%s", group);
    for (size_t i = 0; i < topic_count; i++)
        member->reads[broker_topic_index(broker, topics[i])] = true;
    broker->members[broker->member_count++] = member;
    world_schedule(broker->world, NULL, 50, rebalance_later, member);
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
    member->broker->world->promises->zombies--;
    rebalance(member->broker, member->group);
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
        world_schedule(world, NULL, 5, rebalance_later, consumer);
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
    return &consumer->paused[broker_topic_index(consumer->broker, topic)][partition];
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

    return (int64_t)broker->topics[broker_topic_index(broker, topic)].partitions[partition].count;
}

int64_t queue_consumer_lost_count(const struct queue_consumer *consumer) {
    (void)consumer;
    return 0;
}

/* ---- Faults of the group ---- */

static void session_over(void *context) {
    struct queue_consumer *member = context;

    member->state = MEMBER_GONE;
    disown(member);
    rebalance(member->broker, member->group);
}

void broker_process_died(struct broker *broker, struct process *process) {
    for (size_t i = 0; i < broker->member_count; i++) {
        struct queue_consumer *member = broker->members[i];
        if (member->process == process && member->state != MEMBER_GONE) {
            /* Until then its partitions are nobody else's: it counts as one that does not answer.
             */
            member->state = MEMBER_REVOKING;
            member->process = NULL;
            broker->world->promises->zombies -= member->expelled ? 1 : 0;
            world_schedule(broker->world, NULL, SESSION_TIMEOUT_MS, session_over, member);
        }
    }
}

/* It notices late, unless it is on its way out by then. */
static void notice_expelled(void *context) {
    struct queue_consumer *member = context;

    if (member->state == MEMBER_ASSIGNED)
        tell_revoked(member);
}

bool broker_expel(struct broker *broker, struct process *process) {
    struct world *world = broker->world;
    struct queue_consumer *members[MEMBERS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < broker->member_count; i++) {
        struct queue_consumer *member = broker->members[i];
        if (member->process == process && member->state == MEMBER_ASSIGNED && !member->leaves &&
            !member->expelled)
            members[count++] = member;
    }
    if (count == 0)
        return false;
    struct queue_consumer *member = members[world_random(world, count)];
    member->expelled = true;
    world->promises->zombies++;
    world_schedule(world, process, 2000 + (int64_t)world_random(world, 9000), notice_expelled,
                   member);
    rebalance(broker, member->group);
    return true;
}
