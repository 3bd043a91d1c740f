#include "dispatcher/intake.h"

#include "common/base/log.h"
#include "common/base/memory.h"
#include "dispatcher/admission.h"
#include "dispatcher/chain.h"
#include "dispatcher/delivery.h"
#include "dispatcher/gates.h"
#include "dispatcher/instruments.h"
#include "dispatcher/settle.h"

#include <stdlib.h>

struct intake {
    struct core *core;
    struct delivery *all; /* the newest first */
    struct delivery *oldest;
    struct timer *sweep;
    struct chains *chains;
    size_t count;
    size_t bytes;
    size_t attached;
    size_t copies_refused;
    bool open;
};

enum {
    SWEEP_MS = 1000,
    PATIENCE_MS = 1000, /* how long a line may stand still and fill more than its share */
    SHARE = 4,          /* the part of in_flight for all who wait in lines that stand still */
    ROOMY_SHARE = 8,    /* the part up to which one line may be long */
};

static void on_sweep(void *context);

struct intake *intake_new(struct core *core) {
    struct intake *intake = memory_new(sizeof *intake);

    intake->core = core;
    intake->chains = chains_new();
    intake->sweep = timer_new(core->parts.loop, on_sweep, intake);
    timer_start(intake->sweep, SWEEP_MS);
    return intake;
}

bool intake_has_room(const struct intake *intake) {
    const struct dispatcher_config *config = &intake->core->config->dispatcher;

    return intake->open && intake->copies_refused == 0 &&
           (int64_t)intake->count < config->in_flight &&
           (int64_t)intake->bytes < config->in_flight_bytes;
}

bool intake_is_open(const struct intake *intake) {
    return intake->open;
}

static void update_take(struct intake *intake) {
    queue_consumer_take(intake->core->consumer, intake_has_room(intake));
}

void intake_configured(struct intake *intake) {
    update_take(intake);
}

void intake_open(struct intake *intake, bool open) {
    intake->open = open;
    update_take(intake);
}

static void link_delivery(struct intake *intake, struct delivery *delivery) {
    delivery->next = intake->all;
    if (intake->all != NULL)
        intake->all->previous = delivery;
    else
        intake->oldest = delivery;
    intake->all = delivery;
    intake->count++;
    intake->attached++;
    intake->bytes += delivery->size_bytes;
}

static void unlink_delivery(struct intake *intake, struct delivery *delivery) {
    if (delivery->previous != NULL)
        delivery->previous->next = delivery->next;
    else
        intake->all = delivery->next;
    if (delivery->next != NULL)
        delivery->next->previous = delivery->previous;
    else
        intake->oldest = delivery->previous;
    intake->count--;
    intake->attached -= delivery->partition != NULL ? 1 : 0;
    intake->bytes -= delivery->size_bytes;
}

void intake_copy_refused(struct intake *intake, const struct error *error) {
    if (intake->copies_refused++ == 0)
        log_error("intake_stopped", log_text("lane", intake->core->lane),
                  log_text("reason", "a copy is not taken by the queue"),
                  log_text("detail", error->text));
    update_take(intake);
}

void intake_copy_taken(struct intake *intake) {
    if (--intake->copies_refused == 0)
        log_info("intake_goes_on", log_text("lane", intake->core->lane));
    update_take(intake);
}

/* Too many wait for its pushkey, or it has waited for too long. While that is because of a gate it
 * need not come back any sooner than what waits for the gate. */
static void move_busy(struct delivery *delivery) {
    struct ending ending = ending_of(OUTCOME_MOVED, "busy_pushkey");

    ending.is_untried = true;
    ending.retry_after_ms = gates_shut_for_ms(delivery);
    admission_ask_leaving(delivery, &ending);
}

/* Whether more than this part of what may be in flight waits in lines behind others. */
static bool lines_fill(const struct intake *intake, int64_t part) {
    const struct dispatcher_config *config = &intake->core->config->dispatcher;

    return (int64_t)chains_waiting(intake->chains) * part > config->in_flight ||
           (int64_t)chains_waiting_bytes(intake->chains) * part > config->in_flight_bytes;
}

/* Lines that stand still would leave no room to those that move. */
static bool is_crowded(const struct intake *intake) {
    return lines_fill(intake, SHARE);
}

/* A burst for one pushkey passes in seconds from memory, and in many rounds of the first retry
 * topic's delay from there. */
static size_t line_max(const struct intake *intake) {
    return lines_fill(intake, ROOMY_SHARE) ? CHAIN_LINE_MAX : CHAIN_LINE_ROOMY_MAX;
}

static bool stands_still(const struct delivery *delivery, int64_t now_ms) {
    const struct delivery *first = chain_first(delivery);

    return first != NULL && first != delivery && now_ms - first->taken_ms >= PATIENCE_MS;
}

/* Nothing that merely waits for its turn keeps a commit back for long, or fills what is others'. */
static void on_sweep(void *context) {
    struct intake *intake = context;
    int64_t now_ms = loop_monotonic_ms(intake->core->parts.loop);
    struct delivery *previous = NULL;

    for (struct delivery *delivery = intake->oldest; delivery != NULL; delivery = previous) {
        bool is_late = now_ms - delivery->taken_ms >= INTAKE_WAIT_MS;
        previous = delivery->previous;
        if (delivery->state != DELIVERY_QUEUED ||
            !(is_late || (is_crowded(intake) && stands_still(delivery, now_ms))))
            continue;
        chain_step_aside(delivery);
        move_busy(delivery);
    }
    timer_start(intake->sweep, SWEEP_MS);
}

static void queue_up(struct intake *intake, struct delivery *delivery) {
    if (!chain_join(intake->chains, delivery, line_max(intake))) {
        move_busy(delivery);
        return;
    }
    delivery_enter(delivery, DELIVERY_QUEUED);
    if (chain_is_first(delivery)) {
        admission_ask(delivery);
    } else if (is_crowded(intake) &&
               stands_still(delivery, loop_monotonic_ms(intake->core->parts.loop))) {
        chain_step_aside(delivery);
        move_busy(delivery);
    }
}

void intake_take(struct intake *intake, struct partition *partition, struct queue_record *record) {
    struct delivery *delivery = delivery_new_take(intake->core, partition, record);
    struct ending ending;
    bool is_usable = delivery_read(delivery, &ending);

    link_delivery(intake, delivery);
    update_take(intake);
    if (is_usable) {
        instruments_taken(intake->core, delivery->accepted_ms);
        queue_up(intake, delivery);
    } else if (ending.outcome == OUTCOME_MOVED && delivery->pushkey[0] != '\0') {
        chain_join_beside(intake->chains, delivery);
        admission_ask_leaving(delivery, &ending);
    } else {
        settle(delivery, &ending);
    }
}

void intake_remove(struct delivery *delivery) {
    struct core *core = delivery->core;
    struct intake *intake = core->intake;
    struct delivery *successor = chain_leave(intake->chains, delivery);

    gates_leave(delivery);
    unlink_delivery(intake, delivery);
    delivery_free(delivery);
    if (successor != NULL)
        admission_ask(successor);
    update_take(intake);
    core->progressed(core->progressed_context);
}

void intake_abandon_idle(struct intake *intake) {
    struct delivery *next = NULL;

    for (struct delivery *delivery = intake->all; delivery != NULL; delivery = next) {
        next = delivery->next;
        if (delivery->state == DELIVERY_QUEUED || delivery->state == DELIVERY_GATED) {
            chain_leave(intake->chains, delivery);
            gates_leave(delivery);
            unlink_delivery(intake, delivery);
            delivery_free(delivery);
        } else if (delivery->state == DELIVERY_ADMITTING || delivery->state == DELIVERY_PREPARING) {
            /* Something still calls back for it; its partition need not wait for that. */
            intake->attached -= delivery->partition != NULL ? 1 : 0;
            delivery->partition = NULL;
            delivery->abandoned = true;
        }
    }
}

void intake_detach(struct intake *intake) {
    for (struct delivery *delivery = intake->all; delivery != NULL; delivery = delivery->next)
        delivery->partition = NULL;
    intake->attached = 0;
}

void intake_free(struct intake *intake) {
    if (intake == NULL)
        return;
    timer_free(intake->sweep);
    chains_free(intake->chains);
    while (intake->all != NULL) {
        struct delivery *delivery = intake->all;
        intake->all = delivery->next;
        delivery_free(delivery);
    }
    free(intake);
}

void intake_note_oldest(const struct intake *intake) {
    for (const struct delivery *at = intake->all; at != NULL; at = at->next) {
        int64_t stamp_ms = at->record->timestamp_ms;
        if (at->partition == NULL)
            continue;
        int64_t due_ms = stamp_ms < 0 ? at->accepted_ms : stamp_ms + at->partition->delay_ms;
        if (due_ms < at->partition->oldest_ms)
            at->partition->oldest_ms = due_ms;
    }
}

size_t intake_in_flight(const struct intake *intake) {
    return intake->count;
}

size_t intake_in_flight_bytes(const struct intake *intake) {
    return intake->bytes;
}

size_t intake_attached(const struct intake *intake) {
    return intake->attached;
}
