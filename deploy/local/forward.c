#include "deploy/local/forward.h"

#include "common/base/listener.h"
#include "common/base/loop_ev.h"
#include "common/base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HALF_BYTES = 16 * 1024 };

struct connection;

/* One direction: the source is read while it is empty, the sink written until it is again. */
struct half {
    struct connection *connection;
    ev_io source;
    ev_io sink;
    size_t start;
    size_t end;
    char data[HALF_BYTES];
};

struct connection {
    struct forward *forward;
    struct connection *next;
    struct connection **link; /* what points here */
    int client;
    int target;
    struct half there;
    struct half back;
};

struct forward {
    struct loop *loop;
    ev_io accepting;
    int listener;
    int port;
    int target_port;
    struct connection *connections;
};

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void half_stop(struct ev_loop *ev, struct half *half) {
    ev_io_stop(ev, &half->source);
    ev_io_stop(ev, &half->sink);
}

static void connection_close(struct connection *connection) {
    struct ev_loop *ev = loop_ev(connection->forward->loop);

    half_stop(ev, &connection->there);
    half_stop(ev, &connection->back);
    close(connection->client);
    close(connection->target);
    *connection->link = connection->next;
    if (connection->next != NULL)
        connection->next->link = connection->link;
    free(connection);
}

static bool is_passing(ssize_t result) {
    return result < 0 && (errno == EAGAIN || errno == EINTR);
}

static void source_readable(struct ev_loop *ev, ev_io *watcher, int events) {
    struct half *half = watcher->data;
    ssize_t got = recv(watcher->fd, half->data, sizeof half->data, 0);

    (void)events;
    if (is_passing(got))
        return;
    if (got <= 0) {
        connection_close(half->connection);
        return;
    }
    half->start = 0;
    half->end = (size_t)got;
    ev_io_stop(ev, &half->source);
    ev_io_start(ev, &half->sink);
}

static void sink_writable(struct ev_loop *ev, ev_io *watcher, int events) {
    struct half *half = watcher->data;
    ssize_t put =
        send(watcher->fd, half->data + half->start, half->end - half->start, MSG_NOSIGNAL);

    (void)events;
    if (is_passing(put))
        return;
    if (put < 0) {
        connection_close(half->connection);
        return;
    }
    half->start += (size_t)put;
    if (half->start < half->end)
        return;
    ev_io_stop(ev, &half->sink);
    ev_io_start(ev, &half->source);
}

static void half_start(struct half *half, struct connection *connection, int source, int sink) {
    half->connection = connection;
    ev_io_init(&half->source, source_readable, source, EV_READ);
    ev_io_init(&half->sink, sink_writable, sink, EV_WRITE);
    half->source.data = half;
    half->sink.data = half;
    ev_io_start(loop_ev(connection->forward->loop), &half->source);
}

/* A connect that fails later shows as an error of the first read or write. */
static int connect_to(int port) {
    struct sockaddr_in address = loopback(port);
    int target = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (target < 0)
        return -1;
    setsockopt(target, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(target, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS)
        return target;
    close(target);
    return -1;
}

static void client_arrived(struct ev_loop *ev, ev_io *watcher, int events) {
    struct forward *forward = watcher->data;
    int client = accept4(watcher->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int target;
    struct connection *connection;

    (void)ev;
    (void)events;
    if (client < 0)
        return;
    target = connect_to(forward->target_port);
    if (target < 0) {
        close(client);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    connection = memory_new(sizeof *connection);
    connection->forward = forward;
    connection->client = client;
    connection->target = target;
    connection->next = forward->connections;
    connection->link = &forward->connections;
    if (connection->next != NULL)
        connection->next->link = &connection->next;
    forward->connections = connection;
    half_start(&connection->there, connection, client, target);
    half_start(&connection->back, connection, target, client);
}

struct forward *forward_open(struct loop *loop, int port, int target_port, struct error *error) {
    struct forward *forward = NULL;
    char address[32];
    int listener = -1;

    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    if (!listeners_open(address, &listener, 1, error))
        return NULL;
    forward = memory_new(sizeof *forward);
    forward->loop = loop;
    forward->listener = listener;
    forward->port = listener_port(listener);
    forward->target_port = target_port;
    ev_io_init(&forward->accepting, client_arrived, listener, EV_READ);
    forward->accepting.data = forward;
    ev_io_start(loop_ev(loop), &forward->accepting);
    return forward;
}

void forward_close(struct forward *forward) {
    if (forward == NULL)
        return;
    while (forward->connections != NULL)
        connection_close(forward->connections);
    ev_io_stop(loop_ev(forward->loop), &forward->accepting);
    close(forward->listener);
    free(forward);
}

int forward_port(const struct forward *forward) {
    return forward->port;
}
