/* Records in the memory of a member: copies, so that a use after free is one, and counted, so that
 * the bounds hold. */
#include "common/base/memory.h"
#include "tests/sim/broker.h"
#include "tests/sim/conduct.h"
#include "tests/sim/promises.h"
#include "tests/sim/weather.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORD_BYTES_MAX = 64 * 1024,
    RETRY_TOPICS = 3,
    END_MS = 8 * 60 * 1000,
    LOOKED_UP_MS = 600,
    CLOCK_GRACE_MS = 100,
    CHAIN_MAX = 9,   /* one under way and those behind it */
    ROOMY_SHARE = 8, /* the part of in_flight up to which they may be more */
};

struct handed {
    struct queue_record record;
    struct queue_consumer *member;
    long long push;
    int64_t since_ms;
    int64_t due_ms;
    unsigned assignment;
    bool is_copied;
    struct handed *next;
    struct handed *previous;
};

int64_t broker_delay_of(const char *topic) {
    const char *dot = strrchr(topic, '.');
    char *unit = NULL;
    int64_t number = strstr(topic, "retry.") == NULL ? 0 : strtoll(dot + 1, &unit, 10);

    return unit == NULL ? 0 : number * (*unit == 's' ? 1000 : 60 * 1000);
}

static void check_bounds(const struct queue_consumer *member) {
    struct world *world = member->broker->world;
    size_t held_max = RETRY_TOPICS * (size_t)member->broker->partitions;

    /* One of each retry partition waits to be due. */
    if (member->handed_count > (size_t)member->in_flight + held_max)
        world_broken(world, "dispatcher %d has %zu records in memory", member->process->number,
                     member->handed_count);
    if (member->handed_bytes > (size_t)member->in_flight_bytes + RECORD_BYTES_MAX * 2)
        world_broken(world, "dispatcher %d has %zu bytes of records in memory",
                     member->process->number, member->handed_bytes);
}

struct queue_record *broker_hand_over(struct queue_consumer *member, const char *topic,
                                      int partition, int64_t offset,
                                      const struct log_record *source) {
    struct handed *handed = memory_new(sizeof *handed);
    struct header *headers = memory_new_array(source->header_count, sizeof *headers);

    for (size_t i = 0; i < source->header_count; i++)
        headers[i] = source->headers[i];
    handed->record = (struct queue_record){
        .topic = topic,
        .partition = partition,
        .offset = offset,
        .timestamp_ms = source->timestamp_ms,
        .key = {.data = memory_copy_slice((struct slice){source->key, source->key_size}),
                .size = source->key_size},
        .value = {.data = memory_copy_slice((struct slice){source->value, source->value_size}),
                  .size = source->value_size},
        .headers = headers,
        .header_count = source->header_count};
    handed->member = member;
    handed->push = source->push;
    handed->since_ms = member->broker->world->now_ms;
    handed->due_ms = source->timestamp_ms + broker_delay_of(topic);
    handed->assignment = member->assignments;
    handed->next = member->handed;
    if (member->handed != NULL)
        member->handed->previous = handed;
    member->handed = handed;
    member->handed_count++;
    member->handed_bytes += source->value_size;
    promises_taken(member->broker->world, source->push, member->process);
    check_bounds(member);
    return &handed->record;
}

void queue_record_free(struct queue_record *record) {
    struct handed *handed = (struct handed *)record;

    if (record == NULL)
        return;
    if (handed->next != NULL)
        handed->next->previous = handed->previous;
    if (handed->previous != NULL)
        handed->previous->next = handed->next;
    else
        handed->member->handed = handed->next;
    handed->member->handed_count--;
    handed->member->handed_bytes -= record->value.size;
    free((char *)record->key.data);
    free((char *)record->value.data);
    free((struct header *)record->headers);
    free(handed);
}

static bool is_due(const struct handed *handed, int64_t now_ms) {
    return handed->due_ms <= now_ms;
}

/* What waits to be due waits for one delay at most; everything else is settled long before, unless
 * nothing can be settled. */
static void check_time(const struct queue_consumer *member, const struct handed *handed) {
    struct world *world = member->broker->world;
    int64_t had_ms = world->now_ms - handed->since_ms;

    if (had_ms > END_MS + broker_delay_of(handed->record.topic))
        world_broken(world, "dispatcher %d has had push %lld for %lld ms", member->process->number,
                     handed->push, (long long)had_ms);
}

/* Whether it may wait at a gate, and nowhere else. */
static bool may_wait_at(const struct queue_consumer *member, const struct handed *handed,
                        const struct phone *phone) {
    struct world *world = member->broker->world;
    const struct phone *its = world->promises->pushes[handed->push].phone;

    return its->app == phone->app && its->host == phone->host && !handed->is_copied &&
           handed->assignment == member->assignments &&
           strstr(handed->record.topic, "push.") != NULL &&
           handed->since_ms < world->now_ms - LOOKED_UP_MS &&
           its->asked_ms[member->process->number] < world->now_ms - LOOKED_UP_MS;
}

/* Those behind another one of their phone wait for that one, not at the gate. */
static void check_share(const struct queue_consumer *member, const struct phone *phone) {
    struct world *world = member->broker->world;
    static bool counted[PHONES_MAX];
    size_t waiting = 0;

    memset(counted, 0, sizeof counted);
    /* Nor do those behind one that is on its way to a retry topic. */
    for (const struct handed *at = member->handed; at != NULL; at = at->next)
        counted[world->promises->pushes[at->push].phone - world->cast->phones] |= at->is_copied;
    for (const struct handed *at = member->handed; at != NULL; at = at->next) {
        ptrdiff_t place = world->promises->pushes[at->push].phone - world->cast->phones;
        if (!may_wait_at(member, at, phone) || counted[place])
            continue;
        counted[place] = true;
        waiting++;
    }
    if (waiting > (size_t)member->in_flight / 4)
        world_broken(world, "dispatcher %d: %zu wait for %s, which is shut: more than its share",
                     member->process->number, waiting, phone->app_id);
}

void broker_check_handed(struct broker *broker) {
    struct world *world = broker->world;

    for (size_t i = 0; i < broker->member_count; i++) {
        const struct queue_consumer *member = broker->members[i];
        if (member->process == NULL || member->handed_count == 0)
            continue;
        for (const struct handed *at = member->handed; at != NULL; at = at->next) {
            const struct phone *phone = world->promises->pushes[at->push].phone;
            check_time(member, at);
            if (conduct_has_waited(world, member->process, phone) && may_wait_at(member, at, phone))
                check_share(member, phone);
        }
    }
}

void broker_check_chain(const struct queue_consumer *member, long long push) {
    struct world *world = member->broker->world;
    const struct phone *phone = world->promises->pushes[push].phone;
    size_t roomy_max = (size_t)member->in_flight / ROOMY_SHARE + 2;
    size_t chain_max = roomy_max > CHAIN_MAX ? roomy_max : CHAIN_MAX;
    size_t count = 0;

    for (const struct handed *at = member->handed; at != NULL; at = at->next)
        count += world->promises->pushes[at->push].phone == phone && !at->is_copied &&
                         at->assignment == member->assignments && is_due(at, world->now_ms) &&
                         at->since_ms < world->now_ms - LOOKED_UP_MS
                     ? 1
                     : 0;
    /* Whoever comes and finds it full looks up what is known of the phone before it goes. What is
     * due in a retry topic waits for room before it waits for its phone. */
    if (count > chain_max + RETRY_TOPICS)
        world_broken(world, "dispatcher %d has %zu pushes of one phone in memory",
                     member->process->number, count);
}

/* Whether what was handed over is still the member's to settle. */
static bool is_its_own(const struct queue_consumer *member, const struct handed *handed) {
    return handed->assignment == member->assignments &&
           (member->state == MEMBER_ASSIGNED || member->state == MEMBER_REVOKING);
}

void broker_copied(struct broker *broker, const struct process *process, long long push) {
    bool may_copy = false;

    for (size_t i = 0; i < broker->member_count; i++) {
        const struct queue_consumer *member = broker->members[i];
        for (struct handed *at = member->process == process ? member->handed : NULL; at != NULL;
             at = at->next) {
            at->is_copied = at->is_copied || at->push == push;
            may_copy = may_copy || (at->push == push && is_its_own(member, at));
        }
    }
    if (!may_copy)
        world_broken(process->world, "dispatcher %d copies push %lld, which is not its any more",
                     process->number, push);
}

bool broker_has_due(const struct broker *broker, const struct process *process, long long push,
                    int64_t had_ms) {
    for (size_t i = 0; i < broker->member_count; i++) {
        const struct queue_consumer *member = broker->members[i];
        for (const struct handed *at = member->process == process ? member->handed : NULL;
             at != NULL; at = at->next)
            if (at->push == push &&
                (at->since_ms <= had_ms || is_due(at, broker->world->now_ms + CLOCK_GRACE_MS)))
                return true;
    }
    return false;
}
