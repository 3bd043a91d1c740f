#include "tests/sim/seed.h"

#include "tests/sim/load.h"
#include "tests/sim/promises.h"
#include "tests/sim/weather.h"

enum {
    HOUR_MS = 3600 * 1000,
    FAULTS_MS = 2 * HOUR_MS,
    QUIET_MS = 4 * HOUR_MS, /* until the oldest push is too old, and several of the longest delay */
};

static size_t kinds_of_faults(const struct tally *tally) {
    size_t count = 0;

    for (size_t fault = 0; fault < FAULT_COUNT; fault++)
        count += tally->happened[fault] > 0 ? 1 : 0;
    return count;
}

bool seed_play(struct config *const configs[GENERATIONS], uint64_t seed,
               const struct stage_options *options, struct seed_result *result) {
    struct stage *stage = stage_open(&troupe_of_all_kinds, configs, seed, options);
    struct world *world = stage_world(stage);

    load_start(world, FAULTS_MS);
    weather_start(world, stage_fleet(stage));
    world_run_until(world, world->now_ms + FAULTS_MS);
    weather_clear(world);
    world_run_until(world, world->now_ms + QUIET_MS);
    if (!options->is_hasty || world->broken_promises == 0)
        stage_check_end(stage);

    bool kept = world->broken_promises == 0;
    size_t records = world->promises->count + world->tally->happened[FAULT_REPEATED];
    seed_result_add(result,
                    &(struct seed_result){.tally = *world->tally,
                                          .played = 1,
                                          .broken = kept ? 0 : 1,
                                          .records = records,
                                          .least_records = records,
                                          .least_faults = kinds_of_faults(world->tally),
                                          .second_deliveries = world->promises->second_deliveries});
    stage_close(stage);
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
    if (result->least_faults < sum->least_faults)
        sum->least_faults = result->least_faults;
}
