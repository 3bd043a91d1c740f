#include "dispatcher/delivery.h"

#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "dispatcher/delivery_trace.h"
#include "dispatcher/instruments.h"
#include "dispatcher/intake.h"
#include "dispatcher/recent.h"
#include "dispatcher/settle.h"

#include <stdlib.h>
#include <string.h>

static void encode_and_send(struct delivery *delivery, const struct credential *credential);

void delivery_enter(struct delivery *delivery, enum delivery_state state) {
    static const char *const names[] = {"queued",    "admitting", "gated",
                                        "preparing", "sending",   "settling"};

    if (log_enabled(LOG_LEVEL_DEBUG))
        log_debug("delivery", log_text("id", delivery->meta.id),
                  log_text("from", names[delivery->state]), log_text("to", names[state]));
    delivery->state = state;
}

static size_t size_of(const struct queue_record *record) {
    size_t bytes = sizeof *record + record->key.size + record->value.size;

    for (size_t i = 0; i < record->header_count; i++)
        bytes += sizeof record->headers[i] + strlen(record->headers[i].name) +
                 record->headers[i].value.size;
    return bytes;
}

struct delivery *delivery_new_take(struct core *core, struct partition *partition,
                                   struct queue_record *record) {
    struct delivery *delivery = memory_new(sizeof *delivery);

    delivery->core = core;
    delivery->config = config_hold(core->config);
    delivery->partition = partition;
    delivery->record = record;
    delivery->size_bytes = sizeof *delivery + size_of(record);
    delivery->taken_ms = loop_monotonic_ms(core->parts.loop);
    return delivery;
}

static void read_headers(struct delivery *delivery) {
    struct loop *loop = delivery->core->parts.loop;
    const struct queue_record *record = delivery->record;
    struct record_meta *meta = &delivery->meta;
    unsigned char random[16];

    record_meta_read(record->headers, record->header_count, meta);
    delivery->has_seen = meta->id[0] != '\0';
    if (!delivery->has_seen) {
        loop_random(loop, random, sizeof random);
        record_id_format(random, meta->id);
    }
    delivery->accepted_ms = meta->accepted_ms > 0      ? meta->accepted_ms
                            : record->timestamp_ms > 0 ? record->timestamp_ms
                                                       : core_queue_ms(delivery->core);
    if (meta->is_traced && delivery->core->parts.trace != NULL)
        delivery_trace_taken(delivery);
}

static void name_it(struct delivery *delivery) {
    const struct device *device = delivery->device;
    struct slice event = notification_event(delivery->notification);

    identity_pushkey(device->app_id, device->pushkey, delivery->pushkey);
    delivery->has_seen = delivery->has_seen || event.size > 0;
    delivery->seen = event.size > 0
                         ? identity_event(device->app_id, device->pushkey, event, device->data)
                         : identity_record(slice_of(delivery->meta.id));
}

/* A clock that no broker has confirmed ends nothing: the acknowledgement of a copy confirms it, and
 * the copy is judged by that. */
static bool is_over(const struct delivery *delivery, int64_t age_ms, struct ending *out) {
    int64_t ttl_ms = delivery->app == NULL ? 0 : delivery->app->ttl_ms;
    bool over = decide_age(age_ms, ttl_ms, delivery->config->retry.max_age_ms, out);

    if (over && !delivery->core->clock.is_learnt) {
        *out = ending_of(OUTCOME_MOVED, "clock_unconfirmed");
        out->is_untried = true;
    }
    return over;
}

bool delivery_read(struct delivery *delivery, struct ending *out) {
    const struct config *config = delivery->config;
    struct error error;

    read_headers(delivery);
    int64_t age_ms = core_queue_ms(delivery->core) - delivery->accepted_ms;
    if (delivery->meta.version > RECORD_VERSION) {
        *out = ending_of(OUTCOME_MOVED, "newer_version");
        return false;
    }
    if (notification_parse(delivery->record->value, 1, &delivery->notification, &error) !=
        NOTIFICATION_OK) {
        *out = ending_of(OUTCOME_DEAD, "unreadable");
        return false;
    }
    delivery->size_bytes += delivery->notification->footprint_bytes;
    delivery->device = &delivery->notification->devices[0];
    if (delivery->device->fault != NULL) {
        *out = ending_of(OUTCOME_DEAD, "malformed_device");
        return false;
    }
    name_it(delivery);
    delivery->app = apps_find(&config->apps, delivery->device->app_id);
    if (delivery->app != NULL)
        config_note_traffic(config, delivery->app, loop_wall_ms(delivery->core->parts.loop));
    if (is_over(delivery, age_ms, out))
        return false;
    if (delivery->app == NULL) {
        *out = ending_of(OUTCOME_MOVED, "unknown_app");
        out->is_configuration = true;
        out->is_untried = true;
        out->is_gated = true;
        /* A latch that only another configuration opens: looked at again the later the older. */
        out->retry_after_ms = age_ms;
        return false;
    }
    delivery->provider = provider_for(delivery->app->kind);
    const char *fault = delivery->provider == NULL
                            ? "retired_app"
                            : delivery->provider->check(delivery->app, delivery->device);
    if (fault != NULL) {
        *out = ending_of(OUTCOME_REJECTED, fault);
        out->earns_verdict = delivery->provider != NULL;
    }
    return fault == NULL;
}

void delivery_free(struct delivery *delivery) {
    notification_free(delivery->notification);
    queue_record_free(delivery->record);
    memory_free_secret(delivery->authorization);
    timer_free(delivery->pause);
    free(delivery->trace);
    config_release(delivery->config);
    free(delivery);
}

uint64_t delivery_pushkey_number(const struct delivery *delivery) {
    return hash_table_key(slice_of(delivery->pushkey));
}

static uint32_t random_number(struct delivery *delivery) {
    uint32_t number = 0;

    loop_random(delivery->core->parts.loop, &number, sizeof number);
    return number;
}

static void fetched(void *context, enum credential_result result,
                    const struct credential *credential, const char *reason) {
    struct delivery *delivery = context;
    struct ending ending;

    if (delivery->abandoned) {
        intake_remove(delivery);
    } else if (result == CREDENTIAL_READY) {
        encode_and_send(delivery, credential);
    } else {
        decide_credential(result, reason, &ending);
        gates_learn_credential(
            delivery, &(struct gate_report){.news = result == CREDENTIAL_BROKEN ? GATE_MISCONFIGURED
                                                                                : GATE_TROUBLE,
                                            .pushkey = delivery_pushkey_number(delivery),
                                            .reason = reason,
                                            .cause = decide_cause_credential(result),
                                            .random = random_number(delivery)});
        settle(delivery, &ending);
    }
}

/* Whom the credential is made out to; in the arena, until the next encoding. */
static struct slice audience_of(const struct delivery *delivery) {
    struct arena *arena = delivery->core->arena;

    if (delivery->provider->audience == NULL)
        return (struct slice){0};
    arena_reset(arena);
    return delivery->provider->audience(delivery->app, delivery->device, arena);
}

void delivery_send(struct delivery *delivery) {
    struct credentials *credentials = delivery->core->parts.credentials;
    const struct slice audience = audience_of(delivery);
    struct credential credential;

    delivery_enter(delivery, DELIVERY_PREPARING);
    if (credential_cached(credentials, delivery->app, audience, &credential))
        encode_and_send(delivery, &credential);
    else
        credential_fetch(credentials, delivery->app, audience, fetched, delivery);
}

static void follow(struct delivery *delivery, enum step step, const struct ending *ending) {
    struct credentials *credentials = delivery->core->parts.credentials;

    /* Without its partition the record belongs to somebody else, who will send it. */
    if (step == STEP_END || delivery->partition == NULL) {
        settle(delivery, ending);
        return;
    }
    if (step == STEP_NEW_CREDENTIAL)
        credential_forget(credentials, delivery->app, audience_of(delivery),
                          slice_of(delivery->authorization));
    delivery_send(delivery);
}

/* What the end of this send says of all the others; and whether an ambiguous answer was earned. */
static void tell_gates(struct delivery *delivery, const struct sender_outcome *outcome,
                       enum answer_meaning meaning, struct ending *ending) {
    bool is_answered = outcome->result == SENDER_ANSWERED;
    bool is_host = delivery->provider->host != NULL;
    struct gate_report report = {
        .news = is_answered ? decide_news(meaning, ending, is_host)
                            : decide_news_unanswered(outcome->result),
        .pushkey = delivery_pushkey_number(delivery),
        .connection = is_answered ? 0 : outcome->broken_connection,
        .reason = ending->reason,
        .retry_after_ms = ending->retry_after_ms,
        .took_ms = loop_monotonic_ms(delivery->core->parts.loop) - delivery->started_ms,
        .random = random_number(delivery),
    };

    report.cause = decide_cause(report.news, is_answered);
    ending->holds = is_answered && decide_holds(meaning, is_host);
    if (is_answered && meaning == ANSWER_AMBIGUOUS) {
        bool is_earned = gates_spend(delivery);
        decide_ambiguous(is_earned, ending);
        if (!is_earned)
            instruments_withheld(delivery->core, delivery->app);
    }
    gates_learn(delivery, &report);
}

/* Says what the answer means, and gives the outcome. A success whose rest was needed and did not
 * come tells as much as no answer. */
static const struct sender_outcome *classify(const struct delivery *delivery,
                                             const struct sender_outcome *outcome,
                                             struct answer *out) {
    static const struct sender_outcome lost = {
        .result = SENDER_LOST, .reason = "reset", .detail = "the answer ended too early"};

    delivery->provider->classify(
        &(struct classify_input){.app = delivery->app,
                                 .device = delivery->device,
                                 .response = &outcome->response,
                                 .now_ms = loop_wall_ms(delivery->core->parts.loop)},
        out);
    return outcome->response.is_cut && out->meaning != ANSWER_DELIVERED ? &lost : outcome;
}

static void answered(void *context, const struct sender_outcome *outcome) {
    struct delivery *delivery = context;
    struct loop *loop = delivery->core->parts.loop;
    struct ending ending;
    struct answer answer = {.meaning = ANSWER_DEAD};
    enum step step = STEP_END;

    int64_t took_ms = loop_monotonic_ms(loop) - delivery->started_ms;

    instruments_provider_time(delivery->core, delivery->app, took_ms);
    recent_answered(delivery->core->recent, delivery->host, took_ms,
                    outcome->result != SENDER_ANSWERED || outcome->response.status >= 500);
    if (outcome->result == SENDER_ANSWERED)
        outcome = classify(delivery, outcome, &answer);
    if (outcome->result == SENDER_ANSWERED) {
        step = decide_answer(&answer, outcome->response.status, delivery->tries, &ending);
    } else {
        step = decide_unanswered(outcome, delivery->tries, &ending);
        log_warning("send_failed", log_text("id", delivery->meta.id),
                    log_text("app_id", delivery->app->pattern),
                    log_text("lane", delivery->core->lane), log_text("reason", outcome->reason),
                    log_text("detail", outcome->detail));
    }
    if (step == STEP_END || delivery->partition == NULL)
        tell_gates(delivery, outcome, answer.meaning, &ending);
    if (delivery->trace != NULL)
        delivery_trace_answered(delivery, outcome, &ending);
    follow(delivery, step, &ending);
}

static void encode_and_send(struct delivery *delivery, const struct credential *credential) {
    struct core *core = delivery->core;
    struct encode_output output = {0};
    struct ending ending;
    unsigned char random[ENCODE_RANDOM_BYTES];
    struct app without_counts = *delivery->app;

    arena_reset(core->arena);
    loop_random(core->parts.loop, random, sizeof random);
    without_counts.send_badge_counts = false;
    enum encode_result result = delivery->provider->encode(
        &(struct encode_input){.app = delivery->is_outdated ? &without_counts : delivery->app,
                               .notification = delivery->notification,
                               .device = delivery->device,
                               .authorization = credential->authorization,
                               .record_id = delivery->meta.id,
                               .now_ms = loop_wall_ms(core->parts.loop),
                               .random = random},
        core->arena, &output);
    if (result != ENCODE_SEND) {
        decide_encoding(result, output.reason, &ending);
        settle(delivery, &ending);
        return;
    }
    memory_free_secret(delivery->authorization);
    delivery->authorization = memory_copy_slice(credential->authorization);
    delivery->is_of_old_key = credential->is_of_old_key;
    delivery->started_ms = loop_monotonic_ms(core->parts.loop);
    delivery->host = recent_sent(core->recent, output.request.url);
    delivery_enter(delivery, DELIVERY_SENDING);
    if (delivery->trace != NULL)
        delivery_trace_sent(delivery, output.request.url);
    sender_send(core->parts.sender, &output.request, &delivery->app->route, delivery->tries > 0,
                answered, delivery);
    delivery->tries++;
}
