/* columba-sim: a fleet of dispatchers, Kafka, Redis and the providers in one process, in virtual
 * time, from one seed. It plays load and faults against the real core and holds it to its promises
 * (promises.h). A seed that breaks one is printed with the way to see it again. */
#include "common/base/memory.h"
#include "tests/sim/broker.h"
#include "tests/sim/cast.h"
#include "tests/sim/fleet.h"
#include "tests/sim/journal.h"
#include "tests/sim/load.h"
#include "tests/sim/promises.h"
#include "tests/sim/tally.h"
#include "tests/sim/weather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PARTITIONS = 6,
    HOUR_MS = 3600 * 1000,
    FAULTS_MS = 2 * HOUR_MS,
    QUIET_MS = 4 * HOUR_MS, /* until the oldest push is too old, and several of the longest delay */
    LOOK_MS = 60 * 1000,
    SEEDS_FOR_TABLE = 10, /* fewer need not fill it */
};

static const char directory_template[] = "columba-sim-XXXXXX";

/* ---- One seed ---- */

static void look(void *context) {
    struct world *world = context;

    broker_check_handed(world->broker);
    world_schedule(world, NULL, LOOK_MS, look, world);
}

static void check_end(struct world *world, struct fleet *fleet) {
    if (broker_backlog(world->broker) > 0)
        world_broken(world, "%zu records are left hours after the last fault",
                     broker_backlog(world->broker));
    promises_check_end(world);
    fleet_check_end(fleet);
    fleet_trace(fleet);
}

struct result {
    struct tally tally;
    size_t played;
    size_t broken;
    size_t records;
    size_t second_deliveries;
    size_t least_records;
};

/* True when the seed keeps every promise. */
static bool play(struct config *const configs[GENERATIONS], uint64_t seed, bool trace,
                 struct result *result) {
    struct world *world = memory_new(sizeof *world);
    struct tally *tally = memory_new(sizeof *tally);

    *world = (struct world){.seed = seed,
                            .random_state = seed,
                            .now_ms = 1700000000000,
                            .trace = trace,
                            .tally = tally,
                            .promises = promises_new(),
                            .weather = memory_new(sizeof(struct weather))};
    world->cast = cast_new(world);
    world->broker = broker_new(world, PARTITIONS);
    journal_open(world);
    struct fleet *fleet = fleet_new(world, configs);
    load_start(world, FAULTS_MS);
    weather_start(world, fleet);
    look(world);
    world_run_until(world, world->now_ms + FAULTS_MS);
    weather_clear(world);
    world_run_until(world, world->now_ms + QUIET_MS);
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
    free(world->weather);
    free(world->cast);
    free(world);
    free(tally);
    return kept;
}

/* ---- The command line ---- */

struct options {
    uint64_t first_seed;
    uint64_t seed_count;
    double minutes; /* of real time, 0: by count */
    bool trace;
};

static bool read_options(int argc, char **argv, struct options *out) {
    *out = (struct options){.first_seed = 1, .seed_count = 20};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--trace") == 0)
            out->trace = true;
        else if (strcmp(argv[i], "--seed") == 0)
            out->first_seed = strtoull(value, NULL, 10), out->seed_count = 1, i++;
        else if (strcmp(argv[i], "--from") == 0)
            out->first_seed = strtoull(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--seeds") == 0)
            out->seed_count = strtoull(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--minutes") == 0)
            out->minutes = strtod(value, NULL), i++;
        else
            return false;
    }
    return true;
}

static int play_all(struct config *const configs[GENERATIONS], const struct options *options) {
    struct result result = {.least_records = PUSHES_MAX};
    time_t end = time(NULL) + (time_t)(options->minutes * 60);

    for (uint64_t i = 0; options->minutes > 0 ? time(NULL) < end : i < options->seed_count; i++) {
        uint64_t seed = options->first_seed + i;
        if (!play(configs, seed, options->trace, &result))
            printf("seed %llu breaks a promise; again with: columba-sim --seed %llu --trace\n",
                   (unsigned long long)seed, (unsigned long long)seed);
        fflush(stdout);
    }
    size_t empty = tally_print(&result.tally);
    printf("%zu seeds, %zu broken, %zu records (at least %zu each), %zu second deliveries (each "
           "with a cause)\n",
           result.played, result.broken, result.records, result.least_records,
           result.second_deliveries);
    if (result.played < SEEDS_FOR_TABLE)
        return result.broken > 0 ? 1 : 0;
    if (empty > 0)
        printf("%zu cells are empty: what is never met proves nothing\n", empty);
    return result.broken > 0 || empty > 0 ? 1 : 0;
}

static void remove_keys(const char *directory) {
    static const char *const names[] = {"ec.pem", "fcm0.json", "fcm1.json"};
    char path[512];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

int main(int argc, char **argv) {
    struct options options;
    struct error error = {0};
    struct config *configs[GENERATIONS] = {NULL};
    char directory[256];
    const char *temporary = getenv("TMPDIR");
    int status = 2;

    if (!read_options(argc, argv, &options)) {
        fprintf(stderr, "columba-sim [--seed N] [--from N] [--seeds COUNT] [--minutes N]"
                        " [--trace]\n");
        return status;
    }
    snprintf(directory, sizeof directory, "%s/%s", temporary == NULL ? "/tmp" : temporary,
             directory_template);
    if (mkdtemp(directory) == NULL) {
        fprintf(stderr, "no directory for keys can be made in %s\n", directory);
        return status;
    }
    if (cast_configure(directory, configs, &error))
        status = play_all(configs, &options);
    else
        fprintf(stderr, "%s\n", error.text);
    for (int generation = 0; generation < GENERATIONS; generation++)
        config_release(configs[generation]);
    remove_keys(directory);
    return status;
}
