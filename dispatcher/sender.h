/* Sends requests to providers, as the core sees it: one call, one answer. sender/ is the real
 * one; the simulation links another. All in the loop's thread. */
#ifndef COLUMBA_DISPATCHER_SENDER_H
#define COLUMBA_DISPATCHER_SENDER_H

#include "common/base/error.h"
#include "common/base/http.h"
#include "common/base/loop.h"
#include "common/config/config.h"
#include "common/push/route.h"

struct sender;

/* What became of a request, as far as can be known. */
enum sender_result {
    SENDER_ANSWERED,  /* the response is whole, or a 2xx whose body was cut off: is_cut */
    SENDER_UNSENT,    /* the provider cannot have acted on it: safe to repeat at once */
    SENDER_UNREACHED, /* no connection: refused, no such name, TLS failed, none free in time */
    SENDER_LOST,      /* it went out and no answer came: time-out, reset in the middle */
};

struct sender_outcome {
    enum sender_result result;
    struct http_response response; /* SENDER_ANSWERED only */
    const char *reason; /* otherwise: static, for metrics: "timeout", "tls", "refused", … */
    const char *detail; /* otherwise: the library's words, for the log */
    uint64_t broken_connection; /* which one broke under it, and under all it carried; 0: none */
};

/* Borrowed for the call. */
typedef void sender_done(void *context, const struct sender_outcome *outcome);

struct sender *sender_open(struct loop *loop, const struct dispatcher_config *config,
                           struct error *error);

/* Whatever is on the wire is dropped without a call back. */
void sender_close(struct sender *sender);

/* Copies the request and the route (NULL: nothing configured); calls back exactly once, never
 * within this call, at the latest after request_timeout. fresh asks for a connection that no
 * earlier request has used. */
void sender_send(struct sender *sender, const struct http_request *request,
                 const struct route *route, bool fresh, sender_done *done, void *context);

/* How many sends wait for their answer. */
size_t sender_in_flight(const struct sender *sender);

#endif
