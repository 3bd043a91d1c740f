#include "tests/sim/stage.h"

#include "common/base/memory.h"
#include "tests/sim/broker.h"
#include "tests/sim/conduct.h"
#include "tests/sim/fleet.h"
#include "tests/sim/journal.h"
#include "tests/sim/promises.h"
#include "tests/sim/weather.h"

#include <stdlib.h>

enum {
    PARTITIONS = 6,
    LOOK_MS = 5 * 1000,
    CHECK_LOOKS = 12, /* a check of the fleet is dearer than a look */
};

struct stage {
    struct world world;
    struct fleet *fleet;
    size_t looks;
};

static void look(void *context) {
    struct stage *stage = context;

    broker_check_handed(stage->world.broker);
    if (++stage->looks % CHECK_LOOKS == 0)
        fleet_check(stage->fleet);
    world_schedule(&stage->world, NULL, LOOK_MS, look, stage);
}

struct stage *stage_open(const struct troupe *troupe, struct config *const configs[GENERATIONS],
                         uint64_t seed, const struct stage_options *options) {
    struct stage *stage = memory_new(sizeof *stage);
    struct world *world = &stage->world;

    *world = (struct world){.seed = seed,
                            .random_state = seed,
                            .now_ms = 1700000000000,
                            .trace = options->trace,
                            .is_hasty = options->is_hasty,
                            .tally = memory_new(sizeof(struct tally)),
                            .promises = promises_new(),
                            .conduct = conduct_new(),
                            .weather = memory_new(sizeof(struct weather))};
    world->cast = cast_new(world, troupe);
    world->broker = broker_new(world, PARTITIONS);
    journal_open(world);
    stage->fleet = fleet_new(world, configs);
    look(stage);
    return stage;
}

struct world *stage_world(struct stage *stage) {
    return &stage->world;
}

struct fleet *stage_fleet(struct stage *stage) {
    return stage->fleet;
}

void stage_check_end(struct stage *stage) {
    struct world *world = &stage->world;

    if (broker_backlog(world->broker) > 0)
        world_broken(world, "%zu records are left hours after the last fault",
                     broker_backlog(world->broker));
    promises_check_end(world);
    fleet_check_end(stage->fleet);
    fleet_trace(stage->fleet);
}

void stage_close(struct stage *stage) {
    struct world *world = &stage->world;

    journal_open(NULL);
    fleet_free(stage->fleet);
    world_end(world);
    broker_free(world->broker);
    redis_reset();
    free(world->promises);
    free(world->conduct);
    free(world->weather);
    free(world->cast);
    free(world->tally);
    free(stage);
}
