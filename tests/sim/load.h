/* The pushes of the homeservers: an even stream, storms, hot pushkeys, strangers, repetitions. */
#ifndef COLUMBA_SIM_LOAD_H
#define COLUMBA_SIM_LOAD_H

#include "tests/sim/cast.h"
#include "tests/sim/world.h"

/* Goes on for so long. */
void load_start(struct world *world, int64_t for_ms);

/* An alert for the phone. */
void load_alert(struct world *world, struct phone *phone);

/* What makes it uneven; each is one fault of the schedule. */
void load_storm(struct world *world);
void load_hot_pushkey(struct world *world);
void load_strangers(struct world *world);
void load_unreadable(struct world *world);

#endif
