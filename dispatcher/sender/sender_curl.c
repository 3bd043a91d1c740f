#include "dispatcher/sender.h"

#include "common/base/hash.h"
#include "common/base/memory.h"
#include "dispatcher/sender/sender_pool.h"

#include <stdlib.h>
#include <sys/queue.h>

enum {
    STREAMS_A_CONNECTION = 100, /* what most servers allow; libcurl starves what goes beyond */
    HOST_BUCKETS = 256,
    TRIAL_MS = 2000, /* a first answer that is slower holds up nobody */
    IDLE_HOSTS_KEPT = 256,
};

/* One request from sender_send to its answer. All have the same time to live, so the oldest is the
 * next to expire. */
struct send {
    TAILQ_ENTRY(send) by_age;
    TAILQ_ENTRY(send) waiting;
    LIST_ENTRY(send) trial;
    struct host *host;
    struct sender_request *request;
    struct sender_transfer *transfer; /* NULL while it waits */
    int64_t deadline_ms;
    int64_t tries_connection; /* a new one, whose first request it is; -1: none */
    int64_t tries_until_ms;
    sender_done *done;
    void *context;
};

TAILQ_HEAD(send_list, send);

/* One scheme://host:port by one route. Each has a window and a line of its own: hosts share no
 * limit, so a slow one holds up nobody but itself. */
struct host {
    LIST_ENTRY(host) chain;
    TAILQ_ENTRY(host) idle;
    char *origin;
    struct sender_pool *pool;
    struct sender *sender;
    struct timer *trial_end; /* NULL until one is needed */
    struct send_list waiting;
    LIST_HEAD(, send) trials;
    size_t active_count; /* transfers that libcurl has */
    size_t window_count; /* and may have */
    bool multiplexes;
    bool holds_back; /* while a new connection is tried: one is started for each that ends */
};

struct sender {
    struct loop *loop;
    struct sender_pools *pools;
    struct timer *expiry;
    int64_t timeout_ms;
    size_t connection_count;
    struct send_list sends; /* oldest first */
    size_t send_count;
    LIST_HEAD(, host) hosts[HOST_BUCKETS];
    TAILQ_HEAD(, host) idle_hosts; /* least recently used first */
    size_t idle_host_count;
};

static void host_free(struct host *host) {
    LIST_REMOVE(host, chain);
    free(host->origin);
    sender_pool_release(host->pool);
    timer_free(host->trial_end);
    free(host);
}

static struct host *host_new(struct sender *sender, struct slice origin, const struct route *route,
                             size_t bucket) {
    struct host *host = memory_new(sizeof *host);

    host->sender = sender;
    host->origin = memory_copy_slice(origin);
    host->pool = sender_pool_hold(sender->pools, route);
    host->window_count = sender->connection_count;
    TAILQ_INIT(&host->waiting);
    LIST_INIT(&host->trials);
    LIST_INSERT_HEAD(&sender->hosts[bucket], host, chain);
    return host;
}

static bool host_is_idle(const struct host *host) {
    return host->active_count == 0 && TAILQ_EMPTY(&host->waiting);
}

/* Apps that have a certificate each share their provider's origin. */
static size_t host_bucket(struct slice origin, const struct route *route) {
    const char *certificate = route == NULL ? NULL : route->certificate_file;

    return (hash_table_key(origin) ^ hash_table_key(slice_of(certificate))) % HOST_BUCKETS;
}

static void host_forget(struct sender *sender, struct host *host) {
    TAILQ_REMOVE(&sender->idle_hosts, host, idle);
    sender->idle_host_count--;
    host_free(host);
}

/* The host of origin and route, idle or not; not among the idle ones from here on. */
static struct host *host_take(struct sender *sender, struct slice origin,
                              const struct route *route) {
    size_t bucket = host_bucket(origin, route);
    struct host *host = NULL;
    struct host *next = NULL;

    for (host = LIST_FIRST(&sender->hosts[bucket]); host != NULL; host = next) {
        next = LIST_NEXT(host, chain);
        if (!slice_is(origin, host->origin) || !route_equal(route, sender_pool_route(host->pool)))
            continue;
        if (!sender_pool_is_outdated(host->pool))
            break;
        if (host_is_idle(host))
            host_forget(sender, host);
    }
    if (host == NULL)
        return host_new(sender, origin, route, bucket);
    if (host_is_idle(host)) {
        TAILQ_REMOVE(&sender->idle_hosts, host, idle);
        sender->idle_host_count--;
    }
    return host;
}

/* Idle hosts are remembered for what is known of them, but not without end. */
static void host_rest(struct sender *sender, struct host *host) {
    TAILQ_INSERT_TAIL(&sender->idle_hosts, host, idle);
    if (++sender->idle_host_count > IDLE_HOSTS_KEPT)
        host_forget(sender, TAILQ_FIRST(&sender->idle_hosts));
}

/* A host whose connections do not stand gets one request for each that might: libcurl looks at
 * every request that waits for a connection whenever anything happens on any other. */
static void host_widen(struct sender *sender, struct host *host, bool answered) {
    host->window_count = sender->connection_count;
    if (answered && host->multiplexes)
        host->window_count *= STREAMS_A_CONNECTION;
}

static void host_learn(struct sender *sender, struct host *host, bool answered, bool multiplexed) {
    if (answered)
        host->multiplexes = multiplexed;
    if (!host->holds_back)
        host_widen(sender, host, answered);
}

/* The first in line of those who may start: one whose time is over is left to on_expiry. */
static struct send *host_next(struct sender *sender, struct host *host) {
    struct send *send = TAILQ_FIRST(&host->waiting);

    if (send == NULL || host->active_count >= host->window_count ||
        send->deadline_ms <= loop_monotonic_ms(sender->loop))
        return NULL;
    return send;
}

static void host_start_waiting(struct sender *sender, struct host *host) {
    struct send *send = NULL;

    while ((send = host_next(sender, host)) != NULL) {
        TAILQ_REMOVE(&host->waiting, send, waiting);
        host->active_count++;
        send->transfer = sender_pool_take(host->pool);
        sender_transfer_prepare(send->transfer, send->request, host->multiplexes, send);
        sender_pool_start(host->pool, send->transfer);
    }
}

/* ---- New connections: one request until its answer, since only then it is known how many streams
 * the server takes. Apple's take one until a request has shown who asks. ---- */

static void trial_begin(struct send *send, int64_t connection, int64_t now_ms) {
    send->tries_connection = connection;
    send->tries_until_ms = now_ms + TRIAL_MS;
    LIST_INSERT_HEAD(&send->host->trials, send, trial);
}

static void trial_stop(struct send *send) {
    if (send->tries_connection < 0)
        return;
    send->tries_connection = -1;
    send->host->holds_back = false;
    LIST_REMOVE(send, trial);
}

/* Whether the request may go out on that connection now. */
static bool on_connection(void *owner, int64_t connection, bool is_new) {
    struct send *send = owner;
    const int64_t now_ms = loop_monotonic_ms(send->host->sender->loop);
    const struct send *first = NULL;

    if (is_new) {
        trial_begin(send, connection, now_ms);
        return true;
    }
    LIST_FOREACH(first, &send->host->trials, trial) {
        if (first->tries_connection == connection)
            return now_ms >= first->tries_until_ms;
    }
    return true;
}

static void on_trial_end(void *context) {
    struct host *host = context;

    host->holds_back = false;
    host_widen(host->sender, host, true);
    host_start_waiting(host->sender, host);
}

/* Back to the head of the line, until the trial is over or has taken too long. */
static void send_defer(struct sender *sender, struct send *send) {
    struct host *host = send->host;

    sender_pool_put_back(host->pool, send->transfer);
    send->transfer = NULL;
    TAILQ_INSERT_HEAD(&host->waiting, send, waiting);
    host->active_count--;
    if (LIST_EMPTY(&host->trials)) {
        host_start_waiting(sender, host);
        return;
    }
    host->holds_back = true;
    host->window_count = host->active_count;
    if (host->trial_end == NULL)
        host->trial_end = timer_new(sender->loop, on_trial_end, host);
    timer_start(host->trial_end, TRIAL_MS);
}

static void expire_next(struct sender *sender) {
    struct send *oldest = TAILQ_FIRST(&sender->sends);

    if (oldest == NULL)
        timer_stop(sender->expiry);
    else
        timer_start(sender->expiry, oldest->deadline_ms - loop_monotonic_ms(sender->loop));
}

/* Takes the send out of every list; its transfer has left libcurl. The host stays busy: while it
 * rests it may be forgotten, and whoever is told of the answer may send again. */
static void send_detach(struct sender *sender, struct send *send) {
    struct host *host = send->host;

    trial_stop(send);
    TAILQ_REMOVE(&sender->sends, send, by_age);
    sender->send_count--;
    if (send->transfer == NULL) {
        TAILQ_REMOVE(&host->waiting, send, waiting);
        host->active_count++;
    }
}

static void send_free(struct send *send) {
    if (send->transfer != NULL)
        sender_pool_put_back(send->host->pool, send->transfer);
    free(send->request);
    free(send);
}

static void send_answer(struct sender *sender, struct send *send,
                        const struct sender_outcome *outcome) {
    struct host *host = send->host;

    send_detach(sender, send);
    send->done(send->context, outcome);
    send_free(send);
    host->active_count--;
    host_start_waiting(sender, host);
    if (host_is_idle(host))
        host_rest(sender, host);
}

static void on_ended(void *context, CURL *easy, CURLcode code) {
    struct sender *sender = context;
    struct send *send = sender_transfer_owner(easy);
    struct sender_outcome outcome;

    if (sender_transfer_deferred(send->transfer)) {
        send_defer(sender, send);
        return;
    }
    trial_stop(send);
    sender_transfer_outcome(send->transfer, code, false, &outcome);
    host_learn(sender, send->host, outcome.result == SENDER_ANSWERED,
               sender_transfer_multiplexed(send->transfer));
    send_answer(sender, send, &outcome);
}

static void send_expire(struct sender *sender, struct send *send) {
    struct sender_outcome outcome = {.result = SENDER_UNREACHED,
                                     .reason = "queue_timeout",
                                     .detail = "earlier requests to the host took all the time"};

    if (send->transfer != NULL) {
        sender_pool_drop(send->host->pool, send->transfer);
        sender_transfer_outcome(send->transfer, CURLE_OPERATION_TIMEDOUT, true, &outcome);
    }
    send_answer(sender, send, &outcome);
}

static void on_expiry(void *context) {
    struct sender *sender = context;
    int64_t now_ms = loop_monotonic_ms(sender->loop);
    struct send *send = NULL;

    while ((send = TAILQ_FIRST(&sender->sends)) != NULL && send->deadline_ms <= now_ms)
        send_expire(sender, send);
    expire_next(sender);
}

struct sender *sender_open(struct loop *loop, const struct dispatcher_config *config,
                           struct error *error) {
    struct sender *sender = memory_new(sizeof *sender);

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        error_set(error, ERROR_SYSTEM, "libcurl does not start");
        free(sender);
        return NULL;
    }
    sender->pools = sender_pools_new(loop, config, on_connection, on_ended, sender);
    sender->loop = loop;
    sender->expiry = timer_new(loop, on_expiry, sender);
    sender->timeout_ms = config->request_timeout_ms;
    sender->connection_count = (size_t)config->connections;
    TAILQ_INIT(&sender->sends);
    TAILQ_INIT(&sender->idle_hosts);
    for (size_t i = 0; i < HOST_BUCKETS; i++)
        LIST_INIT(&sender->hosts[i]);
    return sender;
}

void sender_close(struct sender *sender) {
    if (sender == NULL)
        return;
    while (!TAILQ_EMPTY(&sender->sends)) {
        struct send *send = TAILQ_FIRST(&sender->sends);
        TAILQ_REMOVE(&sender->sends, send, by_age);
        if (send->transfer != NULL)
            sender_pool_drop(send->host->pool, send->transfer);
        send_free(send);
    }
    for (size_t i = 0; i < HOST_BUCKETS; i++)
        while (!LIST_EMPTY(&sender->hosts[i]))
            host_free(LIST_FIRST(&sender->hosts[i]));
    sender_pools_free(sender->pools);
    timer_free(sender->expiry);
    curl_global_cleanup();
    free(sender);
}

void sender_send(struct sender *sender, const struct http_request *request,
                 const struct route *route, bool fresh, sender_done *done, void *context) {
    struct send *send = memory_new(sizeof *send);

    send->request = sender_request_copy(request, fresh);
    send->host = host_take(sender, sender_request_origin(send->request), route);
    send->deadline_ms = loop_monotonic_ms(sender->loop) + sender->timeout_ms;
    send->tries_connection = -1;
    send->done = done;
    send->context = context;
    TAILQ_INSERT_TAIL(&send->host->waiting, send, waiting);
    TAILQ_INSERT_TAIL(&sender->sends, send, by_age);
    if (sender->send_count++ == 0)
        expire_next(sender);
    host_start_waiting(sender, send->host);
}

size_t sender_in_flight(const struct sender *sender) {
    return sender->send_count;
}
