#include "dispatcher/admission.h"
#include "dispatcher/decision.h"
#include "dispatcher/partition.h"
#include "dispatcher/queue_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct duration_list delays = {.items_ms = {15000, 120000, 900000}, .count = 3};

static void each_meaning_of_an_answer_has_its_outcome(void **state) {
    static const struct {
        enum answer_meaning meaning;
        enum outcome outcome;
        bool earns_verdict;
        bool is_configuration;
    } rows[] = {
        {ANSWER_DELIVERED, OUTCOME_DELIVERED, false, false},
        {ANSWER_REJECT, OUTCOME_REJECTED, true, false},
        {ANSWER_AMBIGUOUS, OUTCOME_MOVED, false, false},
        {ANSWER_DROP, OUTCOME_DROPPED, false, false},
        {ANSWER_DEAD, OUTCOME_DEAD, false, false},
        {ANSWER_RETRY_PUSHKEY, OUTCOME_MOVED, false, false},
        {ANSWER_RETRY_APP, OUTCOME_MOVED, false, false},
        {ANSWER_RETRY_HOST, OUTCOME_MOVED, false, false},
        {ANSWER_CONFIGURATION, OUTCOME_MOVED, false, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct answer answer = {.meaning = rows[i].meaning, .reason = "why", .retry_after_ms = 7};
        struct ending ending;
        assert_int_equal(decide_answer(&answer, 418, 1, &ending), STEP_END);
        assert_int_equal(ending.outcome, rows[i].outcome);
        assert_int_equal(ending.earns_verdict, rows[i].earns_verdict);
        assert_int_equal(ending.is_configuration, rows[i].is_configuration);
        assert_string_equal(ending.reason, "why");
        assert_int_equal(ending.code, 418);
        assert_int_equal(ending.retry_after_ms, 7);
    }
}

static void a_stale_credential_is_refreshed_once(void **state) {
    struct answer answer = {.meaning = ANSWER_REFRESH, .reason = "UNAUTHENTICATED"};
    struct ending ending;

    (void)state;
    assert_int_equal(decide_answer(&answer, 401, 1, &ending), STEP_NEW_CREDENTIAL);
    assert_int_equal(decide_answer(&answer, 401, 2, &ending), STEP_END);
    assert_int_equal(ending.outcome, OUTCOME_MOVED);
    assert_true(ending.is_configuration);
    assert_false(ending.earns_verdict);
}

static void a_fault_of_the_connection_is_tried_again_once(void **state) {
    struct answer answer = {.meaning = ANSWER_AGAIN, .reason = "IdleTimeout"};
    struct ending ending;

    (void)state;
    assert_int_equal(decide_answer(&answer, 400, 1, &ending), STEP_AGAIN);
    assert_int_equal(decide_answer(&answer, 400, 2, &ending), STEP_END);
    assert_int_equal(ending.outcome, OUTCOME_MOVED);
    assert_false(ending.is_configuration);
    assert_false(ending.earns_verdict);
}

static void only_what_was_not_sent_goes_again_at_once(void **state) {
    static const struct {
        enum sender_result result;
        int tries;
        enum step step;
        bool is_uncertain;
    } rows[] = {
        {SENDER_UNSENT, 1, STEP_AGAIN, false},
        {SENDER_UNSENT, 2, STEP_END, false},
        {SENDER_UNREACHED, 1, STEP_END, false},
        {SENDER_LOST, 1, STEP_END, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sender_outcome outcome = {.result = rows[i].result, .reason = "reset"};
        struct ending ending;
        assert_int_equal(decide_unanswered(&outcome, rows[i].tries, &ending), rows[i].step);
        assert_int_equal(ending.outcome, OUTCOME_MOVED);
        assert_int_equal(ending.is_uncertain, rows[i].is_uncertain);
        assert_false(ending.earns_verdict);
    }
}

static void trouble_with_a_credential_rejects_nobody(void **state) {
    struct ending ending;

    (void)state;
    decide_credential(CREDENTIAL_BROKEN, "invalid_grant", &ending);
    assert_int_equal(ending.outcome, OUTCOME_MOVED);
    assert_true(ending.is_configuration);
    decide_credential(CREDENTIAL_LATER, "timeout", &ending);
    assert_int_equal(ending.outcome, OUTCOME_MOVED);
    assert_false(ending.is_configuration);
}

static void encodings_that_do_not_send_have_their_outcome(void **state) {
    struct ending ending;

    (void)state;
    decide_encoding(ENCODE_DROP, "nothing_to_show", &ending);
    assert_int_equal(ending.outcome, OUTCOME_DROPPED);
    decide_encoding(ENCODE_REJECT, "default_payload", &ending);
    assert_int_equal(ending.outcome, OUTCOME_REJECTED);
    assert_true(ending.earns_verdict);
    decide_encoding(ENCODE_DEAD, "too_large", &ending);
    assert_int_equal(ending.outcome, OUTCOME_DEAD);
    assert_string_equal(ending.reason, "too_large");
}

static void the_delay_follows_the_attempt_or_what_is_asked(void **state) {
    static const struct {
        int64_t attempt;
        int64_t retry_after_ms;
        int64_t delay_ms;
    } rows[] = {
        {0, 0, 15000},        {1, 0, 120000},    {2, 0, 900000},        {3, 0, 900000},
        {1000000, 0, 900000}, {-1, 0, 15000},    {0, 1, 15000},         {0, 15000, 15000},
        {0, 15001, 120000},   {2, 10000, 15000}, {0, 86400000, 900000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(decide_delay_ms(&delays, rows[i].attempt, rows[i].retry_after_ms),
                         rows[i].delay_ms);
}

static void what_is_too_old_ends(void **state) {
    struct ending ending;

    (void)state;
    assert_false(decide_age(1000, 0, 86400000, &ending));
    assert_false(decide_age(-5000, 1000, 86400000, &ending));
    assert_false(decide_age(1000, 1000, 86400000, &ending));
    assert_true(decide_age(1001, 1000, 86400000, &ending));
    assert_int_equal(ending.outcome, OUTCOME_DROPPED);
    assert_string_equal(ending.reason, "expired");
    assert_true(decide_age(86400001, 0, 86400000, &ending));
    assert_int_equal(ending.outcome, OUTCOME_DEAD);
    assert_string_equal(ending.reason, "max_age");
}

static void a_retry_is_due_after_its_delay_whatever_the_clocks_say(void **state) {
    (void)state;
    assert_int_equal(partition_wait_ms(1000000, 15000, 1000000), 15000);
    assert_int_equal(partition_wait_ms(1000000, 15000, 1010000), 5000);
    assert_int_equal(partition_wait_ms(1000000, 15000, 1015000), 0);
    assert_int_equal(partition_wait_ms(1000000, 15000, 9000000), 0);
    /* Our clock is an hour behind the broker's: never longer than one delay. */
    assert_int_equal(partition_wait_ms(4600000, 15000, 1000000), 15000);
    assert_int_equal(partition_wait_ms(-1, 15000, 1000000), 15000);
}

static void the_brokers_say_what_the_time_is(void **state) {
    struct queue_clock clock = {0};

    (void)state;
    assert_int_equal(queue_clock_now_ms(&clock, 5000), 5000);
    queue_clock_at_least(&clock, 4000, 5000);
    assert_int_equal(queue_clock_now_ms(&clock, 5000), 5000);
    queue_clock_at_least(&clock, 9000, 5000);
    assert_int_equal(queue_clock_now_ms(&clock, 5000), 9000);
    assert_int_equal(queue_clock_now_ms(&clock, 6000), 10000);
    queue_clock_set_lead(&clock, 1000);
    assert_int_equal(queue_clock_now_ms(&clock, 6000), 5000);
}

static void admission_believes_only_what_redis_said(void **state) {
    struct ending ending;
    struct state_answer unknown = {.known = false, .has_verdict = true, .seen = true};
    struct state_answer seen = {.known = true, .seen = true};
    struct state_answer dead = {.known = true,
                                .has_verdict = true,
                                .verdict = {.reason = "UNREGISTERED", .pushkey_ts_ms = 5000}};

    (void)state;
    assert_true(admission_judge(&unknown, 1, &ending));
    assert_false(admission_judge(&seen, 1, &ending));
    assert_int_equal(ending.outcome, OUTCOME_DROPPED);
    assert_false(admission_judge(&dead, 5000, &ending));
    assert_int_equal(ending.outcome, OUTCOME_REJECTED);
    assert_false(ending.earns_verdict);
    assert_true(admission_judge(&dead, 5001, &ending));
    assert_true(admission_judge(&(struct state_answer){.known = true}, 0, &ending));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_meaning_of_an_answer_has_its_outcome),
        cmocka_unit_test(a_stale_credential_is_refreshed_once),
        cmocka_unit_test(a_fault_of_the_connection_is_tried_again_once),
        cmocka_unit_test(only_what_was_not_sent_goes_again_at_once),
        cmocka_unit_test(trouble_with_a_credential_rejects_nobody),
        cmocka_unit_test(encodings_that_do_not_send_have_their_outcome),
        cmocka_unit_test(the_delay_follows_the_attempt_or_what_is_asked),
        cmocka_unit_test(what_is_too_old_ends),
        cmocka_unit_test(a_retry_is_due_after_its_delay_whatever_the_clocks_say),
        cmocka_unit_test(the_brokers_say_what_the_time_is),
        cmocka_unit_test(admission_believes_only_what_redis_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
