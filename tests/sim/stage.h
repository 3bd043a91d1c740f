/* A world with everything in it: who plays, their queue, their dispatchers, and who watches them.
 */
#ifndef COLUMBA_SIM_STAGE_H
#define COLUMBA_SIM_STAGE_H

#include "tests/sim/cast.h"

struct fleet;
struct stage;

struct stage_options {
    bool trace;
    bool is_hasty; /* the first broken promise is the end */
};

struct stage *stage_open(const struct troupe *troupe, struct config *const configs[GENERATIONS],
                         uint64_t seed, const struct stage_options *options);
struct world *stage_world(struct stage *stage);
struct fleet *stage_fleet(struct stage *stage);

/* All is over, and long quiet: what is left has been lost. */
void stage_check_end(struct stage *stage);
void stage_close(struct stage *stage);

#endif
