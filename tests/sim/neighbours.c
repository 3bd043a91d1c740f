#include "tests/sim/neighbours.h"

#include "common/base/memory.h"
#include "tests/sim/load.h"
#include "tests/sim/promises.h"
#include "tests/sim/weather.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SECOND_MS = 1000,
    CALM_MS = 25 * SECOND_MS, /* until everybody has been sent to */
    TROUBLE_MS = 180 * SECOND_MS,
    PASSING_MS = 30 * SECOND_MS, /* in which trouble may be felt that comes all at once */
    QUIET_MS = 4 * 3600 * SECOND_MS,
    EVEN_EVERY_MS = 12,
    BACKLOG = 100000,
    RECORDS_A_MS = 3, /* that the queue here hands over, one for each dispatcher */
    TWICE = 2,
};

#define APP(number)                                                                                \
    { "im.app" #number, PROVIDER_FCM, "apps", 1, 0, 0, true }

static const struct cast_app twenty[] = {
    APP(0),  APP(1),  APP(2),  APP(3),  APP(4),  APP(5),  APP(6),  APP(7),  APP(8),  APP(9),
    APP(10), APP(11), APP(12), APP(13), APP(14), APP(15), APP(16), APP(17), APP(18), APP(19),
};
static const struct troupe twenty_apps = {.apps = twenty, .app_count = 20, .phones = 50};

static const struct cast_app endpoints[] = {
    {"im.up", PROVIDER_UNIFIEDPUSH, "endpoints", 50, 0, 0, false}};
static const struct troupe fifty_hosts = {.apps = endpoints, .app_count = 1, .phones = 1000};

enum { INVENTED_HOSTS = 1000, INVENTED_TOKENS = 10000 };

static const struct cast_app invented_endpoints[] = {
    {"im.up", PROVIDER_UNIFIEDPUSH, "endpoints", 50 + INVENTED_HOSTS, INVENTED_HOSTS, 0, false}};
static const struct troupe invented_hosts = {
    .apps = invented_endpoints, .app_count = 1, .phones = 1000, .strangers = INVENTED_HOSTS};

static const struct cast_app lone_app[] = {APP()};
static const struct troupe invented_tokens = {
    .apps = lone_app, .app_count = 1, .phones = 1000, .strangers = INVENTED_TOKENS};

/* The bad neighbours are the strangers, where there are any; else the first phone, and all who
 * share its app's or host's trouble with it. */
struct act {
    const char *name;
    const struct troupe *troupe;
    enum fault fault; /* of its gate; FAULT_COUNT: none */
    size_t backlog;   /* for its app */
    bool is_half;     /* as many pushes for the first phone as for all the others */
    int strange;      /* pushes to strangers, spread over the time of trouble */
};

static const struct act acts[] = {
    {"one host of 50 hangs", &fifty_hosts, FAULT_HANG, 0, false, 0},
    {"1,000 invented hosts hang", &invented_hosts, FAULT_HANG, 0, false, 20 * INVENTED_HOSTS},
    {"one app of 20 is latched, with a backlog", &twenty_apps, FAULT_CONFIGURATION, BACKLOG, false,
     0},
    {"one pushkey is half of all", &twenty_apps, FAULT_COUNT, 0, true, 0},
    {"10,000 invented tokens", &invented_tokens, FAULT_COUNT, 0, false, INVENTED_TOKENS},
};

enum { SHARES = 3 };

static const struct {
    const char *name;
    unsigned per_mille;
} shares[SHARES] = {{"half", 500}, {"95 %", 950}, {"99 %", 990}};

struct latencies {
    int64_t ms[SHARES]; /* within which so many of the others' pushes were taken */
    size_t count;
    bool is_broken;
};

struct run {
    const struct act *act;
    struct world *world;
    int64_t until_ms;
    int64_t trouble_ms; /* when it begins */
    bool has_trouble;
    int strange; /* pushes to strangers so far */
};

static bool is_bad(const struct act *act, const struct phone *phone, const struct phone *first) {
    if (act->strange > 0)
        return phone->life == LIFE_STRANGER;
    return act->is_half ? phone == first : phone->app == first->app && phone->host == first->host;
}

static void push_evenly(void *context) {
    struct run *run = context;
    struct world *world = run->world;
    struct cast *cast = world->cast;
    int app = (int)world_random(world, cast->app_count);
    struct phone *phone =
        cast_phone(cast, app, (int)world_random(world, (uint64_t)cast->troupe->phones), false);

    if (world->now_ms >= run->until_ms)
        return;
    if (!is_bad(run->act, phone, cast->phones) || (run->has_trouble && !run->act->is_half))
        load_alert(world, phone);
    if (run->act->is_half && run->has_trouble && world->now_ms >= run->trouble_ms)
        load_alert(world, cast->phones);
    world_schedule(world, NULL, EVEN_EVERY_MS, push_evenly, run);
}

static void push_strangely(void *context) {
    struct run *run = context;
    struct world *world = run->world;

    if (world->now_ms >= run->until_ms)
        return;
    load_alert(world, cast_phone(world->cast, 0, run->strange++, true));
    world_schedule(world, NULL, TROUBLE_MS / run->act->strange, push_strangely, run);
}

static void hang_hosts(struct world *world, bool are_strange, struct front front) {
    const struct cast_app *app = &world->cast->apps[0];
    int first = are_strange ? app->hosts - app->strangers_hosts : 0;
    int end = are_strange ? app->hosts : 1;

    for (int host = first; host < end; host++)
        world->weather->hosts[0][host] = front;
}

static void begin_trouble(void *context) {
    struct run *run = context;
    struct world *world = run->world;
    struct weather *weather = world->weather;
    struct front front = {.fault = run->act->fault, .until_ms = run->until_ms};

    if (run->act->fault == FAULT_HANG)
        hang_hosts(world, run->act->strange > 0, front);
    else if (run->act->fault != FAULT_COUNT)
        weather->apps[0] = front;
    for (size_t i = 0; i < run->act->backlog; i++)
        load_alert(world, cast_phone(world->cast, 0, (int)i, false));
    if (run->act->strange > 0)
        push_strangely(run);
}

static int compare(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return left < right ? -1 : left > right ? 1 : 0;
}

static void measure(const struct run *run, struct latencies *out) {
    const struct promises *promises = run->world->promises;
    int64_t *all_ms = memory_new_array(promises->count, sizeof *all_ms);
    int64_t felt_until_ms =
        run->trouble_ms + PASSING_MS + (int64_t)run->act->backlog / RECORDS_A_MS;

    out->count = 0;
    for (size_t i = 0; i < promises->count; i++) {
        const struct push *push = &promises->pushes[i];
        if (push->first_ms >= felt_until_ms &&
            !is_bad(run->act, push->phone, run->world->cast->phones))
            all_ms[out->count++] = push->took_ms - push->first_ms;
    }
    qsort(all_ms, out->count, sizeof *all_ms, compare);
    for (size_t i = 0; i < SHARES && out->count > 0; i++)
        out->ms[i] = all_ms[(out->count - 1) * shares[i].per_mille / 1000];
    free(all_ms);
}

static void run_act(const struct act *act, struct config *const configs[GENERATIONS],
                    bool has_trouble, const struct stage_options *options, struct latencies *out) {
    struct stage *stage = stage_open(act->troupe, configs, 1, options);
    struct world *world = stage_world(stage);
    int64_t start_ms = world->now_ms;
    struct run run = {.act = act,
                      .world = world,
                      .until_ms = start_ms + CALM_MS + TROUBLE_MS,
                      .trouble_ms = start_ms + CALM_MS,
                      .has_trouble = has_trouble};

    world->weather->is_staged = true;
    world_schedule(world, NULL, SECOND_MS, push_evenly, &run);
    if (has_trouble)
        world_schedule(world, NULL, CALM_MS, begin_trouble, &run);
    world_run_until(world, run.until_ms);
    world_run_until(world, run.until_ms + QUIET_MS);
    stage_check_end(stage);
    measure(&run, out);
    out->is_broken = world->broken_promises > 0;
    stage_close(stage);
}

static bool play_act(const struct act *act, const char *directory,
                     const struct stage_options *options) {
    struct config *configs[GENERATIONS] = {NULL};
    struct latencies without = {0};
    struct latencies with = {0};
    struct error error = {0};

    if (!cast_configure(act->troupe, directory, configs, &error)) {
        printf("%s\n", error.text);
        return false;
    }
    run_act(act, configs, false, options, &without);
    run_act(act, configs, true, options, &with);
    bool is_fine = !without.is_broken && !with.is_broken && with.count > 0;
    printf("%s: of %zu pushes of the others", act->name, with.count);
    for (size_t i = 0; i < SHARES; i++) {
        printf("%s %s within %lld ms (%lld without it)", i == 0 ? "" : ",", shares[i].name,
               (long long)with.ms[i], (long long)without.ms[i]);
        is_fine = is_fine && with.ms[i] <= without.ms[i] * TWICE;
    }
    printf("%s\n", is_fine ? "" : ": MORE THAN TWICE, or a promise is broken");
    for (int generation = 0; generation < GENERATIONS; generation++)
        config_release(configs[generation]);
    return is_fine;
}

bool neighbours_play(const char *directory, const struct stage_options *options) {
    bool all_fine = true;

    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        all_fine = play_act(&acts[i], directory, options) && all_fine;
    return all_fine;
}
