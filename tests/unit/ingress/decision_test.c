#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingress/decision.h"

static const struct app known = {.kind = PROVIDER_FCM};
static const struct app retired = {.kind = PROVIDER_RETIRED};

static struct device device(const char *pushkey, const char *fault) {
    return (struct device){.app_id = slice_of("app"), .pushkey = slice_of(pushkey), .fault = fault};
}

static void a_device_is_judged_by_fault_then_app(void **state) {
    static const struct {
        const char *pushkey;
        const char *fault;
        const struct app *app;
        enum unknown_app unknown;
        enum decision decision;
        bool rejects;
    } rows[] = {
        {"k", NULL, &known, UNKNOWN_APP_DROP, DECISION_PUBLISH, false},
        {"k", NULL, &known, UNKNOWN_APP_REJECT, DECISION_PUBLISH, false},
        {"k", NULL, &retired, UNKNOWN_APP_DROP, DECISION_RETIRED, true},
        {"k", NULL, NULL, UNKNOWN_APP_DROP, DECISION_DROP_APP, false},
        {"k", NULL, NULL, UNKNOWN_APP_REJECT, DECISION_REJECT_APP, true},
        {"k", "broken", &known, UNKNOWN_APP_DROP, DECISION_MALFORMED, true},
        {"k", "broken", NULL, UNKNOWN_APP_DROP, DECISION_MALFORMED, true},
        {"", "broken", &known, UNKNOWN_APP_DROP, DECISION_MALFORMED, true},
        {NULL, "broken", &known, UNKNOWN_APP_REJECT, DECISION_DROP_NAMELESS, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct device judged = device(rows[i].pushkey, rows[i].fault);
        enum decision decision = decision_of_device(&judged, rows[i].app, rows[i].unknown);
        assert_int_equal(decision, rows[i].decision);
        assert_int_equal(decision_rejects(decision), rows[i].rejects);
    }
}

static void only_a_verdict_that_holds_rejects(void **state) {
    struct state_answer answer = {
        .known = true, .has_verdict = true, .verdict = {.pushkey_ts_ms = 5000}};

    (void)state;
    assert_int_equal(decision_of_state(&answer, 5000), DECISION_VERDICT);
    assert_int_equal(decision_of_state(&answer, 4999), DECISION_VERDICT);
    assert_int_equal(decision_of_state(&answer, 5001), DECISION_PUBLISH);
    answer.has_verdict = false;
    assert_int_equal(decision_of_state(&answer, 5000), DECISION_PUBLISH);
    answer = (struct state_answer){.known = false, .has_verdict = true};
    assert_int_equal(decision_of_state(&answer, 0), DECISION_PUBLISH);
    assert_true(decision_rejects(DECISION_VERDICT));
}

static void every_decision_has_a_name_of_its_own(void **state) {
    (void)state;
    for (int i = 0; i < DECISION_COUNT; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(decision_name((enum decision)i),
                                    decision_name((enum decision)k));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_is_judged_by_fault_then_app),
        cmocka_unit_test(only_a_verdict_that_holds_rejects),
        cmocka_unit_test(every_decision_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
