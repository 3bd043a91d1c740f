/* What the dispatchers write of themselves into Redis, read. Pure. */
#ifndef COLUMBA_CTL_FLEET_H
#define COLUMBA_CTL_FLEET_H

#include "common/base/json.h"
#include "common/state/inspect.h"

struct fleet_member {
    const char *instance; /* borrowed from what was read */
    struct json_object *status;
    int64_t at_ms;
};

struct fleet {
    struct fleet_member *members; /* by name */
    size_t count;
};

/* Those that wrote within the last 15 s. members outlives the fleet. */
void fleet_read(const struct inspect_members *members, int64_t now_ms, struct fleet *out);
void fleet_free(struct fleet *fleet);

/* The entry of a lane in a member's status; NULL when it does not serve it. Borrowed. */
struct json_object *fleet_lane(const struct fleet_member *member, const char *lane);

#endif
