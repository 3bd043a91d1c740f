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

/* A gate that is not open, and how many dispatchers say so of it with the same reason. */
struct fleet_gate {
    const char *lane;         /* as asked for */
    struct json_object *gate; /* as the first of them tells it; borrowed */
    int64_t waiting;          /* over all of them */
    int64_t until_ms;         /* the latest; 0 where none is said */
    size_t dispatchers;
};

/* To be freed; the fleet outlives it. Returns how many there are. */
size_t fleet_gates(const struct fleet *fleet, const char *const *lanes, size_t lane_count,
                   struct fleet_gate **out);

/* Closed without an end, as only an operator does: it opens when it is opened. */
bool fleet_gate_is_by_hand(const struct fleet_gate *gate);

/* What its dispatchers say of a lane, in all. */
struct fleet_sums {
    int64_t dispatchers;
    int64_t in_flight;
    int64_t push_lag;
    int64_t retry_lag;
    int64_t oldest_ms;
};

/* Adds what one member says of a lane; nothing when it does not serve it. */
void fleet_add(const struct fleet_member *member, const char *lane, struct fleet_sums *sums);

int64_t fleet_number(struct json_object *object, const char *name);

#endif
