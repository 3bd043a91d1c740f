#include "dispatcher/settle.h"

#include "common/base/log.h"
#include "common/queue/topics.h"
#include "dispatcher/credential.h"
#include "dispatcher/delivery.h"
#include "dispatcher/delivery_trace.h"
#include "dispatcher/instruments.h"
#include "dispatcher/intake.h"
#include "dispatcher/recent.h"

#include <stdlib.h>
#include <string.h>

enum { COPY_PAUSE_MS = 1000 };

/* Counts and logs a durable outcome, and only then lets the partition's commit pass it. */
static void tell_ledger(struct delivery *delivery) {
    struct core *core = delivery->core;
    const struct ending *ending = &delivery->ending;

    instruments_settled(core, delivery->app, ending, core_queue_ms(core) - delivery->accepted_ms);
    recent_settled(core->recent, &(struct recent_ending){
                                     .at_ms = loop_wall_ms(core->parts.loop),
                                     .outcome = ending->outcome,
                                     .reason = ending->reason,
                                     .app = delivery->app == NULL ? NULL : delivery->app->pattern,
                                     .id = delivery->meta.id,
                                     .pushkey = delivery->pushkey,
                                     .attempt = delivery->meta.attempt,
                                     .code = ending->code,
                                 });
    log_with(ending->is_configuration ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "settled",
             log_text("id", delivery->meta.id), log_text("lane", core->lane),
             log_text("app_id", delivery->app == NULL ? NULL : delivery->app->pattern),
             log_text("pushkey", delivery->pushkey[0] == '\0' ? NULL : delivery->pushkey),
             log_text("outcome", outcome_name(ending->outcome)), log_text("reason", ending->reason),
             log_number("attempt", delivery->meta.attempt));
    partition_settle(delivery->partition, delivery->record->offset);
}

static void finish(struct delivery *delivery) {
    if (delivery->is_copy_refused)
        intake_copy_taken(delivery->core->intake);
    if (delivery->partition != NULL)
        tell_ledger(delivery);
    else
        instruments_late(delivery->core);
    if (delivery->trace != NULL)
        delivery_trace_settled(delivery);
    intake_remove(delivery);
}

static void written(void *context, const struct error *error) {
    struct delivery *delivery = context;

    /* Without Redis a push may be sent twice or a dead pushkey be asked again: never a loss. */
    instruments_state_answered(delivery->core, error == NULL);
    if (--delivery->writes == 0)
        finish(delivery);
}

/* ---- Marks ---- */

static bool has_counts(const struct delivery *delivery) {
    const struct notification *notification = delivery->notification;

    return delivery->place.chain != NULL &&
           (notification->has_unread || notification->has_missed_calls);
}

/* Its counts have reached the pushkey, or may have. */
static void note_newest(struct delivery *delivery) {
    if (has_counts(delivery) && !delivery->is_outdated)
        chain_note_newest(delivery, delivery->accepted_ms);
}

static void hold_written(void *context, const struct error *error) {
    struct delivery *delivery = context;

    if (error == NULL)
        chain_kept(delivery, &delivery->written);
    written(context, error);
}

static void write_hold(struct delivery *delivery) {
    struct core *core = delivery->core;

    delivery->writes++;
    delivery->written = *chain_hold(delivery);
    state_write_hold(core->parts.state, delivery->pushkey, &delivery->written,
                     core->config->retry.max_age_ms, hold_written, delivery);
}

static void mark_delivered(struct delivery *delivery) {
    note_newest(delivery);
    if (chain_has_news(delivery))
        write_hold(delivery);
    if (delivery->has_seen) {
        delivery->writes++;
        state_mark_seen(delivery->core->parts.state, delivery->seen, written, delivery);
    }
}

static void write_verdict(struct delivery *delivery) {
    int64_t now_ms = loop_wall_ms(delivery->core->parts.loop);
    struct verdict verdict = {.code = delivery->ending.code, .at_ms = now_ms};

    memcpy(verdict.reason, delivery->ending.reason, sizeof verdict.reason - 1);
    verdict.pushkey_ts_ms = verdict_pushkey_ts_ms(delivery->device->pushkey_ts, now_ms);
    delivery->writes++;
    state_write_verdict(delivery->core->parts.state, delivery->pushkey, &verdict, written,
                        delivery);
}

static void mark(struct delivery *delivery) {
    if (delivery->ending.outcome == OUTCOME_DELIVERED)
        mark_delivered(delivery);
    else if (delivery->ending.earns_verdict)
        write_verdict(delivery);
    if (delivery->writes == 0)
        finish(delivery);
}

/* A copy lives in a retry topic from here on. Its pushkey waits with it, or what is delivered
 * meanwhile has at least to be noted. */
static void hold(struct delivery *delivery) {
    const struct ending *ending = &delivery->ending;
    bool is_kept = ending->outcome == OUTCOME_MOVED && delivery->place.chain != NULL;

    if (is_kept && ending->holds)
        chain_hold_until(delivery, core_queue_ms(delivery->core) + (ending->retry_after_ms > 0
                                                                        ? ending->retry_after_ms
                                                                        : delivery->delay_ms));
    if (is_kept && chain_has_news(delivery))
        write_hold(delivery);
    else
        finish(delivery);
}

/* What another delivery of its pushkey does meanwhile has to be seen by whoever reads the copy; and
 * its counts may have arrived although nobody said so. */
static void announce_copy(struct delivery *delivery) {
    if (has_counts(delivery))
        chain_keep(delivery);
    if (delivery->ending.is_uncertain)
        note_newest(delivery);
}

/* ---- Copies ---- */

static void publish_copy(struct delivery *delivery);

static void copy_again(void *context) {
    struct delivery *delivery = context;

    if (delivery->partition == NULL)
        finish(delivery);
    else
        publish_copy(delivery);
}

/* While copies are not taken nothing new is begun: it could not be put away either. */
static void wait_and_copy(struct delivery *delivery, const struct error *error) {
    if (!delivery->is_copy_refused)
        intake_copy_refused(delivery->core->intake, error);
    delivery->is_copy_refused = true;
    instruments_copy_failed(delivery->core);
    if (delivery->pause == NULL)
        delivery->pause = timer_new(delivery->core->parts.loop, copy_again, delivery);
    timer_start(delivery->pause, COPY_PAUSE_MS);
}

static void acknowledged(void *context, const struct error *error) {
    struct delivery *delivery = context;
    struct core *core = delivery->core;
    int64_t lead_ms = 0;

    if (error == NULL && queue_producer_clock_lead_ms(core->parts.producer, &lead_ms)) {
        queue_clock_set_lead(&core->clock, lead_ms, core_own_clock(core));
        credentials_set_clock_lead(core->parts.credentials, lead_ms);
    }

    if (error == NULL && delivery->partition != NULL)
        hold(delivery);
    else if (delivery->partition != NULL)
        wait_and_copy(delivery, error);
    else
        finish(delivery);
}

/* A copy that is too large by itself would hold up all that is behind it for good. It becomes a
 * dead letter that says so; the record stays where it is for as long as its topic keeps it. */
static void cut(struct delivery *delivery) {
    const struct queue_record *record = delivery->record;

    log_error("copy_too_large", log_text("id", delivery->meta.id), log_text("topic", record->topic),
              log_number("partition", record->partition), log_number("offset", record->offset));
    delivery->is_cut = true;
    delivery->ending = ending_of(OUTCOME_DEAD, "too_large");
    publish_copy(delivery);
}

/* The same bytes under the same key, unless they are too many; our headers say what happened, those
 * of others stay. */
static void publish_copy(struct delivery *delivery) {
    struct core *core = delivery->core;
    const struct config *config = core->config;
    const struct ending *ending = &delivery->ending;
    struct record_meta meta = delivery->meta;
    struct record_scratch scratch;
    const struct queue_record *record = delivery->record;
    char topic[TOPIC_NAME_SIZE];
    struct error error;

    meta.accepted_ms = delivery->accepted_ms;
    memcpy(meta.reason, ending->reason, sizeof meta.reason);
    if (delivery->trace != NULL)
        meta.trace = delivery_trace_context(delivery);
    if (ending->outcome == OUTCOME_DEAD) {
        topic_name(&config->queue, TOPIC_DEAD, core->lane, 0, topic);
    } else {
        int64_t tried = ending->is_untried ? 0 : meta.attempt;
        delivery->delay_ms = decide_delay_ms(&config->retry.delays, tried, ending->retry_after_ms);
        topic_name(&config->queue, TOPIC_RETRY, core->lane, delivery->delay_ms, topic);
        meta.attempt += ending->is_untried ? 0 : 1;
    }
    size_t count = 0;
    struct header *headers = record_copy_headers(
        &meta, &scratch, record->headers, delivery->is_cut ? 0 : record->header_count, &count);
    struct queue_message message = {
        .topic = topic,
        .key = delivery->is_cut ? (struct slice){0} : record->key,
        .value = delivery->is_cut ? (struct slice){0} : record->value,
        .headers = headers,
        .header_count = count,
    };
    bool sent = queue_producer_send(core->parts.producer, &message, acknowledged, delivery, &error);
    free(headers);
    if (!sent && error.code == ERROR_TOO_LARGE && !delivery->is_cut)
        cut(delivery);
    else if (!sent)
        wait_and_copy(delivery, &error);
}

void settle(struct delivery *delivery, const struct ending *ending) {
    gates_leave(delivery);
    delivery->ending = *ending;
    delivery_enter(delivery, DELIVERY_SETTLING);
    bool lives_on = ending->outcome == OUTCOME_MOVED || ending->outcome == OUTCOME_DEAD;
    if (ending->outcome == OUTCOME_MOVED)
        announce_copy(delivery);
    if (!lives_on)
        mark(delivery);
    else if (delivery->partition != NULL)
        publish_copy(delivery);
    else
        finish(delivery);
}
