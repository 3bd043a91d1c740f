#include "ingress/route.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *path;
    const char *method;
    enum endpoint endpoint;
    bool needs_discovery;
} table[] = {
    {"/health", "GET", ENDPOINT_HEALTH, false},
    {"/_matrix/push/v1/notify", "GET", ENDPOINT_DISCOVERY, true},
    {"/_matrix/push/v1/notify", "POST", ENDPOINT_NOTIFY, false},
};

static void allow(struct routing *route, const char *method) {
    size_t used = strlen(route->allow);

    if (used + strlen(method) + sizeof ", " > sizeof route->allow)
        return;
    if (used > 0)
        strcat(route->allow, ", ");
    strcat(route->allow, method);
}

struct routing route_find(const char *method, const char *path, bool discovery) {
    struct routing route = {.endpoint = ENDPOINT_UNKNOWN};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(path, table[i].path) != 0 || (table[i].needs_discovery && !discovery))
            continue;
        if (strcmp(method, table[i].method) == 0)
            return (struct routing){.endpoint = table[i].endpoint};
        route.endpoint = ENDPOINT_WRONG_METHOD;
        allow(&route, table[i].method);
    }
    return route;
}
