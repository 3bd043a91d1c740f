/* The log of the simulated processes: what they say of their pushes goes to promises.h. */
#ifndef COLUMBA_SIM_JOURNAL_H
#define COLUMBA_SIM_JOURNAL_H

#include "tests/sim/world.h"

/* NULL: nobody listens. */
void journal_open(struct world *world);

#endif
