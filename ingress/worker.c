#include "ingress/worker.h"

#include "common/base/listener.h"
#include "common/base/memory.h"
#include "common/observe/trace_export.h"
#include "common/queue/queue.h"
#include "common/state/state.h"
#include "ingress/instruments.h"
#include "ingress/server.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TICK_MS = 250 };

/* What other threads may read. */
struct published_status {
    _Atomic int stage;
    atomic_bool queue_connected;
    atomic_bool redis_available;
    atomic_size_t connections;
    atomic_size_t waiting_requests;
    atomic_size_t waiting_bytes;
};

struct worker {
    struct worker_parts parts;
    struct loop *loop;
    const struct config *config;         /* the present one, held */
    _Atomic(const struct config *) next; /* one to go over to, held; NULL: none */
    struct wakeup *configure;
    struct wakeup *drain;
    struct timer *tick;
    struct timer *next_stage;
    struct metrics *metrics;
    struct trace_export *export;
    struct queue_producer *producer;
    struct state *state;
    struct budget budget;
    struct notify *notify;
    struct server *server;
    struct published_status status;
    pthread_t thread;
};

static enum worker_stage stage_of(const struct worker *worker) {
    return (enum worker_stage)atomic_load(&worker->status.stage);
}

const char *worker_stage_name(enum worker_stage stage) {
    static const char *const names[] = {
        [WORKER_SERVING] = "serving",           [WORKER_DRAINING] = "draining",
        [WORKER_TURNING_AWAY] = "turning_away", [WORKER_FINISHING] = "finishing",
        [WORKER_STOPPED] = "stopped",
    };

    return names[stage];
}

static void observe(struct worker *worker) {
    struct published_status *status = &worker->status;
    const struct budget *budget = &worker->budget;
    bool connected = queue_producer_is_connected(worker->producer);
    bool available = state_is_available(worker->state);
    size_t connections = server_connections(worker->server);
    const struct {
        enum instrument metric;
        double value;
    } gauges[] = {
        {INSTRUMENT_WORKERS, 1},
        {INSTRUMENT_QUEUE_CONNECTED, connected},
        {INSTRUMENT_REDIS_AVAILABLE, available},
        {INSTRUMENT_CONNECTIONS, (double)connections},
        {INSTRUMENT_WAITING_REQUESTS, (double)budget->requests},
        {INSTRUMENT_WAITING_BYTES, (double)budget->bytes},
    };

    for (size_t i = 0; i < sizeof gauges / sizeof gauges[0]; i++)
        metrics_set(worker->metrics, gauges[i].metric, NULL, gauges[i].value);
    atomic_store(&status->queue_connected, connected);
    atomic_store(&status->redis_available, available);
    atomic_store(&status->connections, connections);
    atomic_store(&status->waiting_requests, budget->requests);
    atomic_store(&status->waiting_bytes, budget->bytes);
}

static void on_tick(void *context) {
    struct worker *worker = context;

    observe(worker);
    timer_start(worker->tick, TICK_MS);
}

static void enter(struct worker *worker, enum worker_stage stage) {
    atomic_store(&worker->status.stage, (int)stage);
    log_info("worker", log_number("worker", (int64_t)worker->parts.index),
             log_text("stage", worker_stage_name(stage)));
    switch (stage) {
    case WORKER_SERVING:
        return;
    case WORKER_DRAINING:
        server_drain(worker->server);
        timer_start(worker->next_stage, worker->config->ingress.drain_delay_ms);
        return;
    case WORKER_TURNING_AWAY:
        server_turn_away(worker->server);
        timer_start(worker->next_stage, LISTENER_GRACE_MS);
        return;
    case WORKER_FINISHING:
        server_finish(worker->server);
        return;
    case WORKER_STOPPED:
        observe(worker);
        loop_stop(worker->loop);
        return;
    }
}

static void on_next_stage(void *context) {
    struct worker *worker = context;

    enter(worker, stage_of(worker) + 1);
}

static void on_drain(void *context) {
    struct worker *worker = context;

    if (stage_of(worker) == WORKER_SERVING)
        enter(worker, WORKER_DRAINING);
}

static void on_configure(void *context) {
    struct worker *worker = context;
    const struct config *next = atomic_exchange(&worker->next, NULL);

    if (next == NULL)
        return;
    notify_configure(worker->notify, next);
    server_configure(worker->server, next);
    trace_export_configure(worker->export, &next->tracing);
    state_set_login(worker->state, &next->redis);
    config_release(worker->config);
    worker->config = next;
}

void worker_configure(struct worker *worker, const struct config *config) {
    config_release(atomic_exchange(&worker->next, config_hold(config)));
    wakeup_ring(worker->configure);
}

/* Every record belongs to an open request: without one, the producer holds nothing. */
static void on_empty(void *context) {
    struct worker *worker = context;

    if (stage_of(worker) == WORKER_FINISHING)
        enter(worker, WORKER_STOPPED);
}

static bool open_server_take(struct worker *worker, int listener, struct error *error) {
    const struct config *config = worker->parts.config;
    size_t limit = (size_t)config->ingress.connection_limit / worker->parts.worker_count;
    struct notify_parts notify = {.loop = worker->loop,
                                  .config = config,
                                  .producer = worker->producer,
                                  .state = worker->state,
                                  .metrics = worker->metrics,
                                  .trace = trace_export_trace(worker->export),
                                  .budget = &worker->budget};
    worker->notify = notify_new(&notify);
    struct server_parts server = {.loop = worker->loop,
                                  .config = config,
                                  .notify = worker->notify,
                                  .budget = &worker->budget,
                                  .metrics = worker->metrics,
                                  .connection_limit = limit == 0 ? 1 : limit};
    worker->server = server_open_take(&server, listener, on_empty, worker, error);
    return worker->server != NULL;
}

static bool open_tracing(struct worker *worker, struct error *error) {
    const struct trace_export_parts export = {
        .loop = worker->loop,
        .config = &worker->config->tracing,
        .resource = {"columba-ingress", worker->parts.instance},
        .counters = {worker->metrics, INSTRUMENT_SPANS_EXPORTED, INSTRUMENT_SPANS_DROPPED}};

    return trace_export_open(&export, &worker->export, error);
}

struct worker *worker_open_take(const struct worker_parts *parts, int listener,
                                struct error *error) {
    const struct config *config = parts->config;
    struct worker *worker = memory_new(sizeof *worker);

    worker->parts = *parts;
    worker->loop = loop_new();
    worker->config = config_hold(config);
    worker->configure = wakeup_new(worker->loop, on_configure, worker);
    worker->drain = wakeup_new(worker->loop, on_drain, worker);
    worker->tick = timer_new(worker->loop, on_tick, worker);
    worker->next_stage = timer_new(worker->loop, on_next_stage, worker);
    worker->metrics = instruments_new();
    worker->budget = budget_share(&config->ingress, parts->worker_count);
    if (!open_tracing(worker, error))
        goto failed;
    worker->producer = queue_producer_open(worker->loop, &config->queue, error);
    if (worker->producer == NULL)
        goto failed;
    worker->state = state_open(worker->loop, &config->redis);
    if (!open_server_take(worker, listener, error)) {
        worker_close(worker);
        return NULL;
    }
    timer_start(worker->tick, 0);
    return worker;

failed:
    close(listener);
    worker_close(worker);
    return NULL;
}

static void *run(void *context) {
    struct worker *worker = context;

    loop_run(worker->loop);
    trace_export_flush(worker->export);
    if (worker->parts.stopped != NULL)
        wakeup_ring(worker->parts.stopped);
    return NULL;
}

bool worker_start(struct worker *worker, struct error *error) {
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&worker->thread, NULL, run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != 0)
        return error_set(error, ERROR_SYSTEM, "cannot start a worker: %s", strerror(result));
    return true;
}

void worker_drain(struct worker *worker) {
    wakeup_ring(worker->drain);
}

void worker_join(struct worker *worker) {
    pthread_join(worker->thread, NULL);
}

void worker_close(struct worker *worker) {
    if (worker == NULL)
        return;
    server_close(worker->server);
    if (worker->producer != NULL)
        queue_producer_close(worker->producer);
    if (worker->state != NULL)
        state_close(worker->state);
    notify_free(worker->notify);
    trace_export_close(worker->export);
    metrics_free(worker->metrics);
    timer_free(worker->next_stage);
    timer_free(worker->tick);
    wakeup_free(worker->drain);
    wakeup_free(worker->configure);
    config_release(atomic_exchange(&worker->next, NULL));
    config_release(worker->config);
    loop_free(worker->loop);
    free(worker);
}

struct worker_status worker_status(const struct worker *worker) {
    const struct published_status *status = &worker->status;

    return (struct worker_status){
        .stage = stage_of(worker),
        .queue_connected = atomic_load(&status->queue_connected),
        .redis_available = atomic_load(&status->redis_available),
        .connections = atomic_load(&status->connections),
        .waiting_requests = atomic_load(&status->waiting_requests),
        .waiting_bytes = atomic_load(&status->waiting_bytes),
    };
}

const struct metrics *worker_metrics(const struct worker *worker) {
    return worker->metrics;
}
