#include "ingress/server.h"

#include "common/base/listener.h"
#include "common/base/memory.h"
#include "ingress/exchange.h"
#include "ingress/farewell.h"
#include "ingress/instruments.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel's number of it; the header that names it does not go with <linux/tcp.h>. */
enum { TCP_STATE_CLOSE_WAIT = 8 };

enum { POOL_BYTES = 8192, SWEEP_LEAST_MS = 20, SWEEP_MOST_MS = 1000, LOG_LINE_SIZE = 256 };

struct server {
    struct server_parts parts;
    struct MHD_Daemon *daemon;
    struct timer *sweep;
    struct farewell *farewell;
    struct connections connections;
    struct exchange_ground ground;
    int listener; /* -1 once closed */
    bool finishing;
    loop_callback *emptied;
    void *context;
};

static void tell_when_empty(void *context) {
    struct server *server = context;

    if (server->finishing && server->connections.count == 0 &&
        farewell_count(server->farewell) == 0)
        server->emptied(server->context);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *piece,
                                  size_t *piece_bytes, void **request) {
    (void)context;
    (void)connection;
    (void)version;
    return exchange_handle(*request, url, method, piece, piece_bytes);
}

/* What it returns is the request in the two calls around it. */
static void *on_first_line(void *context, const char *url, struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    (void)context;
    (void)url;
    exchange_arrive(info->socket_context);
    return info->socket_context;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code) {
    struct server *server = context;

    (void)connection;
    (void)code;
    exchange_complete(*request);
    if (server->finishing)
        connections_end_idle(&server->connections, loop_monotonic_ms(server->parts.loop));
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
    struct server *server = context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = exchange_new(&server->ground, connection);
        return;
    }
    struct exchange *exchange = *socket_context;
    if (exchange->leaves_unread)
        farewell_keep(server->farewell, exchange->socket);
    exchange_free(exchange);
    tell_when_empty(server);
}

__attribute__((format(printf, 2, 0))) static void on_library_log(void *context, const char *format,
                                                                 va_list arguments) {
    char line[LOG_LINE_SIZE];

    (void)context;
    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    vsnprintf(line, sizeof line, format, arguments);
    log_debug("http", log_text("reason", line));
}

static struct exchange *exchange_of(struct connection_link *link) {
    return (struct exchange *)((char *)link - offsetof(struct exchange, link));
}

static struct connection_sight look(void *context, struct connection_link *link) {
    struct tcp_info info = {0};
    socklen_t size = sizeof info;

    (void)context;
    if (getsockopt(exchange_of(link)->socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return (struct connection_sight){0};
    return (struct connection_sight){.received_bytes = info.tcpi_bytes_received,
                                     .closed = info.tcpi_state == TCP_STATE_CLOSE_WAIT};
}

/* libmicrohttpd sees the end of the stream and closes. A request that is already on its way is
 * still read and answered, unless its caller is the trouble. */
static void end_connection(void *context, struct connection_link *link,
                           enum connection_end reason) {
    struct server *server = context;

    bool at_fault = reason == CONNECTION_END_SLOW || reason == CONNECTION_END_SHARE;

    /* Whoever sees the end finds it counted. */
    metrics_add(server->parts.metrics, INSTRUMENT_CONNECTIONS_CUT,
                (const char *[]){connection_end_name(reason)}, 1);
    shutdown(exchange_of(link)->socket, at_fault ? SHUT_RDWR : SHUT_RD);
}

static const struct connection_owner owner = {look, end_connection};

static int64_t sweep_period_ms(const struct server *server) {
    int64_t period_ms = server->connections.read_timeout_ms / 8;

    if (period_ms < SWEEP_LEAST_MS)
        return SWEEP_LEAST_MS;
    return period_ms > SWEEP_MOST_MS ? SWEEP_MOST_MS : period_ms;
}

static void on_sweep(void *context) {
    struct server *server = context;

    connections_sweep(&server->connections, loop_monotonic_ms(server->parts.loop));
    timer_start(server->sweep, sweep_period_ms(server));
}

static bool has_unifiedpush(const struct apps *apps) {
    for (size_t i = 0; i < apps->count; i++)
        if (apps->list[i].kind == PROVIDER_UNIFIEDPUSH)
            return true;
    return false;
}

/* Time-outs are not the daemon's: its own know only silence, and a dribble is not silent. */
static struct MHD_Daemon *start_daemon(struct server *server) {
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request,
        server, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL, MHD_OPTION_LISTEN_SOCKET,
        server->listener, MHD_OPTION_CONNECTION_LIMIT, (unsigned)server->connections.limit,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, 0U,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_URI_LOG_CALLBACK,
        on_first_line, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_END);
}

struct server *server_open_take(const struct server_parts *parts, int listener,
                                loop_callback *emptied, void *context, struct error *error) {
    const struct ingress_config *config = &parts->config->ingress;
    struct server *server = memory_new(sizeof *server);

    server->parts = *parts;
    server->listener = listener;
    server->emptied = emptied;
    server->context = context;
    connections_init(&server->connections, &owner, server);
    server->connections.limit = parts->connection_limit;
    server->connections.idle_timeout_ms = config->idle_timeout_ms;
    server->connections.read_timeout_ms = config->read_timeout_ms;
    server->daemon = start_daemon(server);
    if (server->daemon == NULL) {
        error_set(error, ERROR_SYSTEM, "cannot start the HTTP server");
        server_close(server);
        return NULL;
    }
    server->ground = (struct exchange_ground){
        .loop = parts->loop,
        .driver = mhd_loop_new(parts->loop, server->daemon),
        .config = config,
        .notify = parts->notify,
        .budget = parts->budget,
        .metrics = parts->metrics,
        .connections = &server->connections,
        .discovery = has_unifiedpush(&parts->config->apps),
    };
    server->farewell = farewell_new(parts->loop, tell_when_empty, server);
    server->sweep = timer_new(parts->loop, on_sweep, server);
    timer_start(server->sweep, sweep_period_ms(server));
    return server;
}

static void close_listener(struct server *server) {
    if (server->listener < 0)
        return;
    if (server->daemon != NULL)
        MHD_quiesce_daemon(server->daemon);
    close(server->listener);
    server->listener = -1;
}

void server_close(struct server *server) {
    if (server == NULL)
        return;
    close_listener(server);
    timer_free(server->sweep);
    mhd_loop_free(server->ground.driver);
    if (server->daemon != NULL)
        MHD_stop_daemon(server->daemon);
    farewell_free(server->farewell);
    responses_free(&server->ground.responses);
    free(server);
}

void server_configure(struct server *server, const struct config *config) {
    server->ground.discovery = has_unifiedpush(&config->apps);
}

size_t server_connections(const struct server *server) {
    return server->connections.count;
}

void server_drain(struct server *server) {
    server->ground.closing = true;
}

void server_turn_away(struct server *server) {
    listener_turn_away(server->listener);
}

void server_finish(struct server *server) {
    server->finishing = true;
    close_listener(server);
    connections_end_idle(&server->connections, loop_monotonic_ms(server->parts.loop));
    tell_when_empty(server);
}
