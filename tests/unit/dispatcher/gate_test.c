#include "dispatcher/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const int64_t start_ms = 1000000;

static struct gate gate_at_start(void) {
    struct gate gate;

    gate_init(&gate, start_ms);
    return gate;
}

/* One push goes out and that comes of it. */
static void tell_of(struct gate *gate, enum gate_news news, uint64_t pushkey,
                    int64_t retry_after_ms, int64_t now_ms) {
    assert_true(gate_may_pass(gate, now_ms));
    uint64_t probe = gate_pass(gate, now_ms);
    gate_learn(gate,
               &(struct gate_report){.news = news,
                                     .probe = probe,
                                     .pushkey = pushkey,
                                     .reason = "reason",
                                     .retry_after_ms = retry_after_ms,
                                     .took_ms = 50,
                                     .random = UINT32_MAX},
               now_ms);
}

static void tell(struct gate *gate, enum gate_news news, uint64_t pushkey, int64_t now_ms) {
    tell_of(gate, news, pushkey, 0, now_ms);
}

static void three_pushkeys_in_a_row_are_the_hosts_trouble(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    tell(&gate, GATE_TROUBLE, 1, start_ms);
    tell(&gate, GATE_TROUBLE, 2, start_ms);
    tell(&gate, GATE_SUCCESS, 3, start_ms);
    tell(&gate, GATE_TROUBLE, 1, start_ms);
    tell(&gate, GATE_TROUBLE, 2, start_ms);
    assert_int_equal(gate.state, GATE_OPEN);
    tell(&gate, GATE_TROUBLE, 3, start_ms);
    assert_int_equal(gate.state, GATE_CLOSED);
    assert_false(gate.is_said);
    assert_string_equal(gate.reason, "reason");
    assert_int_equal(gate.in_flight, 0);
}

static void one_pushkey_is_no_evidence_however_often(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    for (int i = 0; i < 20; i++) {
        tell(&gate, GATE_TROUBLE, 1, start_ms + i * 1000);
        tell(&gate, GATE_MISCONFIGURED, 2, start_ms + i * 1000);
    }
    assert_int_equal(gate.state, GATE_OPEN);
}

static void what_one_connection_carried_when_it_broke_is_one_piece_of_evidence(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    for (uint64_t connection = 1; connection <= 3; connection++) {
        assert_int_equal(gate.state, GATE_OPEN);
        for (uint64_t i = 0; i < 20; i++)
            gate_pass(&gate, start_ms);
        for (uint64_t i = 0; i < 20; i++)
            gate_learn(&gate,
                       &(struct gate_report){.news = GATE_TROUBLE,
                                             .pushkey = 100 * connection + i,
                                             .connection = connection},
                       start_ms);
    }
    assert_int_equal(gate.state, GATE_CLOSED);
}

static void one_pushkey_is_evidence_when_it_goes_on_for_minutes(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    for (int i = 0; i < 3; i++)
        tell(&gate, GATE_MISCONFIGURED, 1, start_ms + i * INT64_C(60000));
    assert_int_equal(gate.state, GATE_LATCHED);
}

static void half_of_sixteen_in_trouble_close_it(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    for (uint64_t i = 0; i < 8; i++) {
        assert_int_equal(gate.state, GATE_OPEN);
        tell(&gate, GATE_SUCCESS, 100, start_ms);
        tell(&gate, GATE_TROUBLE, i, start_ms);
    }
    assert_int_equal(gate.state, GATE_CLOSED);
}

static void what_is_said_closes_at_once_for_as_long_as_is_asked(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    tell_of(&gate, GATE_WAIT, 1, 30000, start_ms);
    assert_int_equal(gate.state, GATE_CLOSED);
    assert_true(gate.is_said);
    assert_false(gate_may_pass(&gate, start_ms + 29999));
    assert_true(gate_may_pass(&gate, start_ms + 30000));
    assert_int_equal(gate_shut_for_ms(&gate, start_ms + 10000), 10000);
}

static void nobody_may_ask_for_more_than_an_hour(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    tell_of(&gate, GATE_WAIT, 1, INT64_C(86400000), start_ms);
    assert_true(gate_may_pass(&gate, start_ms + GATE_CLOSED_MAX_MS));
}

static void what_was_on_the_way_only_makes_it_longer(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    for (int i = 0; i < 3; i++)
        gate_pass(&gate, start_ms);
    gate_learn(&gate, &(struct gate_report){.news = GATE_WAIT, .retry_after_ms = 10000}, start_ms);
    gate_learn(&gate, &(struct gate_report){.news = GATE_WAIT, .retry_after_ms = 20000}, start_ms);
    gate_learn(&gate, &(struct gate_report){.news = GATE_SUCCESS}, start_ms);
    assert_int_equal(gate.state, GATE_CLOSED);
    assert_int_equal(gate.probe_ms, start_ms + 20000);
    assert_int_equal(gate.level, 0);
    assert_int_equal(gate.in_flight, 0);
}

static void one_probe_opens_it_and_the_window_grows(void **state) {
    struct gate gate = gate_at_start();
    int64_t now_ms = start_ms + 30000;

    (void)state;
    tell_of(&gate, GATE_WAIT, 1, 30000, start_ms);
    gate_pass(&gate, now_ms);
    assert_int_equal(gate.state, GATE_PROBING);
    assert_false(gate_may_pass(&gate, now_ms));
    gate_learn(&gate, &(struct gate_report){.news = GATE_SUCCESS}, now_ms);
    assert_int_equal(gate.state, GATE_OPEN);
    assert_int_equal(gate.window, 2);
    gate_pass(&gate, now_ms);
    gate_pass(&gate, now_ms);
    assert_false(gate_may_pass(&gate, now_ms));
    gate_learn(&gate, &(struct gate_report){.news = GATE_SUCCESS}, now_ms);
    gate_learn(&gate, &(struct gate_report){.news = GATE_ALIVE}, now_ms);
    assert_int_equal(gate.window, 4);
    assert_int_equal(gate.in_flight, 0);
}

static void a_probe_that_told_nothing_is_made_again(void **state) {
    struct gate gate = gate_at_start();
    int64_t now_ms = start_ms + 30000;

    (void)state;
    tell_of(&gate, GATE_WAIT, 1, 30000, start_ms);
    tell(&gate, GATE_SILENT, 1, now_ms);
    assert_int_equal(gate.state, GATE_CLOSED);
    assert_true(gate_may_pass(&gate, now_ms));
}

static void back_off_doubles_up_to_a_minute(void **state) {
    struct gate gate = gate_at_start();
    int64_t now_ms = start_ms + 20000;
    int64_t longest_ms = 0;
    struct gate_report report = {.news = GATE_TROUBLE, .random = 59999};

    (void)state;
    for (uint64_t i = 0; i < 3; i++)
        tell(&gate, GATE_TROUBLE, i, now_ms);
    for (int i = 0; i < 12; i++) {
        int64_t waits_ms = gate.probe_ms - now_ms;
        assert_in_range(waits_ms, 1, 60000);
        if (waits_ms > longest_ms)
            longest_ms = waits_ms;
        now_ms = gate.probe_ms;
        report.probe = gate_pass(&gate, now_ms);
        gate_learn(&gate, &report, now_ms);
        assert_int_equal(gate.state, GATE_CLOSED);
    }
    assert_int_equal(longest_ms, 60000);
}

/* Requests that hang end one after the other, long after the gate was shut. */
static void what_set_out_before_does_not_speak_for_the_probe(void **state) {
    static const enum gate_news news[] = {GATE_TROUBLE, GATE_WAIT, GATE_MISCONFIGURED, GATE_SILENT};
    struct gate gate = gate_at_start();

    (void)state;
    for (uint64_t i = 0; i < 8; i++)
        gate_pass(&gate, start_ms);
    for (uint64_t i = 1; i <= 3; i++)
        gate_learn(&gate, &(struct gate_report){.news = GATE_TROUBLE, .pushkey = i}, start_ms);
    assert_int_equal(gate.state, GATE_CLOSED);
    int64_t now_ms = gate.probe_ms;
    gate_pass(&gate, now_ms);
    for (size_t i = 0; i < 4; i++) {
        gate_learn(&gate, &(struct gate_report){.news = news[i], .pushkey = 9}, now_ms);
        assert_int_equal(gate.state, GATE_PROBING);
        assert_false(gate_may_pass(&gate, now_ms + 3600 * 1000));
    }
    assert_int_equal(gate.level, 0);
    gate_learn(&gate, &(struct gate_report){.news = GATE_SUCCESS}, now_ms);
    assert_int_equal(gate.state, GATE_OPEN);
    assert_int_equal(gate.in_flight, 1);
}

static void a_latch_is_probed_each_minute(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    for (uint64_t i = 0; i < 3; i++)
        tell(&gate, GATE_MISCONFIGURED, i, start_ms);
    assert_int_equal(gate.state, GATE_LATCHED);
    assert_true(gate.is_said);
    assert_false(gate_may_pass(&gate, start_ms + 59999));
    tell(&gate, GATE_MISCONFIGURED, 4, start_ms + 60000);
    assert_int_equal(gate.state, GATE_LATCHED);
    tell(&gate, GATE_TROUBLE, 5, start_ms + 120000);
    assert_int_equal(gate.state, GATE_LATCHED);
    tell(&gate, GATE_ALIVE, 5, start_ms + 180000);
    assert_int_equal(gate.state, GATE_OPEN);
}

static void a_success_between_is_no_latch(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        tell(&gate, GATE_MISCONFIGURED, 2 * i, start_ms);
        tell(&gate, GATE_MISCONFIGURED, 2 * i + 1, start_ms);
        tell(&gate, i % 2 == 0 ? GATE_SUCCESS : GATE_ALIVE, 7, start_ms);
    }
    assert_int_equal(gate.state, GATE_OPEN);
}

static void each_success_earns_one_reject_up_to_a_thousand(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    assert_false(gate_spend(&gate));
    tell(&gate, GATE_ALIVE, 1, start_ms);
    assert_false(gate_spend(&gate));
    tell(&gate, GATE_SUCCESS, 1, start_ms);
    assert_true(gate_spend(&gate));
    assert_false(gate_spend(&gate));
    for (uint64_t i = 0; i < 1500; i++)
        tell(&gate, GATE_SUCCESS, i, start_ms);
    for (int i = 0; i < GATE_EARNED_MAX; i++)
        assert_true(gate_spend(&gate));
    assert_false(gate_spend(&gate));
}

static void what_succeeded_with_another_credential_earns_nothing(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    gate_pass(&gate, start_ms);
    gate_learn(&gate, &(struct gate_report){.news = GATE_SUCCESS, .earns_nothing = true}, start_ms);
    assert_true(gate.has_succeeded);
    assert_false(gate_spend(&gate));
}

static void trouble_halves_the_window_once_for_all_of_a_moment(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    for (int i = 0; i < 100; i++)
        gate_pass(&gate, start_ms);
    gate_learn(&gate, &(struct gate_report){.news = GATE_TROUBLE, .pushkey = 1}, start_ms);
    assert_int_equal(gate.window, 50);
    gate_learn(&gate, &(struct gate_report){.news = GATE_TROUBLE, .pushkey = 2}, start_ms + 1);
    assert_int_equal(gate.window, 50);
    assert_int_equal(gate.in_flight, 98);
    assert_false(gate_may_pass(&gate, start_ms + 1));
}

static void it_flows_while_answers_come_without_delay(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    assert_false(gate_is_flowing(&gate, start_ms));
    tell(&gate, GATE_SUCCESS, 1, start_ms);
    assert_true(gate_is_flowing(&gate, start_ms + 999));
    assert_false(gate_is_flowing(&gate, start_ms + 1000));
    gate_pass(&gate, start_ms + 5000);
    assert_int_equal(gate_stalled_ms(&gate, start_ms + 7000), 2000);
    gate_learn(&gate, &(struct gate_report){.news = GATE_SUCCESS, .took_ms = 20000},
               start_ms + 25000);
    assert_int_equal(gate_stalled_ms(&gate, start_ms + 26000), 0);
    assert_false(gate_is_flowing(&gate, start_ms + 25000));
}

static void the_cause_is_that_of_what_shut_it_last(void **state) {
    static const struct {
        enum gate_news news;
        enum gate_cause told;
        enum gate_cause cause;
    } probes[] = {
        {GATE_TROUBLE, GATE_CAUSE_UNREACHABLE, GATE_CAUSE_UNREACHABLE},
        {GATE_SILENT, GATE_CAUSE_NONE, GATE_CAUSE_UNREACHABLE},
        {GATE_MISCONFIGURED, GATE_CAUSE_REFUSED, GATE_CAUSE_REFUSED},
        /* A latch is one still when its probe finds nobody there. */
        {GATE_TROUBLE, GATE_CAUSE_UNREACHABLE, GATE_CAUSE_REFUSED},
        {GATE_ALIVE, GATE_CAUSE_NONE, GATE_CAUSE_NONE},
    };
    struct gate gate = gate_at_start();
    int64_t now_ms = start_ms;

    (void)state;
    gate_pass(&gate, now_ms);
    gate_learn(&gate, &(struct gate_report){.news = GATE_WAIT, .cause = GATE_CAUSE_WAIT}, now_ms);
    assert_int_equal(gate.cause, GATE_CAUSE_WAIT);
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        now_ms = gate.probe_ms;
        uint64_t probe = gate_pass(&gate, now_ms);
        gate_learn(
            &gate,
            &(struct gate_report){.news = probes[i].news, .probe = probe, .cause = probes[i].told},
            now_ms);
        assert_int_equal(gate.cause, probes[i].cause);
    }
}

static void others_may_shut_it_and_have_it_try_again(void **state) {
    struct gate gate = gate_at_start();

    (void)state;
    gate_shut(&gate, GATE_LATCHED, GATE_CAUSE_OPERATOR, "operator", INT64_MAX / 2, start_ms);
    assert_true(gate_is_shut(&gate));
    assert_int_equal(gate.cause, GATE_CAUSE_OPERATOR);
    assert_false(gate_may_pass(&gate, start_ms + 1000000));
    gate_retry(&gate, start_ms + 5000);
    tell(&gate, GATE_SUCCESS, 1, start_ms + 5000);
    assert_int_equal(gate.state, GATE_OPEN);
    assert_int_equal(gate.cause, GATE_CAUSE_NONE);
    gate_retry(&gate, start_ms + 5000);
    assert_int_equal(gate.state, GATE_OPEN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_pushkeys_in_a_row_are_the_hosts_trouble),
        cmocka_unit_test(one_pushkey_is_no_evidence_however_often),
        cmocka_unit_test(what_one_connection_carried_when_it_broke_is_one_piece_of_evidence),
        cmocka_unit_test(one_pushkey_is_evidence_when_it_goes_on_for_minutes),
        cmocka_unit_test(half_of_sixteen_in_trouble_close_it),
        cmocka_unit_test(what_is_said_closes_at_once_for_as_long_as_is_asked),
        cmocka_unit_test(nobody_may_ask_for_more_than_an_hour),
        cmocka_unit_test(what_was_on_the_way_only_makes_it_longer),
        cmocka_unit_test(one_probe_opens_it_and_the_window_grows),
        cmocka_unit_test(a_probe_that_told_nothing_is_made_again),
        cmocka_unit_test(back_off_doubles_up_to_a_minute),
        cmocka_unit_test(what_set_out_before_does_not_speak_for_the_probe),
        cmocka_unit_test(a_latch_is_probed_each_minute),
        cmocka_unit_test(a_success_between_is_no_latch),
        cmocka_unit_test(each_success_earns_one_reject_up_to_a_thousand),
        cmocka_unit_test(what_succeeded_with_another_credential_earns_nothing),
        cmocka_unit_test(trouble_halves_the_window_once_for_all_of_a_moment),
        cmocka_unit_test(it_flows_while_answers_come_without_delay),
        cmocka_unit_test(the_cause_is_that_of_what_shut_it_last),
        cmocka_unit_test(others_may_shut_it_and_have_it_try_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
