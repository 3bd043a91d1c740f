/* The HTTP server of one worker: a libmicrohttpd daemon on the worker's loop and its own listening
 * socket. */
#ifndef COLUMBA_INGRESS_SERVER_H
#define COLUMBA_INGRESS_SERVER_H

#include "ingress/notify.h"

struct server;

/* Borrowed; all of it outlives the server. */
struct server_parts {
    struct loop *loop;
    const struct config *config;
    struct notify *notify;
    struct budget *budget;
    struct metrics *metrics;
    size_t connection_limit;
};

/* Takes the listening socket in any case. emptied is called when the last connection closes after
 * server_finish, within that call already when there is none. */
struct server *server_open_take(const struct server_parts *parts, int listener,
                                loop_callback *emptied, void *context, struct error *error);

/* Only when empty, or when nothing was ever served. */
void server_close(struct server *server);

/* What of this configuration concerns the server, and can change. */
void server_configure(struct server *server, const struct config *config);

size_t server_connections(const struct server *server);

/* The way out, in this order, each step as long as the caller likes. Answers ask for another
 * connection from here on: */
void server_drain(struct server *server);
/* nobody new may knock, those who did are let in (LISTENER_GRACE_MS): */
void server_turn_away(struct server *server);
/* the door is closed, idle connections end, requests under way are finished: */
void server_finish(struct server *server);

#endif
