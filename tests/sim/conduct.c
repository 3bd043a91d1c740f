#include "tests/sim/conduct.h"

#include "common/base/memory.h"
#include "tests/sim/broker.h"
#include "tests/sim/promises.h"
#include "tests/sim/weather.h"

#include <stdio.h>
#include <string.h>

enum {
    /* Between a gate's leave and the send there may be a credential to fetch. */
    ON_THE_WAY_MS = 1500,
    FLOWING_MS = 1000 + ON_THE_WAY_MS,
    IN_USE_MS = 58 * 1000,
    CLOCK_GRACE_MS = 1500,
    /* A latch lives in Redis for 150 s from when it is first seen there, and is heeded for as long.
     */
    WORD_LASTS_MS = 2 * 150 * 1000 + 50 * 1000,
    WAIT_MS = 35 * 1000, /* and nobody who came before a gate was shut waits any more */
    SHARE = IN_FLIGHT / 4,
    STRANGERS_SHARE = IN_FLIGHT / 10,
};

/* What one process has to do with one app or host. */
struct gate_watch {
    size_t on_wire;
    size_t openings;
    size_t probes; /* since it was open last: what got through then was another's, maybe */
    int64_t sent_ms;
    int64_t succeeded_ms;
    int64_t shut_ms; /* 0: it is open */
    bool is_latched;
};

struct conduct {
    struct gate_watch gates[NODES][APPS_MAX][HOSTS_MAX];
    int64_t knows_time_ms[NODES][LANES]; /* since when it does; 0: it does not */
    bool is_mixed[NODES];                /* since it was started it has had several credentials */
    /* When a provider last called a credential no good. */
    int64_t misconfigured_ms[APPS_MAX][GENERATIONS];
};

struct conduct *conduct_new(void) {
    return memory_new(sizeof(struct conduct));
}

void conduct_begin(struct world *world, const struct process *process) {
    struct conduct *conduct = world->conduct;
    int number = process->number;

    memset(conduct->gates[number], 0, sizeof conduct->gates[number]);
    memset(conduct->knows_time_ms[number], 0, sizeof conduct->knows_time_ms[number]);
    conduct->is_mixed[number] = false;
    for (size_t i = 0; i < world->cast->phone_count; i++)
        world->cast->phones[i].told_hold_ms[number] = 0;
}

void conduct_reloaded(struct world *world, const struct process *process) {
    world->conduct->is_mixed[process->number] = true;
}

static size_t lane_of(const struct world *world, const struct phone *phone) {
    return strcmp(world->cast->apps[phone->app].lane, cast_lanes[0]) == 0 ? 0 : 1;
}

static struct gate_watch *watch_of(struct world *world, const struct process *process,
                                   const struct phone *phone) {
    return &world->conduct->gates[process->number][phone->app][phone->host];
}

static bool is_strangers_host(const struct cast_app *app, int host) {
    return app->hosts > 1 && host >= app->hosts - app->strangers_hosts;
}

/* ---- Shares ---- */

/* Who is alone takes all of it. */
static bool is_alone(struct world *world, const struct process *process,
                     const struct phone *phone) {
    size_t lane = lane_of(world, phone);
    size_t in_use = 0;

    for (size_t app = 0; app < world->cast->app_count; app++)
        for (int host = 0; host < world->cast->apps[app].hosts; host++) {
            const struct gate_watch *gate = &world->conduct->gates[process->number][app][host];
            bool is_here = strcmp(world->cast->apps[app].lane, cast_lanes[lane]) == 0;
            in_use += is_here && gate->sent_ms > world->now_ms - IN_USE_MS ? 1 : 0;
        }
    return in_use <= 1;
}

static size_t strangers_on_wire(struct world *world, const struct process *process, size_t lane) {
    size_t count = 0;

    for (size_t app = 0; app < world->cast->app_count; app++)
        for (int host = 0; host < world->cast->apps[app].hosts; host++)
            if (is_strangers_host(&world->cast->apps[app], host) &&
                strcmp(world->cast->apps[app].lane, cast_lanes[lane]) == 0)
                count += world->conduct->gates[process->number][app][host].on_wire;
    return count;
}

static void check_share(struct world *world, const struct process *process,
                        const struct phone *phone, const struct gate_watch *gate) {
    bool flows = gate->succeeded_ms > world->now_ms - FLOWING_MS;
    bool is_shut = gate->shut_ms > 0; /* then it is a probe, which is one more */

    /* Each credential has a gate of its own. */
    bool is_one_gate = !world->conduct->is_mixed[process->number];

    if (gate->on_wire >= SHARE && !flows && !is_shut && is_one_gate &&
        !is_alone(world, process, phone))
        world_broken(world,
                     "dispatcher %d sends to %s, whose %zu requests are unanswered: more than its "
                     "share",
                     process->number, phone->app_id, gate->on_wire);
    if (is_strangers_host(&world->cast->apps[phone->app], phone->host) &&
        strangers_on_wire(world, process, lane_of(world, phone)) >= STRANGERS_SHARE)
        world_broken(world, "dispatcher %d sends to more strangers than their share allows",
                     process->number);
}

bool conduct_has_waited(struct world *world, const struct process *process,
                        const struct phone *phone) {
    const struct gate_watch *gate = watch_of(world, process, phone);

    return gate->shut_ms > 0 && gate->shut_ms < world->now_ms - WAIT_MS &&
           !is_alone(world, process, phone);
}

/* ---- Probes ---- */

static bool is_redis_in_doubt(const struct world *world) {
    return world->weather->redis_away || world->weather->redis_slow ||
           world->weather->redis_doubted_ms > world->now_ms - WORD_LASTS_MS;
}

static void check_probe(struct world *world, const struct process *process,
                        const struct phone *phone, const struct gate_watch *gate) {
    const struct cast_app *app = &world->cast->apps[phone->app];

    if (gate->probes > 0)
        world_broken(world, "dispatcher %d probes %s, of which a probe is out", process->number,
                     phone->app_id);
    if (gate->is_latched && app->hosts == 1 && !is_redis_in_doubt(world) &&
        !redis_has_lease(app->lane, app->pattern, process->number))
        world_broken(world, "dispatcher %d probes %s, and another one has leave to",
                     process->number, phone->app_id);
}

/* ---- Sends ---- */

/* Who does not know what time it is goes by its own clock. */
static void check_due(struct world *world, const struct process *process,
                      const struct parcel *parcel) {
    const struct phone *phone = parcel->phone;
    int64_t since_ms = world->conduct->knows_time_ms[process->number][lane_of(world, phone)];
    int64_t held_ms = phone->told_hold_ms[process->number] - world->now_ms;

    if (since_ms > 0 && !broker_has_due(world->broker, process, parcel->push, since_ms))
        world_broken(world, "push %lld is sent before it is due", parcel->push);
    if (held_ms > CLOCK_GRACE_MS)
        world_broken(world, "push %lld is sent although its pushkey is held for %lld ms",
                     parcel->push, (long long)held_ms);
}

size_t conduct_sent(struct world *world, const struct process *process, const struct parcel *parcel,
                    bool fresh) {
    struct gate_watch *gate = watch_of(world, process, parcel->phone);
    bool is_probe = !fresh && !world->conduct->is_mixed[process->number] && gate->shut_ms > 0 &&
                    gate->shut_ms < world->now_ms - ON_THE_WAY_MS;

    world->promises->pushes[parcel->push].sends++;
    gate->sent_ms = world->now_ms;
    if (!fresh) {
        check_share(world, process, parcel->phone, gate);
        check_due(world, process, parcel);
    }
    if (is_probe)
        check_probe(world, process, parcel->phone, gate);
    gate->on_wire++;
    gate->probes += is_probe ? 1 : 0;
    return is_probe ? gate->openings + 1 : 0;
}

static void note_trouble(struct world *world, const struct process *process, long long number) {
    struct push *push = &world->promises->pushes[number];
    unsigned bit = 1u << process->number;

    push->phone->troubled += (push->troubled & bit) == 0 ? 1 : 0;
    push->troubled |= bit;
}

void conduct_heard(struct world *world, const struct process *process, const struct parcel *parcel,
                   size_t probe, enum word word) {
    struct gate_watch *gate = watch_of(world, process, parcel->phone);

    gate->on_wire--;
    gate->probes -= probe > 0 && probe == gate->openings + 1 ? 1 : 0;
    if (word == WORD_TAKEN)
        gate->succeeded_ms = world->now_ms;
    else
        note_trouble(world, process, parcel->push);
    if (word == WORD_OF_CREDENTIAL && parcel->generation >= 0 && parcel->generation < GENERATIONS)
        world->conduct->misconfigured_ms[parcel->phone->app][parcel->generation] = world->now_ms;
}

/* ---- Gates ---- */

/* A probe that fails, or that finds out nothing, leaves things as they were. An opening that Redis
 * could not be told of is not heard by who starts anew. */
static void check_latch(struct world *world, const struct process *process, size_t app,
                        bool was_probing) {
    int64_t *said_ms = world->conduct->misconfigured_ms[app];
    bool is_mixed = world->conduct->is_mixed[process->number];

    if (!world->cast->apps[app].has_generations)
        return;
    if (was_probing)
        said_ms[process->generation] = world->now_ms;
    if (was_probing && is_mixed)
        said_ms[1 - process->generation] = world->now_ms;
    if (!is_mixed && !is_redis_in_doubt(world) &&
        said_ms[process->generation] <= world->now_ms - WORD_LASTS_MS)
        world_broken(world, "dispatcher %d latches %s, of whose credential %d nobody says a word",
                     process->number, world->cast->apps[app].pattern, process->generation);
    /* Who starts anew meanwhile sees it for the first time. */
    said_ms[process->generation] = world->now_ms;
}

static void turn(struct world *world, const struct process *process, size_t app, int host,
                 struct slice from, struct slice to) {
    struct gate_watch *gate = &world->conduct->gates[process->number][app][host];

    if (slice_is(to, "open")) {
        gate->openings++;
        gate->probes = 0;
        gate->shut_ms = 0;
    } else if (gate->shut_ms == 0) {
        gate->shut_ms = world->now_ms;
    }
    gate->is_latched = slice_is(to, "latched");
    if (gate->is_latched)
        check_latch(world, process, app, slice_is(from, "probing"));
}

void conduct_turned(struct world *world, const struct process *process, struct slice app_id,
                    struct slice host, struct slice from, struct slice to) {
    static const size_t scheme = sizeof "https://h" - 1;
    int number = host.size > scheme ? (int)strtol(host.data + scheme, NULL, 10) : 0;

    for (size_t app = 0; app < world->cast->app_count; app++) {
        bool is_web = world->cast->apps[app].kind == PROVIDER_WEBPUSH;
        const char *suffix = is_web ? ".web.sim" : ".up.sim";
        bool is_its_host = host.size > 0 && world->cast->apps[app].hosts > 1 &&
                           number < HOSTS_MAX &&
                           memmem(host.data, host.size, suffix, strlen(suffix)) != NULL;
        if (host.size == 0 ? slice_is(app_id, world->cast->apps[app].pattern) &&
                                 world->cast->apps[app].hosts == 1
                           : is_its_host)
            turn(world, process, app, number, from, to);
    }
}

/* ---- Pushkeys ---- */

void conduct_told_hold(struct world *world, const struct process *process, const char *h,
                       int64_t until_ms) {
    struct phone *phone = cast_find(world->cast, h);

    if (phone == NULL)
        return;
    bool knows_time = world->conduct->knows_time_ms[process->number][lane_of(world, phone)] > 0;
    phone->asked_ms[process->number] = world->now_ms;
    phone->told_hold_ms[process->number] = knows_time ? until_ms : 0;
}

void conduct_held(struct world *world, const char *h, int64_t until_ms) {
    struct phone *phone = cast_find(world->cast, h);

    if (phone == NULL || until_ms <= phone->hold_ms)
        return;
    if (phone->troubled == 0)
        world_broken(world, "a pushkey of %s is held for %lld ms more, and no answer asks for that",
                     phone->app_id, (long long)(until_ms - phone->hold_ms));
    phone->hold_ms = until_ms;
}

void conduct_moved(struct world *world, const struct push *push) {
    int64_t until_ms = world->now_ms + push->copy_delay_ms;

    if (push->phone->hold_ms < until_ms)
        push->phone->hold_ms = until_ms;
}

void conduct_copied(struct world *world, long long number, int64_t delay_ms, int64_t attempt) {
    struct push *push = &world->promises->pushes[number];

    push->copy_delay_ms = delay_ms;
    if (attempt > push->sends)
        world_broken(world, "push %lld moves as attempt %lld, and was sent %d times", number,
                     (long long)attempt, push->sends);
}

void conduct_knows_time(struct world *world, const struct process *process, const char *topic) {
    for (size_t lane = 0; lane < LANES; lane++) {
        int64_t *since_ms = &world->conduct->knows_time_ms[process->number][lane];
        if (strstr(topic, cast_lanes[lane]) != NULL && *since_ms == 0)
            *since_ms = world->now_ms;
    }
}
