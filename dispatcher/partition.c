#include "dispatcher/partition.h"

#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/queue/topics.h"
#include "dispatcher/gates.h"
#include "dispatcher/intake.h"

#include <stdlib.h>
#include <string.h>

struct partitions {
    struct core *core;
    struct partition **list;
    size_t count;
    bool spares_notes;
};

int64_t partition_wait_ms(int64_t timestamp_ms, int64_t delay_ms, int64_t now_ms) {
    int64_t wait_ms = timestamp_ms < 0 ? delay_ms : timestamp_ms + delay_ms - now_ms;

    if (wait_ms < 0)
        return 0;
    return wait_ms > delay_ms ? delay_ms : wait_ms;
}

const char *partition_state_name(enum partition_state state) {
    static const char *const names[PARTITION_STATE_COUNT] = {"reading", "holding", "full", "gated"};

    return names[state];
}

static void enter(struct partition *partition, enum partition_state state) {
    struct queue_consumer *consumer = partition->core->consumer;
    bool was_paused = partition->state != PARTITION_READING;
    bool is_paused = state != PARTITION_READING;

    log_debug("partition", log_text("topic", partition->topic),
              log_number("partition", partition->number),
              log_text("state", partition_state_name(state)));
    partition->state = state;
    partition->entered_ms = loop_monotonic_ms(partition->core->parts.loop);
    if (is_paused && !was_paused)
        queue_consumer_pause(consumer, partition->topic, partition->number);
    if (!is_paused && was_paused)
        queue_consumer_resume(consumer, partition->topic, partition->number);
}

static void note_taken(struct partition *partition, int64_t offset) {
    ledger_take(partition->ledger, offset);
    if (ledger_is_full(partition->ledger))
        enter(partition, PARTITION_FULL);
}

/* Into the ledger, and on its way. */
static void take(struct partition *partition, struct queue_record *record) {
    note_taken(partition, record->offset);
    intake_take(partition->core->intake, partition, record);
}

/* The owner before has brought it to its outcome, which may be a copy: another one of it would be
 * copied again by the next owner, and so on. */
static void pass_over(struct partition *partition, struct queue_record *record) {
    log_debug("settled_before", log_text("topic", partition->topic),
              log_number("partition", partition->number), log_number("offset", record->offset));
    note_taken(partition, record->offset);
    partition_settle(partition, record->offset);
    queue_record_free(record);
}

static void saw_stamp(struct core *core, int64_t stamp_ms) {
    queue_clock_at_least(&core->clock, stamp_ms, core_own_clock(core));
}

static void head_is_due(void *context) {
    struct partition *partition = context;
    struct queue_record *record = partition->held;

    /* What is due still waits for room, or retries could flood what back-pressure protects. */
    if (!intake_has_room(partition->core->intake)) {
        timer_start(partition->due, 100);
        return;
    }
    partition->held = NULL;
    /* It has waited here for as long as its topic says, so it is that late at the brokers too. */
    saw_stamp(partition->core, record->timestamp_ms + partition->delay_ms);
    take(partition, record);
    if (partition->state == PARTITION_HOLDING)
        enter(partition, PARTITION_READING);
}

static int64_t delay_of_topic(const struct core *core, const char *topic) {
    const struct config *config = core->config;
    char name[TOPIC_NAME_SIZE];

    for (size_t i = 0; i < config->retry.delays.count; i++) {
        topic_name(&config->queue, TOPIC_RETRY, core->lane, config->retry.delays.items_ms[i], name);
        if (strcmp(name, topic) == 0)
            return config->retry.delays.items_ms[i];
    }
    return 0;
}

static struct partition *partition_new(struct core *core, const struct queue_position *position) {
    struct partition *partition = memory_new(sizeof *partition);

    partition->core = core;
    partition->topic = memory_copy_text(position->topic);
    partition->number = position->partition;
    partition->delay_ms = delay_of_topic(core, position->topic);
    partition->ledger = ledger_new(position->offset, position->note);
    partition->committed = -1;
    if (partition->delay_ms > 0)
        partition->due = timer_new(core->parts.loop, head_is_due, partition);
    return partition;
}

static void partition_free(struct partition *partition) {
    if (partition->held != NULL)
        queue_record_free(partition->held);
    timer_free(partition->due);
    ledger_free(partition->ledger);
    buffer_free(&partition->note);
    free(partition->topic);
    free(partition);
}

struct partitions *partitions_new(struct core *core) {
    struct partitions *partitions = memory_new(sizeof *partitions);

    partitions->core = core;
    return partitions;
}

void partitions_free(struct partitions *partitions) {
    if (partitions == NULL)
        return;
    partitions_clear(partitions);
    free(partitions);
}

void partitions_assign(struct partitions *partitions, const struct queue_position *positions,
                       size_t count) {
    partitions->list = memory_new_array(count, sizeof(struct partition *));
    partitions->count = count;
    for (size_t i = 0; i < count; i++)
        partitions->list[i] = partition_new(partitions->core, &positions[i]);
}

void partitions_clear(struct partitions *partitions) {
    for (size_t i = 0; i < partitions->count; i++)
        partition_free(partitions->list[i]);
    free(partitions->list);
    partitions->list = NULL;
    partitions->count = 0;
}

size_t partitions_count(const struct partitions *partitions) {
    return partitions->count;
}

struct partition *partitions_at(const struct partitions *partitions, size_t index) {
    return partitions->list[index];
}

static struct partition *find(const struct partitions *partitions, const char *topic,
                              int32_t number) {
    for (size_t i = 0; i < partitions->count; i++) {
        struct partition *partition = partitions->list[i];
        if (partition->number == number && strcmp(partition->topic, topic) == 0)
            return partition;
    }
    return NULL;
}

void partitions_receive(struct partitions *partitions, struct queue_record *record) {
    struct core *core = partitions->core;
    struct partition *partition = find(partitions, record->topic, record->partition);

    if (partition == NULL) {
        queue_record_free(record);
        return;
    }
    saw_stamp(core, record->timestamp_ms);
    if (ledger_was_settled(partition->ledger, record->offset)) {
        pass_over(partition, record);
        return;
    }
    int64_t wait_ms =
        partition->delay_ms == 0
            ? 0
            : partition_wait_ms(record->timestamp_ms, partition->delay_ms, core_queue_ms(core));
    if (wait_ms == 0) {
        take(partition, record);
        return;
    }
    partition->held = record;
    enter(partition, PARTITION_HOLDING);
    timer_start(partition->due, wait_ms);
}

void partition_settle(struct partition *partition, int64_t offset) {
    ledger_settle(partition->ledger, offset);
    if (partition->state == PARTITION_FULL && !ledger_is_full(partition->ledger))
        enter(partition, PARTITION_READING);
}

void partition_note(struct partition *partition, bool is_gated) {
    if (partition == NULL)
        return;
    bool *oldest = &partition->gated[partition->watched_count++ % PARTITION_WATCHED];
    partition->gated_count += (is_gated ? 1 : 0);
    partition->gated_count -= (*oldest ? 1 : 0);
    *oldest = is_gated;
    if (partition->state == PARTITION_READING && is_gated &&
        partition->gated_count * 10 >= PARTITION_WATCHED * 9 &&
        !gates_are_flowing(partition->core->gates))
        enter(partition, PARTITION_GATED);
}

void partitions_reopen(struct partitions *partitions) {
    for (size_t i = 0; i < partitions->count; i++)
        if (partitions->list[i]->state == PARTITION_GATED)
            enter(partitions->list[i], PARTITION_READING);
}

int64_t partition_lag(const struct partition *partition) {
    int64_t end =
        queue_consumer_end_offset(partition->core->consumer, partition->topic, partition->number);
    int64_t from =
        partition->committed >= 0 ? partition->committed : ledger_position(partition->ledger);

    return end > from ? end - from : 0;
}

size_t partitions_commit(struct partitions *partitions, bool force) {
    struct queue_position *positions =
        memory_new_array(partitions->count, sizeof(struct queue_position));
    size_t count = 0;

    for (size_t i = 0; i < partitions->count; i++) {
        struct partition *partition = partitions->list[i];
        int64_t position = ledger_position(partition->ledger);
        uint64_t settled = ledger_settled_count(partition->ledger);
        if (position == partition->committed && settled == partition->committed_count && !force)
            continue;
        partition->committed = position;
        partition->committed_count = settled;
        buffer_clear(&partition->note);
        if (!partitions->spares_notes)
            ledger_write_note(partition->ledger, &partition->note);
        positions[count++] = (struct queue_position){
            .topic = partition->topic,
            .partition = partition->number,
            .offset = position,
            .note = partition->note.size > 0 ? buffer_text(&partition->note) : NULL};
    }
    if (count > 0)
        queue_consumer_commit(partitions->core->consumer, positions, count);
    partitions->spares_notes = partitions->spares_notes && count == 0;
    free(positions);
    return count;
}

/* It may be for a note, where brokers keep shorter ones: the next commit does without. */
void partitions_commit_failed(struct partitions *partitions) {
    partitions->spares_notes = true;
    for (size_t i = 0; i < partitions->count; i++)
        partitions->list[i]->committed = -1;
}
