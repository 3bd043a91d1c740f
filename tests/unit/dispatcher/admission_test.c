#include "dispatcher/admission.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct hold no_hold = {0};

static void admission_believes_only_what_redis_said(void **state) {
    struct ending ending;
    struct state_answer unknown = {.known = false, .has_verdict = true, .seen = true};
    struct state_answer seen = {.known = true, .seen = true};
    struct state_answer dead = {.known = true,
                                .has_verdict = true,
                                .verdict = {.reason = "UNREGISTERED", .pushkey_ts_ms = 5000}};

    bool is_outdated = false;
    const struct admission_push old = {.pushkey_ts_ms = 5000};
    const struct admission_push anew = {.pushkey_ts_ms = 5001};

    (void)state;
    assert_true(admission_judge(&unknown, &no_hold, &old, 0, &is_outdated, &ending));
    assert_false(admission_judge(&seen, &no_hold, &old, 0, &is_outdated, &ending));
    assert_int_equal(ending.outcome, OUTCOME_DROPPED);
    assert_false(admission_judge(&dead, &no_hold, &old, 0, &is_outdated, &ending));
    assert_int_equal(ending.outcome, OUTCOME_REJECTED);
    assert_false(ending.earns_verdict);
    assert_true(admission_judge(&dead, &no_hold, &anew, 0, &is_outdated, &ending));
    assert_true(admission_judge(&(struct state_answer){.known = true}, &no_hold, &old, 0,
                                &is_outdated, &ending));
    assert_false(is_outdated);
}

static void what_is_held_waits_as_long_as_its_pushkey(void **state) {
    const struct state_answer held = {
        .known = true, .has_hold = true, .hold = {.until_ms = 100000, .newest_ms = 0}};
    const struct admission_push push = {.accepted_ms = 10};
    struct ending ending;
    bool is_outdated = false;

    (void)state;
    assert_false(admission_judge(&held, &held.hold, &push, 60000, &is_outdated, &ending));
    assert_int_equal(ending.outcome, OUTCOME_MOVED);
    assert_string_equal(ending.reason, "held");
    assert_true(ending.is_untried);
    assert_false(ending.holds);
    assert_int_equal(ending.retry_after_ms, 40000);
    assert_true(admission_judge(&held, &held.hold, &push, 99000, &is_outdated, &ending));
    assert_true(admission_judge(&held, &held.hold, &push, 100001, &is_outdated, &ending));
}

static void an_older_push_brings_no_counts_back(void **state) {
    const struct state_answer answer = {
        .known = true, .has_hold = true, .hold = {.until_ms = 0, .newest_ms = 1000}};
    struct ending ending;
    bool is_outdated = false;

    (void)state;
    assert_false(admission_judge(
        &answer, &answer.hold, &(struct admission_push){.accepted_ms = 999, .is_badge_only = true},
        5000, &is_outdated, &ending));
    assert_int_equal(ending.outcome, OUTCOME_DROPPED);
    assert_string_equal(ending.reason, "superseded");
    assert_true(admission_judge(&answer, &answer.hold, &(struct admission_push){.accepted_ms = 999},
                                5000, &is_outdated, &ending));
    assert_true(is_outdated);
    assert_true(admission_judge(
        &answer, &answer.hold, &(struct admission_push){.accepted_ms = 1000, .is_badge_only = true},
        5000, &is_outdated, &ending));
    assert_false(is_outdated);
}

/* Redis is silent, but another delivery of the pushkey here has just left a hold. */
static void what_is_known_here_counts_without_redis(void **state) {
    const struct state_answer unknown = {.known = false};
    const struct hold held = {.until_ms = 100000, .newest_ms = 1000};
    struct ending ending;
    bool is_outdated = false;

    (void)state;
    assert_false(admission_judge(&unknown, &held, &(struct admission_push){.accepted_ms = 2000},
                                 5000, &is_outdated, &ending));
    assert_string_equal(ending.reason, "held");
    assert_false(admission_judge(
        &unknown, &held, &(struct admission_push){.accepted_ms = 999, .is_badge_only = true}, 5000,
        &is_outdated, &ending));
    assert_string_equal(ending.reason, "superseded");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(admission_believes_only_what_redis_said),
        cmocka_unit_test(what_is_held_waits_as_long_as_its_pushkey),
        cmocka_unit_test(an_older_push_brings_no_counts_back),
        cmocka_unit_test(what_is_known_here_counts_without_redis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
