#include "tests/sim/seed.h"

#include "common/base/memory.h"
#include "tests/sim/broker.h"
#include "tests/sim/cast.h"
#include "tests/sim/conduct.h"
#include "tests/sim/fleet.h"
#include "tests/sim/journal.h"
#include "tests/sim/load.h"
#include "tests/sim/promises.h"
#include "tests/sim/weather.h"

#include <stdlib.h>

enum {
    PARTITIONS = 6,
    HOUR_MS = 3600 * 1000,
    FAULTS_MS = 2 * HOUR_MS,
    QUIET_MS = 4 * HOUR_MS, /* until the oldest push is too old, and several of the longest delay */
    LOOK_MS = 5 * 1000,
    CHECK_LOOKS = 12, /* a check of the fleet is dearer than a look */
};

struct watcher {
    struct world *world;
    struct fleet *fleet;
    size_t looks;
};

static void look(void *context) {
    struct watcher *watcher = context;

    broker_check_handed(watcher->world->broker);
    if (++watcher->looks % CHECK_LOOKS == 0)
        fleet_check(watcher->fleet);
    world_schedule(watcher->world, NULL, LOOK_MS, look, watcher);
}

static void check_end(struct world *world, struct fleet *fleet) {
    if (broker_backlog(world->broker) > 0)
        world_broken(world, "%zu records are left hours after the last fault",
                     broker_backlog(world->broker));
    promises_check_end(world);
    fleet_check_end(fleet);
    fleet_trace(fleet);
}

bool seed_play(struct config *const configs[GENERATIONS], uint64_t seed,
               const struct seed_options *options, struct seed_result *result) {
    struct world *world = memory_new(sizeof *world);
    struct tally *tally = memory_new(sizeof *tally);

    *world = (struct world){.seed = seed,
                            .random_state = seed,
                            .now_ms = 1700000000000,
                            .trace = options->trace,
                            .is_hasty = options->is_hasty,
                            .tally = tally,
                            .promises = promises_new(),
                            .conduct = conduct_new(),
                            .weather = memory_new(sizeof(struct weather))};
    world->cast = cast_new(world);
    world->broker = broker_new(world, PARTITIONS);
    journal_open(world);
    struct fleet *fleet = fleet_new(world, configs);
    load_start(world, FAULTS_MS);
    weather_start(world, fleet);
    struct watcher watcher = {.world = world, .fleet = fleet};
    look(&watcher);
    world_run_until(world, world->now_ms + FAULTS_MS);
    weather_clear(world);
    world_run_until(world, world->now_ms + QUIET_MS);
    if (!options->is_hasty || world->broken_promises == 0)
        check_end(world, fleet);
    journal_open(NULL);
    fleet_free(fleet);
    world_end(world);
    broker_free(world->broker);
    redis_reset();

    bool kept = world->broken_promises == 0;
    size_t records = world->promises->count + tally->happened[FAULT_REPEATED];
    tally_add(&result->tally, tally);
    result->played++;
    result->broken += kept ? 0 : 1;
    result->records += records;
    result->second_deliveries += world->promises->second_deliveries;
    if (records < result->least_records)
        result->least_records = records;
    free(world->promises);
    free(world->conduct);
    free(world->weather);
    free(world->cast);
    free(world);
    free(tally);
    return kept;
}

void seed_result_add(struct seed_result *sum, const struct seed_result *result) {
    tally_add(&sum->tally, &result->tally);
    sum->played += result->played;
    sum->broken += result->broken;
    sum->records += result->records;
    sum->second_deliveries += result->second_deliveries;
    if (result->least_records < sum->least_records)
        sum->least_records = result->least_records;
}
