#include "dispatcher/decision.h"
#include "dispatcher/partition.h"
#include "dispatcher/queue_clock.h"

#include <setjmp.h>
#include <stdarg.h>

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

static void what_shuts_a_gate_has_a_cause(void **state) {
    static const struct {
        enum gate_news news;
        bool is_answered;
        enum gate_cause cause;
    } rows[] = {
        {GATE_SUCCESS, true, GATE_CAUSE_NONE},          {GATE_ALIVE, true, GATE_CAUSE_NONE},
        {GATE_SILENT, false, GATE_CAUSE_NONE},          {GATE_TROUBLE, true, GATE_CAUSE_FAILING},
        {GATE_TROUBLE, false, GATE_CAUSE_UNREACHABLE},  {GATE_WAIT, true, GATE_CAUSE_WAIT},
        {GATE_MISCONFIGURED, true, GATE_CAUSE_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(decide_cause(rows[i].news, rows[i].is_answered), rows[i].cause);
    assert_int_equal(decide_cause_credential(CREDENTIAL_BROKEN), GATE_CAUSE_CREDENTIAL);
    assert_int_equal(decide_cause_credential(CREDENTIAL_LATER), GATE_CAUSE_TOKEN);
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
    const struct queue_clock_own at_five = {.wall_ms = 5000, .monotonic_ms = 100};
    const struct queue_clock_own at_six = {.wall_ms = 6000, .monotonic_ms = 1100};
    const struct queue_clock_own jumped = {.wall_ms = 3606000, .monotonic_ms = 1100};
    struct queue_clock clock = {0};

    (void)state;
    assert_int_equal(queue_clock_now_ms(&clock, at_five), 5000);
    queue_clock_at_least(&clock, 4000, at_five);
    assert_int_equal(queue_clock_now_ms(&clock, at_five), 5000);
    queue_clock_at_least(&clock, 9000, at_five);
    assert_int_equal(queue_clock_now_ms(&clock, at_five), 9000);
    assert_int_equal(queue_clock_now_ms(&clock, at_six), 10000);
    assert_false(clock.is_learnt);
    queue_clock_set_lead(&clock, 1000, at_five);
    assert_true(clock.is_learnt);
    assert_int_equal(queue_clock_now_ms(&clock, at_six), 5000);
    assert_int_equal(queue_clock_now_ms(&clock, jumped), 5000);
    queue_clock_at_least(&clock, 7000, jumped);
    assert_int_equal(queue_clock_now_ms(&clock, at_six), 7000);
}

static void an_answer_is_news_of_the_gate_it_is_about(void **state) {
    static const struct {
        enum answer_meaning meaning;
        int code;
        int64_t retry_after_ms;
        enum gate_news of_app;
        enum gate_news of_host;
    } rows[] = {
        {ANSWER_DELIVERED, 200, 0, GATE_SUCCESS, GATE_SUCCESS},
        {ANSWER_REJECT, 410, 0, GATE_ALIVE, GATE_ALIVE},
        {ANSWER_AMBIGUOUS, 400, 0, GATE_ALIVE, GATE_ALIVE},
        {ANSWER_DROP, 410, 0, GATE_ALIVE, GATE_ALIVE},
        {ANSWER_DEAD, 400, 0, GATE_ALIVE, GATE_ALIVE},
        {ANSWER_RETRY_PUSHKEY, 429, 9, GATE_ALIVE, GATE_ALIVE},
        {ANSWER_RETRY_APP, 429, 0, GATE_WAIT, GATE_WAIT},
        {ANSWER_RETRY_HOST, 500, 0, GATE_TROUBLE, GATE_TROUBLE},
        {ANSWER_RETRY_HOST, 500, 9, GATE_WAIT, GATE_TROUBLE},
        {ANSWER_RETRY_HOST, 503, 0, GATE_WAIT, GATE_TROUBLE},
        {ANSWER_CONFIGURATION, 403, 0, GATE_MISCONFIGURED, GATE_MISCONFIGURED},
        {ANSWER_REFRESH, 401, 0, GATE_MISCONFIGURED, GATE_MISCONFIGURED},
        {ANSWER_AGAIN, 400, 0, GATE_TROUBLE, GATE_TROUBLE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct ending ending = {.code = rows[i].code,
                                      .retry_after_ms = rows[i].retry_after_ms};
        assert_int_equal(decide_news(rows[i].meaning, &ending, false), rows[i].of_app);
        assert_int_equal(decide_news(rows[i].meaning, &ending, true), rows[i].of_host);
    }
    assert_int_equal(decide_news_unanswered(SENDER_UNSENT), GATE_SILENT);
    assert_int_equal(decide_news_unanswered(SENDER_UNREACHED), GATE_TROUBLE);
    assert_int_equal(decide_news_unanswered(SENDER_LOST), GATE_TROUBLE);
}

static void only_its_own_trouble_holds_a_pushkey(void **state) {
    (void)state;
    assert_true(decide_holds(ANSWER_RETRY_PUSHKEY, false));
    assert_true(decide_holds(ANSWER_RETRY_PUSHKEY, true));
    assert_true(decide_holds(ANSWER_RETRY_HOST, true));
    assert_false(decide_holds(ANSWER_RETRY_HOST, false));
    assert_false(decide_holds(ANSWER_RETRY_APP, false));
    assert_false(decide_holds(ANSWER_AMBIGUOUS, false));
    assert_false(decide_holds(ANSWER_CONFIGURATION, true));
}

static void an_ambiguous_answer_rejects_when_it_was_earned(void **state) {
    struct answer answer = {.meaning = ANSWER_AMBIGUOUS, .reason = "BadDeviceToken"};
    struct ending ending;

    (void)state;
    decide_answer(&answer, 400, 1, &ending);
    decide_ambiguous(false, &ending);
    assert_int_equal(ending.outcome, OUTCOME_MOVED);
    assert_false(ending.earns_verdict);
    decide_ambiguous(true, &ending);
    assert_int_equal(ending.outcome, OUTCOME_REJECTED);
    assert_true(ending.earns_verdict);
    assert_string_equal(ending.reason, "BadDeviceToken");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_meaning_of_an_answer_has_its_outcome),
        cmocka_unit_test(a_stale_credential_is_refreshed_once),
        cmocka_unit_test(a_fault_of_the_connection_is_tried_again_once),
        cmocka_unit_test(only_what_was_not_sent_goes_again_at_once),
        cmocka_unit_test(trouble_with_a_credential_rejects_nobody),
        cmocka_unit_test(what_shuts_a_gate_has_a_cause),
        cmocka_unit_test(encodings_that_do_not_send_have_their_outcome),
        cmocka_unit_test(the_delay_follows_the_attempt_or_what_is_asked),
        cmocka_unit_test(what_is_too_old_ends),
        cmocka_unit_test(a_retry_is_due_after_its_delay_whatever_the_clocks_say),
        cmocka_unit_test(the_brokers_say_what_the_time_is),
        cmocka_unit_test(an_answer_is_news_of_the_gate_it_is_about),
        cmocka_unit_test(only_its_own_trouble_holds_a_pushkey),
        cmocka_unit_test(an_ambiguous_answer_rejects_when_it_was_earned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
