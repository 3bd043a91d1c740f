/* One seed: a world that is all its own, from its first event to its last. */
#ifndef COLUMBA_SIM_SEED_H
#define COLUMBA_SIM_SEED_H

#include "tests/sim/stage.h"
#include "tests/sim/tally.h"

/* Of one or more of them. */
struct seed_result {
    struct tally tally;
    size_t played;
    size_t broken;
    size_t records;
    size_t least_records;
    size_t least_faults; /* kinds of them that happened */
    size_t second_deliveries;
};

/* True when it keeps every promise. Adds to the result. */
bool seed_play(struct config *const configs[GENERATIONS], uint64_t seed,
               const struct stage_options *options, struct seed_result *result);

void seed_result_add(struct seed_result *sum, const struct seed_result *result);

#endif
