/* A worker: one thread with a loop, a listening socket, a producer, a connection to Redis and a
 * set of metrics of its own. Workers share nothing, so nothing is locked. */
#ifndef COLUMBA_INGRESS_WORKER_H
#define COLUMBA_INGRESS_WORKER_H

#include "common/base/loop_ev.h"
#include "common/config/config.h"

struct metrics;
struct worker;

/* What it is doing; it only moves forward. */
enum worker_stage {
    WORKER_SERVING,
    WORKER_DRAINING,     /* accepts still, but asks callers to go elsewhere */
    WORKER_TURNING_AWAY, /* empties the queue of its listening socket */
    WORKER_FINISHING,    /* answers what is open */
    WORKER_STOPPED,
};

/* As of a quarter of a second ago; readable from any thread. */
struct worker_status {
    enum worker_stage stage;
    bool queue_connected;
    bool redis_available;
    size_t connections;
    size_t waiting_requests;
    size_t waiting_bytes;
};

struct worker_parts {
    const struct config *config; /* to begin with; outlives the worker */
    size_t index;
    const char *instance;   /* of the process, unique in the fleet */
    size_t worker_count;    /* among which the bounds of the configuration are divided */
    struct wakeup *stopped; /* rung from the worker's thread when it has stopped; may be NULL */
};

/* Opens everything and serves nothing yet. Takes the listening socket in any case. */
struct worker *worker_open_take(const struct worker_parts *parts, int listener,
                                struct error *error);

/* Starts the thread; signals are not delivered to it. */
bool worker_start(struct worker *worker, struct error *error);

/* From any thread: leave after drain_delay, with every open request answered. Once is enough. */
void worker_drain(struct worker *worker);

/* From any thread: requests that come from now on are decided by this configuration, those under
 * way by theirs. */
void worker_configure(struct worker *worker, const struct config *config);

/* Waits for the thread to end. Call once, after worker_start. */
void worker_join(struct worker *worker);

/* Not started, or joined. */
void worker_close(struct worker *worker);

struct worker_status worker_status(const struct worker *worker);

/* For reading. */
const struct metrics *worker_metrics(const struct worker *worker);

/* "serving", "draining", … */
const char *worker_stage_name(enum worker_stage stage);

#endif
