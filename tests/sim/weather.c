#include "tests/sim/weather.h"

#include "common/base/memory.h"
#include "tests/sim/broker.h"
#include "tests/sim/fleet.h"
#include "tests/sim/load.h"
#include "tests/sim/promises.h"

enum {
    SECOND_MS = 1000,
    BETWEEN_MS = 30 * SECOND_MS, /* faults, at most */
    SPORADIC = 40,               /* of a thousand sends */
    HOUR_MS = 3600 * SECOND_MS,
};

struct schedule {
    struct world *world;
    struct fleet *fleet;
};

/* What befalls an app or a host for a while, and single sends at any time. */
static const enum fault fronts[] = {
    FAULT_CONFIGURATION, FAULT_STALE_CREDENTIAL,  FAULT_RATE_LIMIT, FAULT_RATE_LIMIT_AFTER,
    FAULT_SERVER_ERROR,  FAULT_UNAVAILABLE_AFTER, FAULT_HTML,       FAULT_SLOW,
    FAULT_HANG,          FAULT_ANSWER_LOST,       FAULT_RESET,      FAULT_REFUSED,
    FAULT_GOAWAY,
};

enum { FRONTS = sizeof fronts / sizeof fronts[0] };

/* Mostly short, now and then long. */
static int64_t duration_ms(struct world *world) {
    static const int64_t most_ms[] = {20 * SECOND_MS,  20 * SECOND_MS,  20 * SECOND_MS,
                                      120 * SECOND_MS, 120 * SECOND_MS, 720 * SECOND_MS};

    return 500 +
           (int64_t)world_random(
               world, (uint64_t)most_ms[world_random(world, sizeof most_ms / sizeof *most_ms)]);
}

static void say(struct world *world, enum fault fault, const char *what) {
    world->tally->happened[fault]++;
    world_trace(world, "FAULT %s%s", tally_fault_name(fault), what);
}

/* ---- Redis and the queue, for a while ---- */

static void redis_returns(void *context) {
    struct world *world = context;

    world_trace(world, "Redis is back");
    promises_excuse_live(world);
    world->weather->redis_doubted_ms = world->now_ms;
    world->weather->redis_away = false;
}

static void redis_hastens(void *context) {
    struct world *world = context;

    world_trace(world, "Redis is quick again");
    promises_excuse_live(world);
    world->weather->redis_doubted_ms = world->now_ms;
    world->weather->redis_slow = false;
}

static void queue_accepts(void *context) {
    struct world *world = context;

    world_trace(world, "the queue takes again");
    world->weather->queue_refuses = false;
}

static void queue_hastens(void *context) {
    struct world *world = context;

    world_trace(world, "the queue is quick again");
    world->weather->queue_slow = false;
}

static void for_a_while(struct world *world, enum fault fault, bool *flag, loop_callback *end) {
    int64_t most_ms = 60 * SECOND_MS;

    if (*flag)
        return;
    say(world, fault, "");
    *flag = true;
    promises_meet_held(world, NULL, fault);
    world_schedule(world, NULL, 500 + (int64_t)world_random(world, (uint64_t)most_ms), end, world);
}

static void redis_goes(struct schedule *schedule) {
    struct world *world = schedule->world;

    promises_excuse_live(world);
    for_a_while(world, FAULT_REDIS_AWAY, &world->weather->redis_away, redis_returns);
}

static void redis_slows(struct schedule *schedule) {
    struct world *world = schedule->world;

    promises_excuse_live(world);
    for_a_while(world, FAULT_REDIS_SLOW, &world->weather->redis_slow, redis_hastens);
}

static void redis_forgets(struct schedule *schedule) {
    struct world *world = schedule->world;

    say(world, FAULT_REDIS_FLUSHED, "");
    promises_meet_held(world, NULL, FAULT_REDIS_FLUSHED);
    promises_excuse_all(world);
    world->weather->redis_doubted_ms = world->now_ms;
    redis_reset();
}

static void queue_refuses(struct schedule *schedule) {
    struct world *world = schedule->world;

    for_a_while(world, FAULT_QUEUE_REFUSES, &world->weather->queue_refuses, queue_accepts);
}

static void queue_slows(struct schedule *schedule) {
    struct world *world = schedule->world;

    for_a_while(world, FAULT_QUEUE_SLOW, &world->weather->queue_slow, queue_hastens);
}

/* ---- Processes ---- */

static void process_dies(struct schedule *schedule) {
    int number = (int)world_random(schedule->world, NODES);

    if (fleet_crash(schedule->fleet, number))
        schedule->world->tally->happened[FAULT_CRASH]++;
}

static void process_stops(struct schedule *schedule) {
    int number = (int)world_random(schedule->world, NODES);

    if (fleet_stop(schedule->fleet, number))
        schedule->world->tally->happened[FAULT_LEAVE]++;
}

/* A changed file, or a hang-up signal, under load. */
static void reload_comes(struct schedule *schedule) {
    int number = (int)world_random(schedule->world, NODES);

    if (fleet_reload(schedule->fleet, number))
        schedule->world->tally->happened[FAULT_RELOAD]++;
}

static void process_is_expelled(struct schedule *schedule) {
    int number = (int)world_random(schedule->world, NODES);

    if (fleet_expel(schedule->fleet, number))
        schedule->world->tally->happened[FAULT_ZOMBIE]++;
}

static void clock_jumps(struct schedule *schedule) {
    struct world *world = schedule->world;
    int number = (int)world_random(world, NODES);

    if (fleet_shift_clock(schedule->fleet, number, world_chance(world, 50) ? HOUR_MS : -HOUR_MS))
        world->tally->happened[FAULT_CLOCK_JUMP]++;
}

static void rollout_ends(void *context) {
    struct world *world = context;
    struct weather *weather = world->weather;

    for (size_t app = 0; app < world->cast->app_count; app++)
        for (int generation = 0; generation < GENERATIONS; generation++)
            if (weather->broken[app][generation] != CREDENTIAL_FINE) {
                weather->broken[app][generation] = CREDENTIAL_FINE;
                weather->generation = generation;
            }
    world_trace(world, "credential %d is mended, and everybody's from here on",
                weather->generation);
}

/* Some processes have a new credential, which is no good. */
static void rollout_begins(struct schedule *schedule) {
    struct world *world = schedule->world;
    struct weather *weather = world->weather;
    size_t app = (size_t)world_random(world, world->cast->app_count);

    if (weather->generation < 0 || !world->cast->apps[app].has_generations)
        return;
    say(world, FAULT_ROLLOUT, "");
    int generation = 1 - weather->generation;
    /* What was good and is mistaken from now on has earned its rejects, by design. */
    bool is_mistaken = !fleet_has(schedule->fleet, generation) && world_chance(world, 50);
    weather->broken[app][generation] = is_mistaken ? CREDENTIAL_MISTAKEN : CREDENTIAL_REFUSED;
    weather->generation = -1;
    world_trace(world, "  credential %d of %s is %s", generation, world->cast->apps[app].pattern,
                is_mistaken ? "another app's" : "refused");
    fleet_stop(schedule->fleet, (int)world_random(world, NODES));
    fleet_stop(schedule->fleet, (int)world_random(world, NODES));
    world_schedule(world, NULL, 120 * SECOND_MS + (int64_t)world_random(world, 600 * SECOND_MS),
                   rollout_ends, world);
}

/* ---- Providers ---- */

static void token_endpoint_returns(void *context) {
    struct world *world = context;

    world->weather->token_endpoint_down = false;
}

static void token_endpoint_goes(struct schedule *schedule) {
    struct world *world = schedule->world;

    for_a_while(world, FAULT_TOKEN_ENDPOINT, &world->weather->token_endpoint_down,
                token_endpoint_returns);
}

static void front_comes(struct schedule *schedule) {
    struct world *world = schedule->world;
    struct weather *weather = world->weather;
    size_t app = (size_t)world_random(world, world->cast->app_count);
    bool is_whole = world->cast->apps[app].hosts == 1 || world_chance(world, 20);
    size_t host = (size_t)world_random(world, (uint64_t)world->cast->apps[app].hosts);
    struct front *front = is_whole ? &weather->apps[app] : &weather->hosts[app][host];

    front->fault = fronts[world_random(world, FRONTS)];
    front->until_ms = world->now_ms + duration_ms(world);
    say(world, front->fault, "");
    world_trace(world, "  of %s%s for %lld ms", world->cast->apps[app].pattern,
                is_whole ? "" : ", a host", (long long)(front->until_ms - world->now_ms));
}

enum fault weather_at(struct world *world, int app, int host) {
    const struct weather *weather = world->weather;
    const struct front *at_host = &weather->hosts[app][host];
    const struct front *at_app = &weather->apps[app];

    if (!weather->faults && !weather->is_staged)
        return FAULT_COUNT;
    if (at_host->until_ms > world->now_ms)
        return at_host->fault;
    if (at_app->until_ms > world->now_ms)
        return at_app->fault;
    if (weather->is_staged || world_random(world, 1000) >= SPORADIC)
        return FAULT_COUNT;
    enum fault fault = fronts[world_random(world, FRONTS)];
    /* A single refusal of a good credential is no trouble that there is. */
    if (fault == FAULT_CONFIGURATION)
        return FAULT_COUNT;
    world->tally->happened[fault]++;
    return fault;
}

/* ---- The load ---- */

static void storm_comes(struct schedule *schedule) {
    say(schedule->world, FAULT_STORM, "");
    load_storm(schedule->world);
}

static void pushkey_is_hot(struct schedule *schedule) {
    say(schedule->world, FAULT_HOT_PUSHKEY, "");
    load_hot_pushkey(schedule->world);
}

static void strangers_come(struct schedule *schedule) {
    say(schedule->world, FAULT_STRANGER, "");
    load_strangers(schedule->world);
}

static void nonsense_comes(struct schedule *schedule) {
    say(schedule->world, FAULT_UNREADABLE, "");
    load_unreadable(schedule->world);
}

/* ---- The schedule ---- */

static const struct {
    void (*happen)(struct schedule *schedule);
    unsigned weight;
} happenings[] = {
    {reload_comes, 4},   {process_dies, 6},   {process_stops, 6},  {process_is_expelled, 4},
    {clock_jumps, 4},    {rollout_begins, 4}, {redis_goes, 3},     {redis_slows, 3},
    {redis_forgets, 2},  {queue_refuses, 4},  {queue_slows, 3},    {token_endpoint_goes, 3},
    {front_comes, 40},   {storm_comes, 5},    {pushkey_is_hot, 5}, {strangers_come, 3},
    {nonsense_comes, 2},
};

static void something_happens(void *context) {
    struct schedule *schedule = context;
    struct world *world = schedule->world;
    unsigned sum = 0;
    size_t which = 0;

    if (!world->weather->faults) {
        free(schedule);
        return;
    }
    for (size_t i = 0; i < sizeof happenings / sizeof happenings[0]; i++)
        sum += happenings[i].weight;
    unsigned lot = (unsigned)world_random(world, sum);
    while (lot >= happenings[which].weight)
        lot -= happenings[which++].weight;
    happenings[which].happen(schedule);
    world_schedule(world, NULL, (int64_t)world_random(world, BETWEEN_MS), something_happens,
                   schedule);
}

void weather_start(struct world *world, struct fleet *fleet) {
    struct schedule *schedule = memory_new(sizeof *schedule);

    *schedule = (struct schedule){.world = world, .fleet = fleet};
    world->weather->faults = true;
    world_schedule(world, NULL, 5 * SECOND_MS, something_happens, schedule);
}

/* What goes on for a while ends by itself. */
void weather_clear(struct world *world) {
    world_trace(world, "it clears up");
    world->weather->faults = false;
}
