/* Records in the memory of a member: copies, so that a use after free is one, and counted, so that
 * the bounds hold. */
#include "common/base/memory.h"
#include "tests/sim/broker.h"
#include "tests/sim/promises.h"
#include "tests/sim/weather.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORD_BYTES_MAX = 64 * 1024,
    HELD_MAX = TOPICS_MAX * PARTITIONS_MAX, /* one of each retry partition waits to be due */
    END_MS = 8 * 60 * 1000,
};

struct handed {
    struct queue_record record;
    struct queue_consumer *member;
    long long push;
    int64_t since_ms;
    struct handed *next;
    struct handed *previous;
};

static void check_bounds(const struct queue_consumer *member) {
    struct world *world = member->broker->world;

    if (member->handed_count > (size_t)member->in_flight + HELD_MAX)
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

/* What waits to be due waits for as long as the longest delay; everything else is settled long
 * before, unless nothing can be settled. */
void broker_check_handed(struct broker *broker) {
    for (size_t i = 0; i < broker->member_count; i++)
        for (const struct handed *handed = broker->members[i]->handed; handed != NULL;
             handed = handed->next)
            if (strstr(handed->record.topic, "push.") != NULL &&
                broker->world->now_ms - handed->since_ms > END_MS)
                world_broken(broker->world, "dispatcher %d has had push %lld for %lld ms",
                             broker->members[i]->process->number, handed->push,
                             (long long)(broker->world->now_ms - handed->since_ms));
}
