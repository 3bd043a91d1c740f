#include "dispatcher/settle.h"

#include "common/base/log.h"
#include "common/queue/topics.h"
#include "dispatcher/delivery.h"
#include "dispatcher/instruments.h"
#include "dispatcher/intake.h"

#include <string.h>

enum { COPY_PAUSE_MS = 1000 };

/* Counts and logs a durable outcome, and only then lets the partition's commit pass it. */
static void tell_ledger(struct delivery *delivery) {
    struct core *core = delivery->core;
    const struct ending *ending = &delivery->ending;

    instruments_settled(core, delivery->app, ending, core_queue_ms(core) - delivery->accepted_ms);
    log_with(ending->is_configuration ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "settled",
             log_text("id", delivery->meta.id), log_text("lane", core->lane),
             log_text("app_id", delivery->app == NULL ? NULL : delivery->app->pattern),
             log_text("pushkey", delivery->pushkey[0] == '\0' ? NULL : delivery->pushkey),
             log_text("outcome", outcome_name(ending->outcome)), log_text("reason", ending->reason),
             log_number("attempt", delivery->meta.attempt));
    partition_settle(delivery->partition, delivery->record->offset);
}

static void finish(struct delivery *delivery) {
    if (delivery->partition != NULL)
        tell_ledger(delivery);
    else
        instruments_late(delivery->core);
    intake_remove(delivery);
}

static void written(void *context, const struct error *error) {
    struct delivery *delivery = context;

    /* Without Redis a push may be sent twice or a dead pushkey be asked again: never a loss. */
    instruments_state_answered(delivery->core, error == NULL);
    finish(delivery);
}

static void mark(struct delivery *delivery) {
    struct state *state = delivery->core->parts.state;
    int64_t now_ms = loop_wall_ms(delivery->core->parts.loop);
    struct verdict verdict = {.code = delivery->ending.code, .at_ms = now_ms};

    if (delivery->ending.outcome == OUTCOME_DELIVERED && delivery->has_seen) {
        state_mark_seen(state, delivery->seen, written, delivery);
    } else if (delivery->ending.earns_verdict) {
        memcpy(verdict.reason, delivery->ending.reason, sizeof verdict.reason - 1);
        verdict.pushkey_ts_ms = verdict_pushkey_ts_ms(delivery->device->pushkey_ts, now_ms);
        state_write_verdict(state, delivery->pushkey, &verdict, written, delivery);
    } else {
        finish(delivery);
    }
}

static void publish_copy(struct delivery *delivery);

static void copy_again(void *context) {
    struct delivery *delivery = context;

    if (delivery->partition == NULL)
        finish(delivery);
    else
        publish_copy(delivery);
}

static void wait_and_copy(struct delivery *delivery, const struct error *error) {
    log_error("copy_failed", log_text("id", delivery->meta.id),
              log_text("lane", delivery->core->lane), log_text("reason", error->text));
    instruments_copy_failed(delivery->core);
    if (delivery->pause == NULL)
        delivery->pause = timer_new(delivery->core->parts.loop, copy_again, delivery);
    timer_start(delivery->pause, COPY_PAUSE_MS);
}

static void acknowledged(void *context, const struct error *error) {
    struct delivery *delivery = context;
    struct core *core = delivery->core;
    int64_t lead_ms = 0;

    if (error == NULL && queue_producer_clock_lead_ms(core->parts.producer, &lead_ms))
        queue_clock_set_lead(&core->clock, lead_ms);

    if (error != NULL && delivery->partition != NULL)
        wait_and_copy(delivery, error);
    else
        finish(delivery);
}

/* The same bytes under the same key; the headers say what happened. */
static void publish_copy(struct delivery *delivery) {
    struct core *core = delivery->core;
    const struct config *config = core->parts.config;
    const struct ending *ending = &delivery->ending;
    struct record_meta meta = delivery->meta;
    struct record_scratch scratch;
    struct header headers[RECORD_HEADERS_MAX];
    char topic[TOPIC_NAME_SIZE];
    struct error error;

    meta.accepted_ms = delivery->accepted_ms;
    memcpy(meta.reason, ending->reason, sizeof meta.reason);
    if (ending->outcome == OUTCOME_DEAD) {
        topic_name(&config->queue, TOPIC_DEAD, core->lane, 0, topic);
    } else {
        int64_t tried = ending->is_untried ? 0 : meta.attempt;
        topic_name(&config->queue, TOPIC_RETRY, core->lane,
                   decide_delay_ms(&config->retry.delays, tried, ending->retry_after_ms), topic);
        meta.attempt += ending->is_untried ? 0 : 1;
    }
    struct queue_message message = {
        .topic = topic,
        .key = delivery->record->key,
        .value = delivery->record->value,
        .headers = headers,
        .header_count = record_meta_write(&meta, &scratch, headers),
    };
    if (!queue_producer_send(core->parts.producer, &message, acknowledged, delivery, &error))
        wait_and_copy(delivery, &error);
}

void settle(struct delivery *delivery, const struct ending *ending) {
    delivery->ending = *ending;
    delivery_enter(delivery, DELIVERY_SETTLING);
    bool lives_on = ending->outcome == OUTCOME_MOVED || ending->outcome == OUTCOME_DEAD;
    if (!lives_on)
        mark(delivery);
    else if (delivery->partition != NULL)
        publish_copy(delivery);
    else
        finish(delivery);
}
