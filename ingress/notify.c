#include "ingress/notify.h"

#include "common/base/arena.h"
#include "common/base/memory.h"
#include "common/push/identity.h"
#include "common/push/notification.h"
#include "common/push/record.h"
#include "ingress/catalogue.h"
#include "ingress/decision.h"
#include "ingress/instruments.h"
#include "ingress/throttle.h"
#include "ingress/tracing.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ARENA_BYTES = 2048,
    SPARE_ARENAS = 64,
    RANDOM_BYTES = 16, /* of one UUID */
    RANDOM_BATCH = 64,
    APP_ID_LABEL_BYTES = 64, /* as long as the client-server API allows */
    KEPT_SCRATCH_BYTES = 65536,
};

struct notify {
    struct notify_parts parts;
    struct catalogue *catalogue;
    struct buffer scratch;
    struct throttle unknown_apps;
    struct arena *spare[SPARE_ARENAS];
    size_t spare_count;
    unsigned char random[RANDOM_BATCH][RANDOM_BYTES];
    size_t random_left;
};

/* One device on its way to the queue. */
struct push {
    struct request *request;
    const struct app *app;
    struct slice key; /* app_id \0 pushkey */
    struct slice pushkey;
    struct slice value;
    int64_t pushkey_ts_ms;
    enum decision decision;
    struct tracing_record *record; /* NULL: not recorded */
};

/* Lives in its arena, with all it points to but the body. */
struct request {
    struct notify *notify;
    struct catalogue *catalogue; /* the one it began with */
    struct arena *arena;
    struct slice body;
    struct record_meta meta; /* of each of its records, but for the id and the span */
    struct trace_span span;
    struct push *pushes;
    size_t push_count;
    struct slice *rejected;
    size_t rejected_count;
    size_t copies_bytes;
    size_t unanswered;    /* questions to the state, later records at the queue */
    struct error failure; /* the first one; ERROR_NONE while there is none */
    int64_t complete_us;
    notify_answered *answered;
    void *context;
};

static int64_t monotonic_us(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct notify *notify_new(const struct notify_parts *parts) {
    struct notify *notify = memory_new(sizeof *notify);

    notify->parts = *parts;
    notify->catalogue = catalogue_new(parts->config);
    return notify;
}

void notify_configure(struct notify *notify, const struct config *config) {
    struct catalogue *before = notify->catalogue;

    notify->catalogue = catalogue_new(config);
    catalogue_release(before);
}

void notify_free(struct notify *notify) {
    if (notify == NULL)
        return;
    for (size_t i = 0; i < notify->spare_count; i++)
        arena_free(notify->spare[i]);
    buffer_free(&notify->scratch);
    catalogue_release(notify->catalogue);
    free(notify);
}

static struct request *request_new(struct notify *notify) {
    struct arena *arena =
        notify->spare_count > 0 ? notify->spare[--notify->spare_count] : arena_new(ARENA_BYTES);
    struct request *request = arena_allocate(arena, sizeof *request);

    request->notify = notify;
    request->catalogue = catalogue_hold(notify->catalogue);
    request->arena = arena;
    return request;
}

static void request_free(struct request *request) {
    struct notify *notify = request->notify;
    struct arena *arena = request->arena;

    catalogue_release(request->catalogue);
    arena_reset(arena);
    if (notify->spare_count < SPARE_ARENAS)
        notify->spare[notify->spare_count++] = arena;
    else
        arena_free(arena);
}

static void trace_answer(const struct request *request, const struct answer *answer) {
    struct tracing_counts counts = {.rejected = request->rejected_count};

    for (size_t i = 0; answer->kind == ANSWER_ACCEPTED && i < request->push_count; i++)
        counts.published += request->pushes[i].decision == DECISION_PUBLISH;
    tracing_answered(request->notify->parts.trace, &request->span, answer, &counts);
}

/* The only way a request that was admitted ends. */
static void settle(struct request *request, struct answer *answer) {
    struct budget *budget = request->notify->parts.budget;
    notify_answered *answered = request->answered;
    void *context = request->context;

    if (trace_is_recorded(&request->span))
        trace_answer(request, answer);
    budget_return_bytes(budget, request->copies_bytes);
    budget_return_request(budget);
    request_free(request);
    answered(context, answer);
    buffer_free(&answer->body);
}

static void accept(struct request *request) {
    struct answer answer = {0};

    answer_accepted(&answer, request->rejected, request->rejected_count);
    settle(request, &answer);
}

static void refuse(struct request *request, enum answer_kind kind, const char *sentence,
                   const char *reason) {
    struct answer answer = {0};

    answer_error(&answer, kind, sentence, reason);
    settle(request, &answer);
}

static void count_device(struct notify *notify, const char *result, const struct app *app) {
    const char *kind = app == NULL ? "none" : provider_kind_name(app->kind);

    metrics_add(notify->parts.metrics, INSTRUMENT_DEVICES, (const char *[]){result, kind}, 1);
}

static void report_unknown_app(struct notify *notify, struct slice app_id) {
    char label[APP_ID_LABEL_BYTES + 1];
    size_t size = slice_utf8_prefix(app_id, APP_ID_LABEL_BYTES);
    int64_t suppressed = 0;

    memcpy(label, app_id.data, size);
    label[size] = '\0';
    metrics_add(notify->parts.metrics, INSTRUMENT_UNKNOWN_APPS, (const char *[]){label}, 1);
    if (throttle_passes(&notify->unknown_apps, loop_monotonic_ms(notify->parts.loop), &suppressed))
        log_warning("unknown_app", log_text("app_id", label), log_number("suppressed", suppressed));
}

static void reject(struct request *request, struct slice pushkey) {
    request->rejected[request->rejected_count++] = pushkey;
}

static struct push *add_push(struct request *request, const struct device *device,
                             const struct app *app) {
    struct notify *notify = request->notify;
    struct push *push = &request->pushes[request->push_count++];

    buffer_clear(&notify->scratch);
    record_key_write(device->app_id, device->pushkey, &notify->scratch);
    push->request = request;
    push->app = app;
    push->key = arena_copy(request->arena, buffer_slice(&notify->scratch));
    push->pushkey = (struct slice){.data = push->key.data + push->key.size - device->pushkey.size,
                                   .size = device->pushkey.size};
    push->pushkey_ts_ms =
        verdict_pushkey_ts_ms(device->pushkey_ts, loop_wall_ms(notify->parts.loop));
    return push;
}

static struct slice push_app_id(const struct push *push) {
    return (struct slice){.data = push->key.data, .size = push->key.size - push->pushkey.size - 1};
}

/* The bytes as they came when there is one device, else a copy of its own for each. Returns
 * ANSWER_ACCEPTED, or the answer that is due when there is no room. */
static enum answer_kind write_value(struct request *request, struct notification *notification,
                                    size_t device, struct push *push) {
    struct notify *notify = request->notify;

    if (notification->device_count == 1) {
        push->value = request->body;
        return ANSWER_ACCEPTED;
    }
    buffer_clear(&notify->scratch);
    notification_write_single(notification, device, &notify->scratch);
    size_t size = notify->scratch.size;
    size_t limit = (size_t)request->catalogue->config->ingress.copies_limit_bytes;
    if (size > limit - request->copies_bytes)
        return ANSWER_TOO_LARGE;
    if (!budget_take_bytes(notify->parts.budget, size))
        return ANSWER_BUSY;
    request->copies_bytes += size;
    push->value = arena_copy(request->arena, buffer_slice(&notify->scratch));
    return ANSWER_ACCEPTED;
}

/* Decides each device by what is known here, and copies what is needed of it: a tree may be many
 * times as large as its text, and must not wait. */
static enum answer_kind plan(struct request *request, struct notification *notification) {
    struct notify *notify = request->notify;
    const struct config *config = request->catalogue->config;
    const int64_t now_ms = loop_wall_ms(notify->parts.loop);
    enum answer_kind kind = ANSWER_ACCEPTED;

    request->pushes =
        arena_allocate(request->arena, notification->device_count * sizeof *request->pushes);
    request->rejected =
        arena_allocate(request->arena, notification->device_count * sizeof *request->rejected);
    for (size_t i = 0; i < notification->device_count && kind == ANSWER_ACCEPTED; i++) {
        const struct device *device = &notification->devices[i];
        const struct app *app = apps_find(&config->apps, device->app_id);
        enum decision decision = decision_of_device(device, app, config->ingress.unknown_app);

        if (app != NULL)
            config_note_traffic(config, app, now_ms);
        if (decision == DECISION_PUBLISH) {
            kind = write_value(request, notification, i, add_push(request, device, app));
            continue;
        }
        count_device(notify, decision_name(decision), app);
        if (decision_rejects(decision))
            reject(request, arena_copy(request->arena, device->pushkey));
        if (decision == DECISION_DROP_APP || decision == DECISION_REJECT_APP)
            report_unknown_app(notify, device->app_id);
    }
    return kind;
}

static void finish(struct request *request) {
    struct notify *notify = request->notify;
    bool failed = request->failure.code != ERROR_NONE;
    const char *result = failed ? "unavailable" : decision_name(DECISION_PUBLISH);
    bool published = false;

    for (size_t i = 0; i < request->push_count; i++) {
        if (request->pushes[i].decision != DECISION_PUBLISH)
            continue;
        count_device(notify, result, request->pushes[i].app);
        published = true;
    }
    if (failed) {
        refuse(request, ANSWER_UNAVAILABLE, NULL, request->failure.text);
        return;
    }
    if (published)
        metrics_observe(notify->parts.metrics, INSTRUMENT_ACKNOWLEDGE_SECONDS, NULL,
                        monotonic_us() - request->complete_us);
    accept(request);
}

static void fail(struct request *request, const struct error *error) {
    if (request->failure.code == ERROR_NONE)
        request->failure = *error;
}

static void trace_end(const struct push *push, const struct error *error) {
    const struct request *request = push->request;

    tracing_published(request->notify->parts.trace, push->record,
                      catalogue_topic(request->catalogue, push->app), push->app->pattern, error);
}

static void on_acknowledged(void *context, const struct error *error) {
    struct push *push = context;
    struct request *request = push->request;

    if (push->record != NULL)
        trace_end(push, error);
    if (error != NULL)
        fail(request, error);
    else
        metrics_add(request->notify->parts.metrics, INSTRUMENT_RECORDS,
                    (const char *[]){push->app->lane, push->app->pattern}, 1);
    if (--request->unanswered == 0)
        finish(request);
}

static void log_published(const struct push *push, const char *id) {
    char name[IDENTITY_PUSHKEY_SIZE];

    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    identity_pushkey(push_app_id(push), push->pushkey, name);
    log_debug("published", log_text("id", id), log_slice("app_id", push_app_id(push)),
              log_text("h", name), log_text("lane", push->app->lane));
}

static void next_id(struct notify *notify, char out[RECORD_ID_SIZE]) {
    if (notify->random_left == 0) {
        loop_random(notify->parts.loop, notify->random, sizeof notify->random);
        notify->random_left = RANDOM_BATCH;
    }
    record_id_format(notify->random[--notify->random_left], out);
}

/* The record hangs on the span of its being published. */
static void trace_begin(struct push *push) {
    struct request *request = push->request;

    push->record = arena_allocate(request->arena, sizeof *push->record);
    memcpy(push->record->id, request->meta.id, sizeof push->record->id);
    trace_start(request->notify->parts.trace, &request->span.context, &push->record->span);
    request->meta.is_traced = true;
    request->meta.trace = push->record->span.context;
}

static bool publish_one(struct push *push) {
    struct request *request = push->request;
    struct notify *notify = request->notify;
    struct record_scratch scratch;
    struct header headers[RECORD_HEADERS_MAX];
    struct error error;

    next_id(notify, request->meta.id);
    if (trace_is_recorded(&request->span))
        trace_begin(push);
    struct queue_message message = {
        .topic = catalogue_topic(request->catalogue, push->app),
        .key = push->key,
        .value = push->value,
        .headers = headers,
        .header_count = record_meta_write(&request->meta, &scratch, headers),
    };
    if (!queue_producer_send(notify->parts.producer, &message, on_acknowledged, push, &error)) {
        fail(request, &error);
        if (push->record != NULL)
            trace_end(push, &error);
        return false;
    }
    request->unanswered++;
    log_published(push, request->meta.id);
    return true;
}

/* One record that cannot be queued makes the whole request fail: the rest is not even tried, and
 * what was queued before is repeated by the caller and found to be a duplicate. */
static void publish(struct request *request) {
    for (size_t i = 0; i < request->push_count; i++)
        if (request->pushes[i].decision == DECISION_PUBLISH && !publish_one(&request->pushes[i]))
            break;
    if (request->unanswered == 0)
        finish(request);
}

static void on_state(void *context, const struct state_answer *answer) {
    struct push *push = context;
    struct request *request = push->request;

    push->decision = decision_of_state(answer, push->pushkey_ts_ms);
    if (decision_rejects(push->decision)) {
        count_device(request->notify, decision_name(push->decision), push->app);
        reject(request, push->pushkey);
    }
    if (--request->unanswered == 0)
        publish(request);
}

static void look_up(struct request *request) {
    request->unanswered = request->push_count;
    for (size_t i = 0; i < request->push_count; i++) {
        struct push *push = &request->pushes[i];
        struct state_question question = {.asks_seen = false};

        identity_pushkey(push_app_id(push), push->pushkey, question.pushkey);
        state_ask(request->notify->parts.state, &question, on_state, push);
    }
}

static void begin(struct request *request) {
    struct notify *notify = request->notify;
    size_t device_limit = (size_t)request->catalogue->config->ingress.device_limit;
    struct notification *notification = NULL;
    struct error error = {0};
    enum notification_fault fault =
        notification_parse(request->body, device_limit, &notification, &error);

    if (fault != NOTIFICATION_OK) {
        refuse(request, answer_of_fault(fault), error.text, NULL);
        return;
    }
    enum answer_kind kind = plan(request, notification);
    notification_free(notification);
    if (notify->scratch.capacity > KEPT_SCRATCH_BYTES)
        buffer_free(&notify->scratch);
    if (kind != ANSWER_ACCEPTED)
        refuse(request, kind, NULL, NULL);
    else if (request->push_count == 0)
        accept(request);
    else
        look_up(request);
}

static void trace_request(struct notify *notify, struct slice traceparent, struct trace_span *out) {
    struct trace_context incoming;
    const bool is_decided = trace_context_parse(traceparent, &incoming);

    trace_start_request(notify->parts.trace, is_decided ? &incoming : NULL,
                        notify->catalogue->config->tracing.sample, out);
}

void notify_start(struct notify *notify, struct slice body, struct slice traceparent,
                  notify_answered *answered, void *context) {
    struct header header = {.name = "traceparent", .value = traceparent};
    struct trace_span span = {0};
    struct answer busy = {0};

    metrics_add(notify->parts.metrics, INSTRUMENT_BODY_BYTES, NULL, (int64_t)body.size);
    if (notify->parts.trace != NULL)
        trace_request(notify, traceparent, &span);
    if (!budget_take_request(notify->parts.budget)) {
        answer_error(&busy, ANSWER_BUSY, NULL, NULL);
        if (trace_is_recorded(&span))
            tracing_answered(notify->parts.trace, &span, &busy, &(struct tracing_counts){0});
        answered(context, &busy);
        buffer_free(&busy.body);
        return;
    }
    struct request *request = request_new(notify);
    request->body = body;
    request->span = span;
    record_meta_read(&header, 1, &request->meta);
    request->meta.version = RECORD_VERSION;
    request->complete_us = monotonic_us();
    request->answered = answered;
    request->context = context;
    begin(request);
}
