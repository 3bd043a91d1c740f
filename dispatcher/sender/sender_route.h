/* A route as libcurl takes it: proxy, certificates, and the guard of hosts that strangers name. */
#ifndef COLUMBA_SENDER_ROUTE_H
#define COLUMBA_SENDER_ROUTE_H

#include "common/push/route.h"
#include "dispatcher/sender/sender_addresses.h"

#include <curl/curl.h>

/* One for each handle, and as long as it. */
struct sender_route {
    const struct route *route;
    struct sender_addresses *addresses; /* of all routes; outlives libcurl's connections */
    /* Of the present request: an address is none that the route permits, or has sockets enough. */
    bool is_forbidden;
    bool is_busy;
};

/* Sets the handle up, for all of its requests. */
void sender_route_set(struct sender_route *by, CURL *easy);

/* Looks at the next request. Behind a proxy it is the proxy that looks names up, so all that can be
 * refused here are literal addresses and the names of the proxy itself; what other names lead to is
 * up to the proxy's own rules. */
void sender_route_begin(struct sender_route *by, const char *url);

/* Whether a proxy that tells nothing of its rules may be asked for the host of the URL. */
bool sender_route_permits_url(const struct route *route, const char *url);

#endif
