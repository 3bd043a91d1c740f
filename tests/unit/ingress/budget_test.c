#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingress/budget.h"
#include "ingress/throttle.h"

static const struct ingress_config config = {.body_limit_bytes = 10,
                                             .copies_limit_bytes = 20,
                                             .waiting_requests = 10,
                                             .waiting_bytes = 1000};

static void workers_share_the_bounds(void **state) {
    struct budget budget = budget_share(&config, 4);

    (void)state;
    assert_int_equal(budget.requests_limit, 2);
    assert_int_equal(budget.bytes_limit, 250);
}

static void a_share_suffices_for_the_largest_request(void **state) {
    struct budget budget = budget_share(&config, 100);

    (void)state;
    assert_int_equal(budget.requests_limit, 1);
    assert_int_equal(budget.bytes_limit, 30);
}

static void what_is_used_up_is_refused(void **state) {
    struct budget budget = budget_share(&config, 4);

    (void)state;
    assert_true(budget_take_request(&budget));
    assert_true(budget_take_request(&budget));
    assert_false(budget_take_request(&budget));
    budget_return_request(&budget);
    assert_true(budget_take_request(&budget));

    assert_true(budget_take_bytes(&budget, 200));
    assert_false(budget_take_bytes(&budget, 51));
    assert_false(budget_take_bytes(&budget, SIZE_MAX));
    assert_true(budget_take_bytes(&budget, 50));
    assert_true(budget_take_bytes(&budget, 0));
    assert_false(budget_take_bytes(&budget, 1));
    budget_return_bytes(&budget, 250);
    assert_int_equal(budget.bytes, 0);
}

static void one_line_a_second_passes(void **state) {
    struct throttle throttle = {0};
    int64_t suppressed = -1;

    (void)state;
    assert_true(throttle_passes(&throttle, 5000, &suppressed));
    assert_int_equal(suppressed, 0);
    assert_false(throttle_passes(&throttle, 5000, &suppressed));
    assert_false(throttle_passes(&throttle, 5999, &suppressed));
    assert_true(throttle_passes(&throttle, 6000, &suppressed));
    assert_int_equal(suppressed, 2);
    assert_false(throttle_passes(&throttle, 6001, &suppressed));
    assert_true(throttle_passes(&throttle, 9000, &suppressed));
    assert_int_equal(suppressed, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_share_the_bounds),
        cmocka_unit_test(a_share_suffices_for_the_largest_request),
        cmocka_unit_test(what_is_used_up_is_refused),
        cmocka_unit_test(one_line_a_second_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
