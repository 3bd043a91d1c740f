/* columba-dispatcher: takes pushes off the queue and sends them to the providers. */
#include "common/base/log.h"
#include "common/base/loop_ev.h"
#include "common/config/reload.h"
#include "common/config/watch.h"
#include "common/observe/admin.h"
#include "common/observe/process_metrics.h"
#include "common/observe/trace_export.h"
#include "common/queue/topic_watch.h"
#include "dispatcher/credential_expiry.h"
#include "dispatcher/fleet.h"
#include "dispatcher/instruments.h"
#include "dispatcher/lane.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Longer than a delivery can be under way. */
enum { TIDY_AFTER_MS = 15 * 60 * 1000 };

struct dispatcher {
    struct lane_parts parts;
    struct admin *admin;
    struct topic_watch *topics;
    struct credential_expiry *expiry;
    struct config_reload *reload;
    struct timer *tidy; /* after a reload, when deliveries of before it have ended */
    struct fleet *fleet;
    struct trace_export *export;
    struct lane *lanes[CONFIG_LIST_MAX];
    size_t lane_count;
    size_t draining; /* lanes that have not left their group yet */
    bool stops;
    char instance[GATE_BY_SIZE];
    enum program_exit status;
};

static void stop(void *context) {
    struct dispatcher *dispatcher = context;

    loop_stop(dispatcher->parts.loop);
}

static void lane_has_drained(void *context) {
    struct dispatcher *dispatcher = context;

    if (--dispatcher->draining == 0)
        loop_stop(dispatcher->parts.loop);
}

/* The first signal drains, the second does not wait. */
static void terminate(void *context) {
    struct dispatcher *dispatcher = context;

    if (dispatcher->stops) {
        log_warning("stopping_at_once", log_number("lanes", (int64_t)dispatcher->draining));
        stop(dispatcher);
        return;
    }
    log_info("draining", log_number("lanes", (int64_t)dispatcher->lane_count));
    dispatcher->stops = true;
    dispatcher->draining = dispatcher->lane_count;
    for (size_t i = 0; i < dispatcher->lane_count; i++)
        lane_drain(dispatcher->lanes[i], lane_has_drained, dispatcher);
}

static void lane_has_failed(void *context, const struct error *error) {
    struct dispatcher *dispatcher = context;

    log_error("consumer_failed", log_text("reason", error->text));
    dispatcher->status = PROGRAM_EXIT_FAILED;
    stop(dispatcher);
}

static bool all_lanes_assigned(const struct dispatcher *dispatcher) {
    bool assigned = true;

    for (size_t i = 0; i < dispatcher->lane_count; i++)
        assigned = assigned && lane_is_ready(dispatcher->lanes[i]);
    return assigned;
}

static const char *boolean(bool value) {
    return value ? "true" : "false";
}

static void write_config(const struct dispatcher *dispatcher, struct buffer *out) {
    if (dispatcher->reload == NULL)
        return;
    buffer_append_text(out, ",\"config\":");
    config_reload_write(dispatcher->reload, out);
}

/* What both /ready and /status say; returns whether it is ready. */
static bool write_parts(const struct dispatcher *dispatcher, struct buffer *out) {
    bool assigned = all_lanes_assigned(dispatcher);
    bool ready = assigned && !dispatcher->stops;

    buffer_append_format(out,
                         "\"ready\":%s,\"draining\":%s,"
                         "\"queue\":{\"assigned\":%s,\"connected\":%s,\"required\":true},"
                         "\"redis\":{\"available\":%s,\"required\":false},\"topics\":",
                         boolean(ready), boolean(dispatcher->stops), boolean(assigned),
                         boolean(queue_producer_is_connected(dispatcher->parts.producer)),
                         boolean(state_is_available(dispatcher->parts.state)));
    topic_watch_write(topic_watch_report(dispatcher->topics), TOPIC_SCOPE_ALL, out);
    write_config(dispatcher, out);
    return ready;
}

static bool write_ready(void *context, struct buffer *out) {
    buffer_append_byte(out, '{');
    bool ready = write_parts(context, out);
    buffer_append_text(out, "}\n");
    return ready;
}

static void update_config_metrics(const struct dispatcher *dispatcher) {
    struct metrics *metrics = dispatcher->parts.metrics;

    if (dispatcher->reload == NULL)
        return;
    struct config_reload_report report = config_reload_report(dispatcher->reload);
    metrics_set(metrics, DISPATCHER_CONFIG_RELOADS, (const char *const[]){"taken"},
                (double)report.taken_count);
    metrics_set(metrics, DISPATCHER_CONFIG_RELOADS, (const char *const[]){"refused"},
                (double)report.refused_count);
    metrics_set(metrics, DISPATCHER_CONFIG_FAILED, NULL, report.has_failed);
    metrics_set(metrics, DISPATCHER_CONFIG_LOADED, NULL, (double)report.loaded_ms / 1000);
}

static void write_metrics(void *context, struct buffer *out) {
    const struct dispatcher *dispatcher = context;
    struct metrics *metrics = dispatcher->parts.metrics;

    for (size_t i = 0; i < dispatcher->lane_count; i++)
        lane_update_gauges(dispatcher->lanes[i]);
    metrics_set(metrics, DISPATCHER_REDIS_AVAILABLE, NULL,
                state_is_available(dispatcher->parts.state));
    metrics_set(metrics, DISPATCHER_KAFKA_CONNECTED, NULL,
                queue_producer_is_connected(dispatcher->parts.producer));
    metrics_set(metrics, DISPATCHER_BUILD_INFO, (const char *const[]){COLUMBA_VERSION}, 1);
    update_config_metrics(dispatcher);
    metrics_write((const struct metrics *const[]){metrics}, 1, out);
    process_metrics_write(out);
}

typedef void lane_writer(const struct lane *lane, struct buffer *out);

static void write_each(const struct dispatcher *dispatcher, lane_writer *write_lane,
                       struct buffer *out) {
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < dispatcher->lane_count; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        write_lane(dispatcher->lanes[i], out);
    }
    buffer_append_byte(out, ']');
}

static void write_lanes(void *context, struct buffer *out) {
    write_each(context, lane_write_status, out);
}

static void write_status(void *context, struct buffer *out) {
    const struct dispatcher *dispatcher = context;

    buffer_append_format(out,
                         "{\"program\":\"columba-dispatcher\",\"version\":\"%s\","
                         "\"instance\":\"%s\",",
                         COLUMBA_VERSION, dispatcher->instance);
    write_parts(dispatcher, out);
    buffer_append_text(out, ",\"lanes\":");
    write_each(dispatcher, lane_write_status, out);
    buffer_append_text(out, ",\"details\":");
    write_each(dispatcher, lane_write_details, out);
    buffer_append_text(out, ",\"fleet\":");
    fleet_write(dispatcher->fleet, out);
    buffer_append_text(out, "}\n");
}

static const struct admin_source admin_source = {
    .ready = write_ready, .metrics = write_metrics, .status = write_status};

static bool open_lane(struct dispatcher *dispatcher, const char *name, const struct config *config,
                      struct error *error) {
    struct lane_parts parts = dispatcher->parts;

    parts.config = config;
    struct lane *lane = lane_open(name, &parts, lane_has_failed, dispatcher, error);

    if (lane == NULL)
        return error_prefix(error, "lane %s", name);
    dispatcher->lanes[dispatcher->lane_count++] = lane;
    return true;
}

static bool open_lanes(struct dispatcher *dispatcher, struct error *error) {
    const char *names[CONFIG_LIST_MAX];
    size_t count = topic_lanes(dispatcher->parts.config, names, CONFIG_LIST_MAX);
    bool done = count > 0 || error_set(error, ERROR_CONFIG, "apps: no app has a lane to serve");

    for (size_t i = 0; done && i < count; i++)
        done = open_lane(dispatcher, names[i], dispatcher->parts.config, error);
    return done;
}

/* ---- Another configuration ---- */

static bool serves(const struct dispatcher *dispatcher, const char *name) {
    for (size_t i = 0; i < dispatcher->lane_count; i++)
        if (strcmp(lane_name(dispatcher->lanes[i]), name) == 0)
            return true;
    return false;
}

/* Who serves all lanes serves a new one from now on; who was told which, those. A lane that lost
 * its last app goes on with what is on its topics still. */
static void open_new_lanes(struct dispatcher *dispatcher, const struct config *config) {
    const char *names[CONFIG_LIST_MAX];
    size_t count = topic_lanes(config, names, CONFIG_LIST_MAX);
    struct error error;

    if (dispatcher->stops || dispatcher->parts.config->dispatcher.lanes.count > 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (serves(dispatcher, names[i]))
            continue;
        if (dispatcher->lane_count == CONFIG_LIST_MAX)
            log_error("lane_not_opened", log_text("lane", names[i]),
                      log_text("reason", "too many lanes in one process: restart it"));
        else if (!open_lane(dispatcher, names[i], config, &error))
            log_error("lane_not_opened", log_text("lane", names[i]),
                      log_text("reason", error.text));
    }
}

static void on_taken(void *context, const struct config *config) {
    struct dispatcher *dispatcher = context;

    for (size_t i = 0; i < dispatcher->lane_count; i++)
        lane_configure(dispatcher->lanes[i], config);
    open_new_lanes(dispatcher, config);
    topic_watch_configure(dispatcher->topics, config);
    state_set_login(dispatcher->parts.state, &config->redis);
    credential_expiry_configure(dispatcher->expiry, config);
    trace_export_configure(dispatcher->export, &config->tracing);
    credentials_keep(dispatcher->parts.credentials, &config->apps);
    timer_start(dispatcher->tidy, TIDY_AFTER_MS);
}

static void on_tidy(void *context) {
    struct dispatcher *dispatcher = context;

    credentials_keep(dispatcher->parts.credentials,
                     &config_reload_current(dispatcher->reload)->apps);
}

static void on_hang_up(void *context) {
    struct dispatcher *dispatcher = context;

    if (dispatcher->reload != NULL)
        config_reload_now(dispatcher->reload);
}

static void watch_config(struct dispatcher *dispatcher, const struct program *program,
                         const char *path) {
    const struct config_reload_parts parts = {.loop = dispatcher->parts.loop,
                                              .program = program,
                                              .path = path,
                                              .config = dispatcher->parts.config,
                                              .period_ms = CONFIG_WATCH_PERIOD_MS,
                                              .taken = on_taken,
                                              .context = dispatcher};

    dispatcher->tidy = timer_new(dispatcher->parts.loop, on_tidy, dispatcher);
    dispatcher->reload = config_reload_open(&parts);
}

/* Unique in the fleet: pods have names of their own, and processes of one host numbers. */
static void name_instance(struct dispatcher *dispatcher) {
    char host[HOST_NAME_MAX + 1] = "";

    gethostname(host, sizeof host - 1);
    snprintf(dispatcher->instance, sizeof dispatcher->instance, "%.*s-%ld", GATE_BY_SIZE - 24, host,
             (long)getpid());
    dispatcher->parts.instance = dispatcher->instance;
}

static bool open_tracing(struct dispatcher *dispatcher, struct error *error) {
    struct lane_parts *parts = &dispatcher->parts;
    const struct trace_export_parts export = {
        .loop = parts->loop,
        .config = &parts->config->tracing,
        .resource = {"columba-dispatcher", dispatcher->instance},
        .counters = {parts->metrics, DISPATCHER_SPANS_EXPORTED, DISPATCHER_SPANS_DROPPED}};

    bool done = trace_export_open(&export, &dispatcher->export, error);
    parts->trace = trace_export_trace(dispatcher->export);
    return done;
}

static bool open_parts(struct dispatcher *dispatcher, struct error *error) {
    struct lane_parts *parts = &dispatcher->parts;
    const struct config *config = parts->config;

    name_instance(dispatcher);
    parts->metrics = metrics_new(dispatcher_metrics, DISPATCHER_METRIC_COUNT);
    if (!open_tracing(dispatcher, error))
        return false;
    parts->producer = queue_producer_open(parts->loop, &config->queue, error);
    if (parts->producer == NULL)
        return false;
    parts->state = state_open(parts->loop, &config->redis);
    parts->sender = sender_open(parts->loop, &config->dispatcher, error);
    if (parts->sender == NULL)
        return false;
    parts->credentials = credentials_new(parts->loop, parts->sender);
    dispatcher->expiry = credential_expiry_new(parts->loop, parts->metrics);
    credential_expiry_configure(dispatcher->expiry, config);
    dispatcher->fleet =
        fleet_open(parts->loop, parts->state, dispatcher->instance, write_lanes, dispatcher);
    dispatcher->topics = topic_watch_open(parts->loop, config, TOPIC_SCOPE_ALL);
    dispatcher->admin =
        admin_open(parts->loop, config->dispatcher.admin_listen, &admin_source, dispatcher, error);
    if (dispatcher->admin == NULL)
        return false;
    return open_lanes(dispatcher, error);
}

/* What may still call back goes before what is called back. */
static void close_parts(struct dispatcher *dispatcher) {
    struct lane_parts *parts = &dispatcher->parts;

    admin_close(dispatcher->admin);
    config_reload_close(dispatcher->reload);
    timer_free(dispatcher->tidy);
    topic_watch_close(dispatcher->topics);
    credential_expiry_free(dispatcher->expiry);
    credentials_free(parts->credentials);
    sender_close(parts->sender);
    state_close(parts->state);
    fleet_close(dispatcher->fleet);
    queue_producer_close(parts->producer);
    for (size_t i = 0; i < dispatcher->lane_count; i++)
        lane_close(dispatcher->lanes[i]);
    trace_export_flush(dispatcher->export);
    trace_export_close(dispatcher->export);
    metrics_free(parts->metrics);
    loop_free(parts->loop);
}

int main(int argc, char **argv) {
    const struct program program = {
        .name = "columba-dispatcher",
        .purpose = "takes pushes off the queue and sends them to the providers.",
        .sends = true,
        .section = "dispatcher"};
    struct dispatcher dispatcher = {.status = PROGRAM_EXIT_OK};
    struct error error = {0};
    const char *path = NULL;
    struct config *config = program_start(&program, argc, argv, &path, &dispatcher.status);

    if (config == NULL)
        return (int)dispatcher.status;
    signal(SIGPIPE, SIG_IGN);
    dispatcher.parts.config = config;
    dispatcher.parts.loop = loop_new();
    loop_on_signal(dispatcher.parts.loop, SIGTERM, terminate, &dispatcher);
    loop_on_signal(dispatcher.parts.loop, SIGINT, terminate, &dispatcher);
    loop_on_signal(dispatcher.parts.loop, SIGHUP, on_hang_up, &dispatcher);
    if (open_parts(&dispatcher, &error)) {
        watch_config(&dispatcher, &program, path);
        log_info("started", log_number("lanes", (int64_t)dispatcher.lane_count),
                 log_number("admin_port", admin_port(dispatcher.admin)));
        loop_run(dispatcher.parts.loop);
    } else {
        log_error("cannot_start", log_text("reason", error.text));
        dispatcher.status = PROGRAM_EXIT_FAILED;
    }
    close_parts(&dispatcher);
    config_release(config);
    log_info("stopped", log_number("status", (int64_t)dispatcher.status));
    return (int)dispatcher.status;
}
