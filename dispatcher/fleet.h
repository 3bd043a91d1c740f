/* The fleet: writes into Redis how this dispatcher is, every two seconds, and knows what the others
 * wrote. For people and tools alone: nothing is decided by it. */
#ifndef COLUMBA_DISPATCHER_FLEET_H
#define COLUMBA_DISPATCHER_FLEET_H

#include "common/base/buffer.h"
#include "common/base/loop.h"
#include "common/state/state.h"

struct fleet;

/* Appends a JSON array of this process's lanes. */
typedef void fleet_write_lanes(void *context, struct buffer *out);

/* instance, state and context outlive it. */
struct fleet *fleet_open(struct loop *loop, struct state *state, const char *instance,
                         fleet_write_lanes *write_lanes, void *context);

/* After the state has been closed: it may still call back until then. */
void fleet_close(struct fleet *fleet);

/* Appends a JSON array of all who wrote within 15 s, this one too, as last read:
 * {"instance":…,"at":…,"version":…,"lanes":[…]}. */
void fleet_write(const struct fleet *fleet, struct buffer *out);

#endif
