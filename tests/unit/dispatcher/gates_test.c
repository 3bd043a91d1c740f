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

/* Gates with a hand-made lane around them: what passes lies on the wire until a test says what
 * became of it. */
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
    size_t probes;
};

static struct fixture *fixture_of(const struct core *core) {
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
    (void)place;
    fleet->fixture->probes += before == GATE_PROBING ? 1 : 0;
}

/* ---- What tests do ---- */

static struct slice host_of(const struct app *app, const struct device *device,
                            struct arena *arena) {
    (void)app;
    (void)arena;
    return device->app_id;
}

static int set_up(void **state) {
    static char patterns[4][8] = {"app.0", "app.1", "app.2", "app.3"};
    struct fixture *fixture = memory_new(sizeof *fixture);

    fixture->loop = loop_new();
    fixture->config.dispatcher.in_flight = IN_FLIGHT;
    fixture->config.dispatcher.in_flight_bytes = IN_FLIGHT * SIZE_BYTES;
    fixture->of_hosts.host = host_of;
    fixture->core.lane = "lane";
    fixture->core.parts.loop = fixture->loop;
    fixture->core.config = &fixture->config;
    fixture->core.partitions = (struct partitions *)(void *)fixture;
    fixture->core.arena = arena_new(4096);
    fixture->core.gates = gates_new(&fixture->core);
    fixture->partition.core = &fixture->core;
    for (size_t i = 0; i < 4; i++)
        fixture->apps[i] = (struct app){.pattern = patterns[i], .kind = PROVIDER_UNIFIEDPUSH};
    *state = fixture;
    return 0;
}

static bool is_on_the_wire(const struct delivery *delivery) {
    return delivery->state == DELIVERY_SENDING;
}

static int tear_down(void **state) {
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
static struct delivery *enter(struct fixture *fixture, size_t app, const char *host) {
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

static void enter_many(struct fixture *fixture, size_t app, const char *host, size_t count) {
    for (size_t i = 0; i < count; i++)
        enter(fixture, app, host);
}

static void finish(struct fixture *fixture, struct delivery *delivery, enum gate_news news,
                   int64_t took_ms) {
    assert_true(is_on_the_wire(delivery));
    gates_learn(delivery, &(struct gate_report){.news = news,
                                                .pushkey = delivery_pushkey_number(delivery),
                                                .reason = "trouble",
                                                .retry_after_ms = news == GATE_WAIT ? 5000 : 0,
                                                .took_ms = took_ms,
                                                .cause = decide_cause(news, true),
                                                .random = 1});
    delivery->state = DELIVERY_SETTLING;
    (void)fixture;
}

static void succeed(struct fixture *fixture, size_t app, const char *host) {
    finish(fixture, enter(fixture, app, host), GATE_SUCCESS, 10);
}

static size_t count_of(const struct fixture *fixture, size_t app, enum delivery_state state) {
    size_t count = 0;

    for (size_t i = 0; i < fixture->crew_count; i++)
        count += fixture->crew[i].app == &fixture->apps[app] && fixture->crew[i].state == state;
    return count;
}

static size_t on_the_wire(const struct fixture *fixture, size_t app) {
    return count_of(fixture, app, DELIVERY_SENDING);
}

static size_t waiting(const struct fixture *fixture, size_t app) {
    return count_of(fixture, app, DELIVERY_GATED);
}

/* Three pushkeys in a row: the gate shuts for the reason. */
static void shut(struct fixture *fixture, size_t app, const char *host, enum gate_news news) {
    struct delivery *sent[GATE_EVIDENCE];

    for (size_t i = 0; i < GATE_EVIDENCE; i++)
        sent[i] = enter(fixture, app, host);
    for (size_t i = 0; i < GATE_EVIDENCE; i++)
        finish(fixture, sent[i], news, 10);
}

/* ---- Shares ---- */

static void who_is_alone_and_well_fills_the_lane(void **state) {
    struct fixture *fixture = *state;

    succeed(fixture, 0, NULL);
    enter_many(fixture, 0, NULL, IN_FLIGHT);
    assert_int_equal(on_the_wire(fixture, 0), IN_FLIGHT);
}

static void strangers_share_a_tenth(void **state) {
    struct fixture *fixture = *state;

    enter_many(fixture, 0, NULL, TENTH - 1);
    enter_many(fixture, 1, NULL, TENTH);
    assert_int_equal(on_the_wire(fixture, 0), TENTH - 1);
    assert_int_equal(on_the_wire(fixture, 1), 1);
    assert_int_equal(waiting(fixture, 1), TENTH - 1);
}

static void strangers_of_a_thousand_hosts_share_it_too(void **state) {
    struct fixture *fixture = *state;
    char hosts[CREW / 2][16];

    succeed(fixture, 0, "known");
    for (size_t i = 0; i < CREW / 2; i++) {
        snprintf(hosts[i], sizeof hosts[i], "host%zu", i);
        enter(fixture, 0, hosts[i]);
    }
    assert_int_equal(on_the_wire(fixture, 0), TENTH);
    fake_loop_run(fixture->loop, 2000);
    assert_true(waiting(fixture, 0) <= TENTH);
    assert_true(is_on_the_wire(enter(fixture, 0, "known")));
}

static void a_first_success_makes_room_for_all_of_them(void **state) {
    struct fixture *fixture = *state;

    struct delivery *first = enter(fixture, 0, NULL);
    enter_many(fixture, 0, NULL, 2 * TENTH);
    assert_int_equal(waiting(fixture, 0), TENTH + 1);
    finish(fixture, first, GATE_SUCCESS, 10);
    assert_int_equal(waiting(fixture, 0), 0);
    enter_many(fixture, 1, NULL, TENTH + 1);
    assert_int_equal(on_the_wire(fixture, 1), TENTH);
}

static void who_gives_up_its_place_leaves_no_trace(void **state) {
    struct fixture *fixture = *state;

    for (size_t round = 0; round < 3; round++) {
        size_t from = fixture->crew_count;
        enter_many(fixture, round, NULL, 2 * TENTH);
        assert_int_equal(on_the_wire(fixture, round), TENTH);
        for (size_t i = fixture->crew_count; i > from; i--) {
            gates_leave(&fixture->crew[i - 1]);
            fixture->crew[i - 1].state = DELIVERY_SETTLING;
        }
    }
    assert_int_equal(gates_count(fixture->core.gates).waiting, 0);
}

/* It answers, but takes its time: with somebody else about it has a quarter, and what is above it
 * waits no longer than a moment. */
static void who_is_slow_has_a_quarter(void **state) {
    struct fixture *fixture = *state;

    succeed(fixture, 1, NULL);
    for (int i = 0; i < 20; i++)
        finish(fixture, enter(fixture, 0, NULL), GATE_SUCCESS, 8000);
    fake_loop_run(fixture->loop, 2000);
    enter_many(fixture, 0, NULL, IN_FLIGHT);
    assert_int_equal(on_the_wire(fixture, 0), QUARTER);
    assert_int_equal(waiting(fixture, 0), 0);
    const struct delivery *last = &fixture->crew[fixture->crew_count - 1];
    assert_int_equal(last->ending.outcome, OUTCOME_MOVED);
    assert_string_equal(last->ending.reason, "share_full");
    assert_true(last->ending.is_untried && last->ending.is_gated);
    assert_true(is_on_the_wire(enter(fixture, 1, NULL)));
}

static void nobody_takes_itself_for_alone_while_others_are_about(void **state) {
    struct fixture *fixture = *state;

    succeed(fixture, 0, NULL);
    succeed(fixture, 1, NULL);
    fake_loop_run(fixture->loop, 1200);
    enter_many(fixture, 0, NULL, 2 * QUARTER);
    assert_int_equal(on_the_wire(fixture, 0), QUARTER);
    fake_loop_run(fixture->loop, 300);
    assert_int_equal(on_the_wire(fixture, 0), QUARTER);
}

static void the_share_is_of_bytes_too(void **state) {
    struct fixture *fixture = *state;

    fixture->config.dispatcher.in_flight_bytes = 4 * SIZE_BYTES * 3;
    gates_reconfigure(fixture->core.gates);
    succeed(fixture, 1, NULL);
    succeed(fixture, 0, NULL);
    fake_loop_run(fixture->loop, 250);
    shut(fixture, 0, NULL, GATE_MISCONFIGURED);
    enter_many(fixture, 0, NULL, QUARTER);
    assert_int_equal(waiting(fixture, 0), 3);
}

/* ---- Shut gates ---- */

/* Nobody else has been seen: they may all be behind what waits. */
static void who_is_latched_has_a_quarter_even_alone(void **state) {
    struct fixture *fixture = *state;

    succeed(fixture, 0, NULL);
    shut(fixture, 0, NULL, GATE_MISCONFIGURED);
    enter_many(fixture, 0, NULL, IN_FLIGHT);
    assert_int_equal(waiting(fixture, 0), QUARTER);
}

/* What is closed will soon open again. */
static void who_is_closed_and_alone_has_all_of_it(void **state) {
    struct fixture *fixture = *state;

    succeed(fixture, 0, NULL);
    shut(fixture, 0, NULL, GATE_WAIT);
    enter_many(fixture, 0, NULL, IN_FLIGHT);
    assert_int_equal(waiting(fixture, 0), IN_FLIGHT);
}

static void who_is_latched_with_more_in_line_moves_what_is_too_much(void **state) {
    struct fixture *fixture = *state;

    enter_many(fixture, 0, NULL, IN_FLIGHT);
    for (size_t i = 0; i < GATE_EVIDENCE; i++)
        finish(fixture, &fixture->crew[i], GATE_MISCONFIGURED, 0);
    assert_true(waiting(fixture, 0) > QUARTER);
    fake_loop_run(fixture->loop, 1000);
    assert_int_equal(waiting(fixture, 0), QUARTER);
}

static void who_waits_makes_way_where_the_window_of_a_partition_is_full(void **state) {
    struct fixture *fixture = *state;

    fixture->lease_is_refused = true;
    shut(fixture, 0, NULL, GATE_MISCONFIGURED);
    enter_many(fixture, 0, NULL, 3);
    fake_loop_run(fixture->loop, 1000);
    assert_int_equal(waiting(fixture, 0), 3);
    fixture->partition.state = PARTITION_FULL;
    fake_loop_run(fixture->loop, 500);
    assert_int_equal(waiting(fixture, 0), 0);
    const struct delivery *last = &fixture->crew[fixture->crew_count - 1];
    assert_int_equal(last->ending.outcome, OUTCOME_MOVED);
    assert_true(last->ending.is_untried && last->ending.is_gated);
}

static void those_who_are_latched_leave_half_of_the_room(void **state) {
    struct fixture *fixture = *state;

    for (size_t app = 0; app < 3; app++) {
        succeed(fixture, app, NULL);
        shut(fixture, app, NULL, GATE_MISCONFIGURED);
    }
    for (size_t app = 0; app < 3; app++)
        enter_many(fixture, app, NULL, QUARTER);
    assert_int_equal(gates_count(fixture->core.gates).waiting, IN_FLIGHT / 2);
}

static void what_waits_for_too_long_is_moved_as_far_as_its_gate_is_old(void **state) {
    struct fixture *fixture = *state;

    shut(fixture, 0, NULL, GATE_MISCONFIGURED);
    fixture->lease_is_refused = true;
    fake_loop_run(fixture->loop, 100000);
    struct delivery *delivery = enter(fixture, 0, NULL);
    assert_int_equal(delivery->state, DELIVERY_GATED);
    fake_loop_run(fixture->loop, GATES_WAIT_MS - 1000);
    assert_int_equal(delivery->state, DELIVERY_GATED);
    fake_loop_run(fixture->loop, 2000);
    assert_int_equal(delivery->ending.outcome, OUTCOME_MOVED);
    assert_string_equal(delivery->ending.reason, "trouble");
    assert_true(delivery->ending.is_untried && delivery->ending.is_gated);
    assert_false(delivery->ending.holds);
    assert_in_range(delivery->ending.retry_after_ms, 100000 + GATES_WAIT_MS - 1000,
                    100000 + GATES_WAIT_MS + 1000);
}

static void what_a_provider_asked_for_is_waited_for(void **state) {
    struct fixture *fixture = *state;

    finish(fixture, enter(fixture, 0, NULL), GATE_WAIT, 10);
    struct delivery *first = enter(fixture, 0, NULL);
    struct delivery *second = enter(fixture, 0, NULL);
    fake_loop_run(fixture->loop, 4900);
    assert_false(is_on_the_wire(first));
    fake_loop_run(fixture->loop, 500);
    assert_true(is_on_the_wire(first));
    assert_false(is_on_the_wire(second));
    finish(fixture, first, GATE_SUCCESS, 10);
    assert_true(is_on_the_wire(second));
}

static void one_probe_at_a_time_and_the_next_when_it_fails(void **state) {
    struct fixture *fixture = *state;

    shut(fixture, 0, NULL, GATE_MISCONFIGURED);
    struct delivery *first = enter(fixture, 0, NULL);
    fake_loop_run(fixture->loop, GATE_PROBE_EVERY_MS - 40000);
    struct delivery *second = enter(fixture, 0, NULL);
    fake_loop_run(fixture->loop, 9000);
    assert_false(is_on_the_wire(first) || is_on_the_wire(second));
    fake_loop_run(fixture->loop, 32000);
    struct delivery *third = enter(fixture, 0, NULL);
    assert_int_equal(is_on_the_wire(first) + is_on_the_wire(second) + is_on_the_wire(third), 1);
    finish(fixture, is_on_the_wire(second) ? second : third, GATE_MISCONFIGURED, 10);
    assert_int_equal(on_the_wire(fixture, 0), 0);
}

static void each_probe_of_a_latch_is_another_pushkeys(void **state) {
    struct fixture *fixture = *state;
    struct delivery *same[2];

    shut(fixture, 0, NULL, GATE_MISCONFIGURED);
    fake_loop_run(fixture->loop, GATE_PROBE_EVERY_MS);
    struct delivery *probe = enter(fixture, 0, NULL);
    finish(fixture, probe, GATE_MISCONFIGURED, 10);
    fake_loop_run(fixture->loop, GATE_PROBE_EVERY_MS - 10000);
    for (size_t i = 0; i < 2; i++)
        same[i] = enter(fixture, 0, NULL);
    same[0]->accepted_ms = probe->accepted_ms;
    fake_loop_run(fixture->loop, 11000);
    assert_true(is_on_the_wire(same[1]));
    assert_int_equal(same[0]->state, DELIVERY_GATED);
}

static void nobody_probes_without_leave(void **state) {
    struct fixture *fixture = *state;

    fixture->lease_is_refused = true;
    shut(fixture, 0, NULL, GATE_MISCONFIGURED);
    fake_loop_run(fixture->loop, GATE_PROBE_EVERY_MS + 1000);
    struct delivery *delivery = enter(fixture, 0, NULL);
    assert_false(is_on_the_wire(delivery));
    fixture->lease_is_refused = false;
    fake_loop_run(fixture->loop, 300);
    assert_true(is_on_the_wire(delivery));
}

static void an_abandoned_probe_tells_nothing_and_another_goes(void **state) {
    struct fixture *fixture = *state;

    shut(fixture, 0, NULL, GATE_MISCONFIGURED);
    fake_loop_run(fixture->loop, GATE_PROBE_EVERY_MS);
    struct delivery *probe = enter(fixture, 0, NULL);
    struct delivery *next = enter(fixture, 0, NULL);
    assert_true(is_on_the_wire(probe));
    gates_leave(probe);
    probe->state = DELIVERY_SETTLING;
    assert_true(is_on_the_wire(next));
}

static void a_gate_that_opens_lets_partitions_be_read(void **state) {
    struct fixture *fixture = *state;

    shut(fixture, 0, NULL, GATE_MISCONFIGURED);
    assert_true(fixture->noted >= 3 && fixture->noted_gated == 0);
    enter(fixture, 0, NULL);
    assert_int_equal(fixture->noted_gated, 1);
    size_t reopened = fixture->reopened;
    fake_loop_run(fixture->loop, 20000);
    assert_int_equal(fixture->reopened, reopened);
    fake_loop_run(fixture->loop, GATE_PROBE_EVERY_MS);
    assert_true(fixture->reopened > reopened); /* a probe is wanted, and none is here */
    reopened = fixture->reopened;
    finish(fixture, enter(fixture, 0, NULL), GATE_SUCCESS, 10);
    assert_true(fixture->reopened > reopened);
}

/* ---- An app and a host ---- */

static void a_hosts_trouble_is_no_other_hosts(void **state) {
    struct fixture *fixture = *state;

    succeed(fixture, 0, "good");
    shut(fixture, 0, "bad", GATE_TROUBLE);
    assert_false(is_on_the_wire(enter(fixture, 0, "bad")));
    assert_true(is_on_the_wire(enter(fixture, 0, "good")));
    assert_int_equal(gates_count(fixture->core.gates).gates[GATE_CLOSED][GATE_CAUSE_FAILING], 1);
}

static void a_credential_is_the_apps_whatever_the_host(void **state) {
    struct fixture *fixture = *state;
    const struct gate_report report = {.news = GATE_MISCONFIGURED, .reason = "key_unreadable"};

    succeed(fixture, 0, "good");
    for (uint64_t i = 0; i < GATE_EVIDENCE; i++) {
        struct delivery *delivery = enter(fixture, 0, "good");
        struct gate_report of_one = report;
        of_one.pushkey = i;
        gates_learn_credential(delivery, &of_one);
        delivery->state = DELIVERY_SETTLING;
    }
    assert_false(is_on_the_wire(enter(fixture, 0, "other")));
    assert_true(is_on_the_wire(enter(fixture, 1, "good")));
}

static void what_a_gate_is_shut_for_is_known_without_entering(void **state) {
    struct fixture *fixture = *state;

    succeed(fixture, 0, "good");
    shut(fixture, 0, "bad", GATE_MISCONFIGURED);
    fake_loop_run(fixture->loop, 7000);
    struct delivery *delivery = enter(fixture, 0, "good");
    gates_leave(delivery);
    assert_int_equal(gates_shut_for_ms(delivery), 0);
    fixture->devices[fixture->crew_count - 1].app_id = slice_of("bad");
    assert_int_equal(gates_shut_for_ms(delivery), 7000);
    assert_null(delivery->ticket.places[0]);
    delivery->state = DELIVERY_SETTLING;
}

/* ---- What successes earn ---- */

static void a_reject_is_earned_by_a_success_of_before_it_set_out(void **state) {
    struct fixture *fixture = *state;

    struct delivery *early = enter(fixture, 0, NULL);
    assert_false(gates_spend(early));
    fake_loop_run(fixture->loop, 10);
    succeed(fixture, 0, NULL);
    assert_false(gates_spend(early));
    struct delivery *late = enter(fixture, 0, NULL);
    assert_true(gates_spend(late));
    assert_false(gates_spend(late));
}

/* ---- Another configuration ---- */

static void a_new_configuration_lets_go_of_who_waits_for_an_app(void **state) {
    struct fixture *fixture = *state;

    shut(fixture, 0, NULL, GATE_MISCONFIGURED);
    succeed(fixture, 1, "good");
    shut(fixture, 1, "bad", GATE_MISCONFIGURED);
    struct delivery *of_app = enter(fixture, 0, NULL);
    struct delivery *of_host = enter(fixture, 1, "bad");
    gates_reconfigure(fixture->core.gates);
    assert_int_equal(of_app->ending.outcome, OUTCOME_MOVED);
    assert_string_equal(of_app->ending.reason, "reconfigured");
    assert_int_equal(of_host->state, DELIVERY_GATED);
}

static void the_lane_flows_while_anything_gets_through(void **state) {
    struct fixture *fixture = *state;

    assert_false(gates_are_flowing(fixture->core.gates));
    succeed(fixture, 0, NULL);
    assert_true(gates_are_flowing(fixture->core.gates));
    fake_loop_run(fixture->loop, 4900);
    assert_true(gates_are_flowing(fixture->core.gates));
    fake_loop_run(fixture->loop, 200);
    assert_false(gates_are_flowing(fixture->core.gates));
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(who_is_alone_and_well_fills_the_lane),
        WITH_FIXTURE(strangers_share_a_tenth),
        WITH_FIXTURE(strangers_of_a_thousand_hosts_share_it_too),
        WITH_FIXTURE(a_first_success_makes_room_for_all_of_them),
        WITH_FIXTURE(who_gives_up_its_place_leaves_no_trace),
        WITH_FIXTURE(who_is_slow_has_a_quarter),
        WITH_FIXTURE(nobody_takes_itself_for_alone_while_others_are_about),
        WITH_FIXTURE(the_share_is_of_bytes_too),
        WITH_FIXTURE(who_is_latched_has_a_quarter_even_alone),
        WITH_FIXTURE(who_is_closed_and_alone_has_all_of_it),
        WITH_FIXTURE(who_is_latched_with_more_in_line_moves_what_is_too_much),
        WITH_FIXTURE(who_waits_makes_way_where_the_window_of_a_partition_is_full),
        WITH_FIXTURE(those_who_are_latched_leave_half_of_the_room),
        WITH_FIXTURE(what_waits_for_too_long_is_moved_as_far_as_its_gate_is_old),
        WITH_FIXTURE(what_a_provider_asked_for_is_waited_for),
        WITH_FIXTURE(one_probe_at_a_time_and_the_next_when_it_fails),
        WITH_FIXTURE(each_probe_of_a_latch_is_another_pushkeys),
        WITH_FIXTURE(nobody_probes_without_leave),
        WITH_FIXTURE(an_abandoned_probe_tells_nothing_and_another_goes),
        WITH_FIXTURE(a_gate_that_opens_lets_partitions_be_read),
        WITH_FIXTURE(a_hosts_trouble_is_no_other_hosts),
        WITH_FIXTURE(a_credential_is_the_apps_whatever_the_host),
        WITH_FIXTURE(what_a_gate_is_shut_for_is_known_without_entering),
        WITH_FIXTURE(a_reject_is_earned_by_a_success_of_before_it_set_out),
        WITH_FIXTURE(a_new_configuration_lets_go_of_who_waits_for_an_app),
        WITH_FIXTURE(the_lane_flows_while_anything_gets_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
