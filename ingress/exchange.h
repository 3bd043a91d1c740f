/* A connection, and the request on it: its body collected within bounds, given to notify, and
 * answered once. */
#ifndef COLUMBA_INGRESS_EXCHANGE_H
#define COLUMBA_INGRESS_EXCHANGE_H

#include "common/base/mhd_loop.h"
#include "ingress/connections.h"
#include "ingress/notify.h"
#include "ingress/response.h"
#include "ingress/throttle.h"

/* What the exchanges of one server share; borrowed, but for the responses. */
struct exchange_ground {
    struct loop *loop;
    struct mhd_loop *driver;
    const struct ingress_config *config;
    struct notify *notify;
    struct budget *budget;
    struct metrics *metrics;
    struct connections *connections;
    struct responses responses;
    struct throttle log_lines[ANSWER_KIND_COUNT];
    bool discovery; /* an app of kind unifiedpush is configured */
    bool closing;   /* answers ask for another connection */
};

struct exchange {
    struct connection_link link;
    struct exchange_ground *ground;
    struct MHD_Connection *connection;
    int socket;
    bool leaves_unread; /* answered before its body was read */
    bool begun;
    bool suspended;
    bool answered;
    bool refused; /* the answer is settled as refusal; what still arrives is thrown away */
    enum answer_kind refusal;
    struct routing route;
    struct slice traceparent;
    struct buffer body;
    size_t thrown_away_bytes;
    struct answer answer;
};

/* A connection was opened. */
struct exchange *exchange_new(struct exchange_ground *ground, struct MHD_Connection *connection);

/* It has closed; no request is under way. */
void exchange_free(struct exchange *exchange);

/* The first line of a request is here. */
void exchange_arrive(struct exchange *exchange);

/* libmicrohttpd's handler: once with the headers, with each piece of the body, once behind it, and
 * once more when resumed. */
enum MHD_Result exchange_handle(struct exchange *exchange, const char *url, const char *method,
                                const char *piece, size_t *piece_bytes);

/* The request is over, whether its answer was sent or the caller has gone. */
void exchange_complete(struct exchange *exchange);

#endif
