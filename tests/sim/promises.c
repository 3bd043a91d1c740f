#include "tests/sim/promises.h"

#include "common/base/memory.h"
#include "tests/sim/conduct.h"
#include "tests/sim/weather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long a delivery that a provider has answered may take to be marked. */
enum { MARK_MS = 1000 };

struct promises *promises_new(void) {
    return memory_new(sizeof(struct promises));
}

size_t promises_add(struct world *world, struct phone *phone, enum push_form form) {
    struct promises *promises = world->promises;
    size_t number = promises->count++;

    promises->pushes[number] =
        (struct push){.phone = phone, .form = form, .registered_ms = phone->registered_ms};
    return number;
}

static struct push *push_of(struct world *world, long long number) {
    if (number >= 0 && (size_t)number < world->promises->count)
        return &world->promises->pushes[number];
    world_broken(world, "somebody speaks of push %lld, which nobody sent", number);
    return NULL;
}

void promises_write_id(struct world *world, size_t number, char out[RECORD_ID_SIZE]) {
    snprintf(out, RECORD_ID_SIZE, "%08zx-0000-4000-8000-%012llx", number,
             (unsigned long long)world_random(world, 1u << 31));
}

long long promises_by_id(struct slice id) {
    char digits[9] = "";

    if (id.size != RECORD_ID_SIZE - 1)
        return -1;
    memcpy(digits, id.data, sizeof digits - 1);
    return strtoll(digits, NULL, 16);
}

/* What was delivered cannot be known for sure now. */
static bool is_in_doubt(const struct world *world) {
    return world->promises->zombies > 0 || world->weather->redis_away || world->weather->redis_slow;
}

static bool is_held_by(const struct push *push, const struct process *process) {
    unsigned held = 0;

    for (int i = 0; i < NODES; i++)
        held += process == NULL || process->number == i ? push->held[i] : 0;
    return held > 0;
}

/* ---- Faults and their excuses ---- */

void promises_meet(struct world *world, long long number, enum fault fault) {
    struct push *push = push_of(world, number);

    if (push != NULL)
        push->faults |= UINT64_C(1) << fault;
}

void promises_meet_held(struct world *world, const struct process *process, enum fault fault) {
    for (size_t i = 0; i < world->promises->count; i++)
        if (is_held_by(&world->promises->pushes[i], process))
            world->promises->pushes[i].faults |= UINT64_C(1) << fault;
}

/* What a phone surely got is not known to the fleet if its mark may be lost. */
static void doubt_phones(struct world *world, int64_t since_ms) {
    for (size_t i = 0; i < world->cast->phone_count; i++)
        if (world->cast->phones[i].newest_told_ms >= since_ms)
            world->cast->phones[i].newest_ms = 0;
}

void promises_excuse_held(struct world *world, const struct process *process) {
    for (size_t i = 0; i < world->promises->count; i++)
        if (is_held_by(&world->promises->pushes[i], process))
            world->promises->pushes[i].excused = true;
    doubt_phones(world, world->now_ms - MARK_MS);
}

void promises_excuse_live(struct world *world) {
    for (size_t i = 0; i < world->promises->count; i++)
        if (world->promises->pushes[i].copies_live > 0)
            world->promises->pushes[i].excused = true;
    doubt_phones(world, 0);
}

void promises_excuse_all(struct world *world) {
    for (size_t i = 0; i < world->promises->count; i++)
        world->promises->pushes[i].excused = true;
    doubt_phones(world, 0);
}

/* ---- Who has it in hand ---- */

void promises_taken(struct world *world, long long number, const struct process *process) {
    struct push *push = push_of(world, number);

    if (push != NULL)
        push->held[process->number]++;
}

void promises_dropped_by(struct world *world, const struct process *process) {
    for (size_t i = 0; i < world->promises->count; i++)
        world->promises->pushes[i].held[process->number] = 0;
}

/* ---- The phone ---- */

static void check_badge(struct world *world, long long number, const struct push *push,
                        long long count) {
    const struct phone *phone = push->phone;

    if (!push->excused && count >= 0 && phone->newest_ms > push->accepted_ms && !is_in_doubt(world))
        world_broken(world,
                     "push %lld brings the count %lld after %lld, which is known to have arrived",
                     number, count, phone->newest_count);
}

void promises_reached(struct world *world, long long number, long long count) {
    struct push *push = push_of(world, number);

    if (push == NULL)
        return;
    push->excused = push->excused || is_in_doubt(world);
    push->delivered++;
    world_trace(world, "push %lld reaches its phone (%s%s), time %d, %s", number,
                push->phone->app_id,
                world->cast->apps[push->phone->app].hosts > 1 ? ", an endpoint" : "",
                push->delivered, count < 0 ? "without count" : "with its count");
    if (push->delivered > 1) {
        world->promises->second_deliveries++;
        push->outcomes |= 1u << TALLY_TWICE;
        if (!push->excused)
            world_broken(world, "push %lld is sent twice, and nothing got lost", number);
    }
    check_badge(world, number, push, count);
}

void promises_took(struct world *world, long long number, long long count) {
    struct push *push = push_of(world, number);

    if (push == NULL)
        return;
    world->promises->successes[push->phone->app]++;
    if (push->took_ms == 0)
        push->took_ms = world->now_ms;
    if (count >= 0 && push->first_ms >= push->phone->newest_ms && !is_in_doubt(world)) {
        push->phone->newest_ms = push->first_ms;
        push->phone->newest_told_ms = world->now_ms;
        push->phone->newest_count = count;
    }
}

void promises_said_dead(struct world *world, long long number, bool is_certain) {
    struct push *push = push_of(world, number);

    if (push == NULL)
        return;
    if (push->phone->said_dead_ms < push->registered_ms)
        push->phone->said_dead_ms = push->registered_ms;
    push->phone->said_uncertain = push->phone->said_uncertain || !is_certain;
}

void promises_judged(struct world *world, const char *h, int64_t registered_ms) {
    const struct phone *phone = cast_find(world->cast, h);

    if (phone == NULL)
        world_broken(world, "a verdict on a pushkey that nobody has");
    else if (phone->said_dead_ms < registered_ms)
        world_broken(world, "a verdict on a pushkey of %s that no answer called dead",
                     phone->app_id);
    else if (phone->life == LIFE_ALIVE && registered_ms >= phone->registered_ms)
        world_broken(world, "a verdict on a pushkey of %s that lives", phone->app_id);
}

/* ---- Outcomes ---- */

/* NULL, or why this end may not be. */
static const char *fault_of_reject(const struct push *push) {
    return push->phone->said_dead_ms >= push->registered_ms ? NULL : "and nobody called it dead";
}

static const char *fault_of_drop(const struct world *world, const struct push *push,
                                 const char *reason) {
    int64_t ttl_ms = world->cast->apps[push->phone->app].ttl_ms;
    int64_t age_ms = world->now_ms - push->first_ms;

    if (strcmp(reason, "duplicate") == 0)
        return push->delivered > 0 ? NULL : "and it was never delivered";
    if (strcmp(reason, "expired") == 0)
        return ttl_ms > 0 && age_ms >= ttl_ms ? NULL : "before its time";
    if (strcmp(reason, "superseded") == 0)
        return push->form == PUSH_BADGE ? NULL : "and it is no mere count";
    return "for no reason there is";
}

/* A living phone's push dies of age only after everything was tried for two hours, and no trouble
 * here lasts that long. */
static const char *fault_of_death(const struct push *push) {
    if (push->form == PUSH_UNREADABLE || push->phone->life != LIFE_ALIVE ||
        push->registered_ms < push->phone->registered_ms)
        return NULL;
    return "although its phone lives";
}

/* One that goes because others of its pushkey are under way may be a second record of one that is.
 */
static void let_go(struct world *world, struct push *push, bool is_busy) {
    int process = world->current->number;
    unsigned bit = 1u << process;

    push->held[process] -= push->held[process] > 0 ? 1 : 0;
    if (is_busy)
        return;
    if ((push->troubled & bit) == 0)
        return;
    push->phone->troubled--;
    push->troubled &= ~bit;
    conduct_moved(world, push);
}

void promises_settled(struct world *world, long long number, enum outcome outcome,
                      const char *reason) {
    struct push *push = push_of(world, number);
    const char *fault = NULL;

    if (push == NULL)
        return;
    push->outcomes |= 1u << outcome;
    if (outcome == OUTCOME_DELIVERED && push->delivered == 0)
        fault = "and no phone got it";
    else if (outcome == OUTCOME_REJECTED)
        fault = fault_of_reject(push);
    else if (outcome == OUTCOME_DROPPED)
        fault = fault_of_drop(world, push, reason);
    else if (outcome == OUTCOME_DEAD)
        fault = fault_of_death(push);
    if (fault != NULL)
        world_broken(world, "push %lld is %s (%s) %s", number, outcome_name(outcome), reason,
                     fault);
    push->ended = push->ended || outcome == OUTCOME_REJECTED || outcome == OUTCOME_DROPPED;
    if (world->current != NULL)
        let_go(world, push, strcmp(reason, "busy_pushkey") == 0);
}

void promises_passed(struct world *world, long long number) {
    struct push *push = push_of(world, number);

    if (push == NULL)
        return;
    push->copies_live--;
    if (push->copies_live == 0 && push->delivered == 0 && !push->is_dead_letter && !push->ended)
        world_broken(world, "a commit passes push %lld, which has no outcome", number);
}

/* ---- The end ---- */

void promises_check_end(struct world *world) {
    for (size_t i = 0; i < world->promises->count; i++) {
        const struct push *push = &world->promises->pushes[i];
        tally_push(world->tally, push->faults, push->outcomes);
        if (!push->accepted)
            continue;
        if (push->delivered == 0 && !push->ended && !push->is_dead_letter)
            world_broken(world, "push %zu was accepted and is lost", i);
        if (push->copies_live > 0)
            world_broken(world, "push %zu is still under way in the end", i);
    }
}
