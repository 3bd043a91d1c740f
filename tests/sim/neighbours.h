/* What a bad neighbour costs the others, in virtual time: the same load once without it and once
 * with it. */
#ifndef COLUMBA_SIM_NEIGHBOURS_H
#define COLUMBA_SIM_NEIGHBOURS_H

#include "tests/sim/stage.h"

/* Prints a line for each; true when nobody's latency has more than doubled. The directory is for
 * keys. */
bool neighbours_play(const char *directory, const struct stage_options *options);

#endif
