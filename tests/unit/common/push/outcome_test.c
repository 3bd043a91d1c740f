#include "common/push/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_every_outcome_has_its_name(void **state) {
    (void)state;
    assert_string_equal(outcome_name(OUTCOME_DELIVERED), "delivered");
    assert_string_equal(outcome_name(OUTCOME_REJECTED), "rejected");
    assert_string_equal(outcome_name(OUTCOME_DROPPED), "dropped");
    assert_string_equal(outcome_name(OUTCOME_MOVED), "moved");
    assert_string_equal(outcome_name(OUTCOME_DEAD), "dead");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_outcome_has_its_name)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
