/* Gates with a hand-made lane around them: what passes lies on the wire until a test says what
 * became of it. */
#ifndef COLUMBA_TESTS_GATES_FIXTURE_H
#define COLUMBA_TESTS_GATES_FIXTURE_H

#include "common/config/config.h"
#include "dispatcher/delivery.h"
#include "dispatcher/gates_fleet.h"
#include "dispatcher/intake.h"
#include "dispatcher/settle.h"
#include "tests/unit/dispatcher/fake_loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum {
    IN_FLIGHT = 40,
    CREW = 200,
    SIZE_BYTES = 100,
    QUARTER = IN_FLIGHT / 4,
    TENTH = IN_FLIGHT / 10
};

struct fixture {
    struct loop *loop;
    struct core core;
    struct config config;
    struct app apps[4];
    struct provider of_apps;
    struct provider of_hosts;
    struct partition partition;
    struct delivery crew[CREW];
    struct device devices[CREW];
    size_t crew_count;

    size_t noted;
    size_t noted_gated;
    size_t reopened;
    bool lease_is_refused;
    bool is_closed;
};

static inline struct fixture *fixture_of(const struct core *core) {
    return (struct fixture *)((char *)(uintptr_t)core - offsetof(struct fixture, core));
}

/* ---- What stands around gates.c ---- */

void settle(struct delivery *delivery, const struct ending *ending) {
    gates_leave(delivery);
    delivery->ending = *ending;
    delivery->state = DELIVERY_SETTLING;
}

void delivery_send(struct delivery *delivery) {
    delivery->state = DELIVERY_SENDING;
    delivery->started_ms = loop_monotonic_ms(delivery->core->parts.loop);
}

void delivery_enter(struct delivery *delivery, enum delivery_state state) {
    delivery->state = state;
}

uint64_t delivery_pushkey_number(const struct delivery *delivery) {
    return (uint64_t)delivery->accepted_ms;
}

void partition_note(struct partition *partition, bool is_gated) {
    struct fixture *fixture = fixture_of(partition->core);

    fixture->noted++;
    fixture->noted_gated += is_gated ? 1 : 0;
}

void partitions_reopen(struct partitions *partitions) {
    ((struct fixture *)(void *)partitions)->reopened++;
}

bool intake_is_open(const struct intake *intake) {
    return !((const struct fixture *)(const void *)intake)->is_closed;
}

struct gates_fleet {
    struct fixture *fixture;
};

struct gates_fleet *gates_fleet_new(struct core *core, struct gate_places *places) {
    struct gates_fleet *fleet = memory_new(sizeof *fleet);

    (void)places;
    fleet->fixture = fixture_of(core);
    return fleet;
}

void gates_fleet_free(struct gates_fleet *fleet) {
    free(fleet);
}

void gates_fleet_tick(struct gates_fleet *fleet) {
    (void)fleet;
}

void gates_fleet_greet(struct gates_fleet *fleet, struct place *place) {
    (void)fleet;
    (void)place;
}

bool gates_fleet_may_probe(struct gates_fleet *fleet, struct place *place) {
    (void)place;
    return !fleet->fixture->lease_is_refused;
}

void gates_fleet_probed(struct place *place) {
    (void)place;
}

void gates_fleet_turned(struct gates_fleet *fleet, struct place *place, enum gate_state before) {
    (void)fleet;
    (void)place;
    (void)before;
}

/* ---- What tests do ---- */

static inline struct slice host_of(const struct app *app, const struct device *device,
                                   struct arena *arena) {
    (void)app;
    (void)arena;
    return device->app_id;
}

static inline int set_up(void **state) {
    static char lane[] = "lane";
    static char patterns[4][8] = {"app.0", "app.1", "app.2", "app.3"};
    struct fixture *fixture = memory_new(sizeof *fixture);

    fixture->loop = loop_new();
    fixture->config.dispatcher.in_flight = IN_FLIGHT;
    fixture->config.dispatcher.in_flight_bytes = IN_FLIGHT * SIZE_BYTES;
    fixture->of_hosts.host = host_of;
    fixture->core.lane = lane;
    fixture->core.parts.loop = fixture->loop;
    fixture->core.config = &fixture->config;
    fixture->core.partitions = (struct partitions *)(void *)fixture;
    fixture->core.intake = (struct intake *)(void *)fixture;
    fixture->core.arena = arena_new(4096);
    fixture->core.gates = gates_new(&fixture->core);
    fixture->partition.core = &fixture->core;
    for (size_t i = 0; i < 4; i++)
        fixture->apps[i] =
            (struct app){.pattern = patterns[i], .lane = lane, .kind = PROVIDER_UNIFIEDPUSH};
    fixture->config.apps = (struct apps){.list = fixture->apps, .count = 4};
    *state = fixture;
    return 0;
}

static inline bool is_on_the_wire(const struct delivery *delivery) {
    return delivery->state == DELIVERY_SENDING;
}

static inline int tear_down(void **state) {
    struct fixture *fixture = *state;

    for (size_t i = 0; i < fixture->crew_count; i++)
        gates_leave(&fixture->crew[i]);
    struct gates_count count = gates_count(fixture->core.gates);
    assert_int_equal(count.waiting, 0);
    gates_free(fixture->core.gates);
    arena_free(fixture->core.arena);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

/* A push with a pushkey of its own; host NULL: its app alone stands in the way. */
static inline struct delivery *enter(struct fixture *fixture, size_t app, const char *host) {
    struct delivery *delivery = &fixture->crew[fixture->crew_count];

    assert_true(fixture->crew_count < CREW);
    fixture->devices[fixture->crew_count].app_id = slice_of(host == NULL ? "" : host);
    *delivery = (struct delivery){
        .core = &fixture->core,
        .partition = &fixture->partition,
        .app = &fixture->apps[app],
        .device = &fixture->devices[fixture->crew_count],
        .provider = host == NULL ? &fixture->of_apps : &fixture->of_hosts,
        .size_bytes = SIZE_BYTES,
        .accepted_ms = (int64_t)fixture->crew_count + 1,
    };
    fixture->crew_count++;
    gates_enter(delivery);
    return delivery;
}

static inline void enter_many(struct fixture *fixture, size_t app, const char *host, size_t count) {
    for (size_t i = 0; i < count; i++)
        enter(fixture, app, host);
}

static inline void finish(struct delivery *delivery, enum gate_news news, int64_t took_ms) {
    assert_true(is_on_the_wire(delivery));
    gates_learn(delivery, &(struct gate_report){.news = news,
                                                .pushkey = delivery_pushkey_number(delivery),
                                                .reason = "trouble",
                                                .retry_after_ms = news == GATE_WAIT ? 5000 : 0,
                                                .took_ms = took_ms,
                                                .cause = decide_cause(news, true),
                                                .random = 1});
    delivery->state = DELIVERY_SETTLING;
}

static inline void succeed(struct fixture *fixture, size_t app, const char *host) {
    finish(enter(fixture, app, host), GATE_SUCCESS, 10);
}

static inline size_t count_of(const struct fixture *fixture, size_t app,
                              enum delivery_state state) {
    size_t count = 0;

    for (size_t i = 0; i < fixture->crew_count; i++)
        count += fixture->crew[i].app == &fixture->apps[app] && fixture->crew[i].state == state;
    return count;
}

static inline size_t on_the_wire(const struct fixture *fixture, size_t app) {
    return count_of(fixture, app, DELIVERY_SENDING);
}

static inline size_t waiting(const struct fixture *fixture, size_t app) {
    return count_of(fixture, app, DELIVERY_GATED);
}

/* Three pushkeys in a row: the gate shuts for the reason. */
static inline void shut(struct fixture *fixture, size_t app, const char *host,
                        enum gate_news news) {
    struct delivery *sent[GATE_EVIDENCE];

    for (size_t i = 0; i < GATE_EVIDENCE; i++)
        sent[i] = enter(fixture, app, host);
    for (size_t i = 0; i < GATE_EVIDENCE; i++)
        finish(sent[i], news, 10);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
