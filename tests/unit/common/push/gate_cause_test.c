#include "common/push/gate_cause.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_every_cause_is_read_by_its_name(void **state) {
    (void)state;
    for (size_t i = GATE_CAUSE_NONE + 1; i < GATE_CAUSE_COUNT; i++) {
        enum gate_cause cause = GATE_CAUSE_NONE;
        assert_true(gate_cause_read(slice_of(gate_cause_name((enum gate_cause)i)), &cause));
        assert_int_equal(cause, i);
    }
}

static void test_nothing_else_is_one(void **state) {
    static const char *const words[] = {"", "Wait", "waiting", "BadTopic"};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        enum gate_cause cause = GATE_CAUSE_OPERATOR;
        assert_false(gate_cause_read(slice_of(words[i]), &cause));
        assert_int_equal(cause, GATE_CAUSE_NONE);
    }
    assert_string_equal(gate_cause_name(GATE_CAUSE_NONE), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cause_is_read_by_its_name),
        cmocka_unit_test(test_nothing_else_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
