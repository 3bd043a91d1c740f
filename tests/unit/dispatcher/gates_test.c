#include "tests/unit/dispatcher/gates_fixture.h"

/* ---- Shut gates ---- */

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

    finish(enter(fixture, 0, NULL), GATE_WAIT, 10);
    struct delivery *first = enter(fixture, 0, NULL);
    struct delivery *second = enter(fixture, 0, NULL);
    fake_loop_run(fixture->loop, 4900);
    assert_false(is_on_the_wire(first));
    fake_loop_run(fixture->loop, 500);
    assert_true(is_on_the_wire(first));
    assert_false(is_on_the_wire(second));
    finish(first, GATE_SUCCESS, 10);
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
    finish(is_on_the_wire(second) ? second : third, GATE_MISCONFIGURED, 10);
    assert_int_equal(on_the_wire(fixture, 0), 0);
}

static void each_probe_of_a_latch_is_another_pushkeys(void **state) {
    struct fixture *fixture = *state;
    struct delivery *same[2];

    shut(fixture, 0, NULL, GATE_MISCONFIGURED);
    fake_loop_run(fixture->loop, GATE_PROBE_EVERY_MS);
    struct delivery *probe = enter(fixture, 0, NULL);
    finish(probe, GATE_MISCONFIGURED, 10);
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

/* The partitions go: whoever gives up his place does so for good, and starts nothing. */
static void nobody_goes_on_once_the_lane_is_closed(void **state) {
    struct fixture *fixture = *state;

    shut(fixture, 0, NULL, GATE_MISCONFIGURED);
    fake_loop_run(fixture->loop, GATE_PROBE_EVERY_MS);
    struct delivery *probe = enter(fixture, 0, NULL);
    struct delivery *next = enter(fixture, 0, NULL);
    fixture->is_closed = true;
    gates_leave(probe);
    probe->state = DELIVERY_SETTLING;
    fake_loop_run(fixture->loop, 1000);
    assert_false(is_on_the_wire(next));
    fixture->is_closed = false;
    fake_loop_run(fixture->loop, 1000);
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
    finish(enter(fixture, 0, NULL), GATE_SUCCESS, 10);
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

/* What its pushes need to be shown cannot be had. */
static void latch_the_app(struct fixture *fixture, size_t app, const char *host) {
    succeed(fixture, app, host);
    for (uint64_t i = 0; i < GATE_EVIDENCE; i++) {
        struct delivery *delivery = enter(fixture, app, host);
        gates_learn_credential(delivery, &(struct gate_report){.news = GATE_MISCONFIGURED,
                                                               .pushkey = i,
                                                               .reason = "key_unreadable"});
        delivery->state = DELIVERY_SETTLING;
    }
}

static void a_credential_is_the_apps_whatever_the_host(void **state) {
    struct fixture *fixture = *state;

    latch_the_app(fixture, 0, "good");
    assert_false(is_on_the_wire(enter(fixture, 0, "other")));
    assert_true(is_on_the_wire(enter(fixture, 1, "good")));
}

/* Who waits for his app goes to his host afterwards, which is there still. */
static void no_flood_of_hosts_makes_one_forgotten_that_somebody_will_go_to(void **state) {
    struct fixture *fixture = *state;

    latch_the_app(fixture, 0, "good");
    fake_loop_run(fixture->loop, GATE_PROBE_EVERY_MS - 1000);
    struct delivery *delivery = enter(fixture, 0, "rare");
    assert_false(is_on_the_wire(delivery));
    for (size_t i = 0; i <= GATES_PLACES_MAX; i++) {
        char host[32];
        snprintf(host, sizeof host, "host-%zu", i);
        succeed(fixture, 1, host);
        fixture->crew_count--;
    }
    fake_loop_run(fixture->loop, 2000);
    finish(delivery, GATE_SUCCESS, 10);
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

static void what_a_token_of_a_replaced_key_brings_is_neither_earned_nor_spent(void **state) {
    struct fixture *fixture = *state;

    struct delivery *of_old_key = enter(fixture, 0, NULL);
    of_old_key->is_of_old_key = true;
    finish(of_old_key, GATE_SUCCESS, 10);
    struct delivery *next = enter(fixture, 0, NULL);
    assert_false(gates_spend(next));
    succeed(fixture, 0, NULL);
    of_old_key = enter(fixture, 0, NULL);
    of_old_key->is_of_old_key = true;
    assert_false(gates_spend(of_old_key));
    assert_true(gates_spend(next));
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

    /* That no app waits would be enough. */
    fixture->config.apps.count = 0;
    assert_false(gates_are_flowing(fixture->core.gates));
    succeed(fixture, 0, NULL);
    assert_true(gates_are_flowing(fixture->core.gates));
    fake_loop_run(fixture->loop, 4900);
    assert_true(gates_are_flowing(fixture->core.gates));
    fake_loop_run(fixture->loop, 200);
    assert_false(gates_are_flowing(fixture->core.gates));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(who_waits_makes_way_where_the_window_of_a_partition_is_full),
        WITH_FIXTURE(what_waits_for_too_long_is_moved_as_far_as_its_gate_is_old),
        WITH_FIXTURE(what_a_provider_asked_for_is_waited_for),
        WITH_FIXTURE(one_probe_at_a_time_and_the_next_when_it_fails),
        WITH_FIXTURE(each_probe_of_a_latch_is_another_pushkeys),
        WITH_FIXTURE(nobody_probes_without_leave),
        WITH_FIXTURE(an_abandoned_probe_tells_nothing_and_another_goes),
        WITH_FIXTURE(nobody_goes_on_once_the_lane_is_closed),
        WITH_FIXTURE(a_gate_that_opens_lets_partitions_be_read),
        WITH_FIXTURE(a_hosts_trouble_is_no_other_hosts),
        WITH_FIXTURE(a_credential_is_the_apps_whatever_the_host),
        WITH_FIXTURE(no_flood_of_hosts_makes_one_forgotten_that_somebody_will_go_to),
        WITH_FIXTURE(what_a_gate_is_shut_for_is_known_without_entering),
        WITH_FIXTURE(a_reject_is_earned_by_a_success_of_before_it_set_out),
        WITH_FIXTURE(what_a_token_of_a_replaced_key_brings_is_neither_earned_nor_spent),
        WITH_FIXTURE(a_new_configuration_lets_go_of_who_waits_for_an_app),
        WITH_FIXTURE(the_lane_flows_while_anything_gets_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
