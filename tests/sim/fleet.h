/* The dispatchers: each a process with its lanes, which may be killed, stopped and started again.
 */
#ifndef COLUMBA_SIM_FLEET_H
#define COLUMBA_SIM_FLEET_H

#include "tests/sim/cast.h"

struct fleet;

struct fleet *fleet_new(struct world *world, struct config *const configs[GENERATIONS]);
void fleet_free(struct fleet *fleet);

/* False when that one is down at the moment. */
bool fleet_crash(struct fleet *fleet, int number);
bool fleet_stop(struct fleet *fleet, int number);
bool fleet_expel(struct fleet *fleet, int number);
bool fleet_reload(struct fleet *fleet, int number);
bool fleet_shift_clock(struct fleet *fleet, int number, int64_t by_ms);

/* Whether a dispatcher works with credentials of that generation, or has since it was started. */
bool fleet_has(const struct fleet *fleet, int generation);

/* No more is in flight than may be. */
void fleet_check(struct fleet *fleet);

/* All is over: nothing may be in flight any more. */
void fleet_check_end(struct fleet *fleet);
void fleet_trace(struct fleet *fleet);

#endif
