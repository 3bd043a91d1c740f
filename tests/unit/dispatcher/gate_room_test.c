/* The room of a lane, as its gates give it out. */
#include "tests/unit/dispatcher/gates_fixture.h"

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

    /* Nobody answered: the next has no reason to wait, and comes back after as long as it is old.
     */
    const struct delivery *last = enter(fixture, 0, "one more");
    assert_string_equal(last->ending.reason, "share_full");
    assert_int_equal(last->ending.retry_after_ms,
                     core_queue_ms(&fixture->core) - last->accepted_ms);
}

static void a_first_success_makes_room_for_all_of_them(void **state) {
    struct fixture *fixture = *state;

    struct delivery *first = enter(fixture, 0, NULL);
    enter_many(fixture, 0, NULL, 2 * TENTH);
    assert_int_equal(waiting(fixture, 0), TENTH + 1);
    finish(first, GATE_SUCCESS, 10);
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
        finish(enter(fixture, 0, NULL), GATE_SUCCESS, 8000);
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

static void who_is_closed_and_alone_no_more_moves_what_is_too_much(void **state) {
    struct fixture *fixture = *state;

    succeed(fixture, 0, NULL);
    shut(fixture, 0, NULL, GATE_WAIT);
    enter_many(fixture, 0, NULL, IN_FLIGHT / 2);
    fake_loop_run(fixture->loop, 1000);
    assert_int_equal(waiting(fixture, 0), IN_FLIGHT / 2);
    succeed(fixture, 1, NULL);
    fake_loop_run(fixture->loop, 1000);
    assert_int_equal(waiting(fixture, 0), QUARTER);
}

static void who_is_latched_with_more_in_line_moves_what_is_too_much(void **state) {
    struct fixture *fixture = *state;

    enter_many(fixture, 0, NULL, IN_FLIGHT);
    for (size_t i = 0; i < GATE_EVIDENCE; i++)
        finish(&fixture->crew[i], GATE_MISCONFIGURED, 0);
    assert_true(waiting(fixture, 0) > QUARTER);
    fake_loop_run(fixture->loop, 1000);
    assert_int_equal(waiting(fixture, 0), QUARTER);
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
        WITH_FIXTURE(who_is_closed_and_alone_no_more_moves_what_is_too_much),
        WITH_FIXTURE(who_is_latched_with_more_in_line_moves_what_is_too_much),
        WITH_FIXTURE(those_who_are_latched_leave_half_of_the_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
