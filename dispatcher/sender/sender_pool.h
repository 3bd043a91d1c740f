/* What requests by one route share: libcurl's connections, and handles that are set up for it.
 * Routes share nothing, so that no request goes out on a connection that another route has made:
 * not past its guard, not under another name. */
#ifndef COLUMBA_SENDER_POOL_H
#define COLUMBA_SENDER_POOL_H

#include "common/base/curl_loop.h"
#include "dispatcher/sender/sender_transfer.h"

struct sender_pool;
struct sender_pools;

/* ended is told of the transfers of every pool, admit is asked of each. */
struct sender_pools *sender_pools_new(struct loop *loop, const struct dispatcher_config *config,
                                      sender_transfer_admit *admit, curl_loop_ended *ended,
                                      void *context);

/* Every transfer was put back. */
void sender_pools_free(struct sender_pools *pools);

/* The pool of the route (NULL: nothing configured), to be released once. One that nobody holds
 * keeps its connections until a new one is made: a new route is a new configuration. */
struct sender_pool *sender_pool_hold(struct sender_pools *pools, const struct route *route);
void sender_pool_release(struct sender_pool *pool);

const struct route *sender_pool_route(const struct sender_pool *pool);

/* Whether its connections show the certificate that was in the route's file before: nothing new
 * goes out on them. */
bool sender_pool_is_outdated(const struct sender_pool *pool);

/* A handle between two requests. */
struct sender_transfer *sender_pool_take(struct sender_pool *pool);
void sender_pool_put_back(struct sender_pool *pool, struct sender_transfer *transfer);

/* Starts the transfer, and drops it before it has ended. */
void sender_pool_start(struct sender_pool *pool, struct sender_transfer *transfer);
void sender_pool_drop(struct sender_pool *pool, struct sender_transfer *transfer);

#endif
