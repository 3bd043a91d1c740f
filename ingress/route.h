/* Which request is whose: a table of paths and methods. Pure. */
#ifndef COLUMBA_INGRESS_ROUTE_H
#define COLUMBA_INGRESS_ROUTE_H

#include <stdbool.h>

enum endpoint {
    ENDPOINT_NOTIFY,       /* POST of a notification (Matrix Push Gateway API) */
    ENDPOINT_HEALTH,       /* a load balancer asks whether it is there, as it asks Sygnal */
    ENDPOINT_DISCOVERY,    /* UnifiedPush clients ask whether this is a gateway of theirs */
    ENDPOINT_WRONG_METHOD, /* the path exists, the method does not */
    ENDPOINT_UNKNOWN,      /* no such path */
};

enum { ROUTE_ALLOW_SIZE = 32 };

struct routing {
    enum endpoint endpoint;
    char allow[ROUTE_ALLOW_SIZE]; /* the value of Allow; set for ENDPOINT_WRONG_METHOD alone */
};

/* discovery says whether an app of kind unifiedpush is configured. */
struct routing route_find(const char *method, const char *path, bool discovery);

#endif
