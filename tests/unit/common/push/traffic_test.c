#include "common/push/traffic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void each_app_has_its_own(void **state) {
    struct traffic *traffic = traffic_new(2);

    (void)state;
    assert_int_equal(traffic_last_ms(traffic, 0), 0);
    traffic_note(traffic, 1, 1000000);
    assert_int_equal(traffic_last_ms(traffic, 0), 0);
    assert_int_equal(traffic_last_ms(traffic, 1), 1000000);
    traffic_free(traffic);
}

static void it_is_true_to_a_minute(void **state) {
    struct traffic *traffic = traffic_new(1);

    (void)state;
    traffic_note(traffic, 0, 1000000);
    traffic_note(traffic, 0, 1059999);
    assert_int_equal(traffic_last_ms(traffic, 0), 1000000);
    traffic_note(traffic, 0, 1060000);
    assert_int_equal(traffic_last_ms(traffic, 0), 1060000);
    traffic_free(traffic);
}

static void a_clock_set_back_is_believed(void **state) {
    struct traffic *traffic = traffic_new(1);

    (void)state;
    traffic_note(traffic, 0, 9000000);
    traffic_note(traffic, 0, 1000000);
    assert_int_equal(traffic_last_ms(traffic, 0), 1000000);
    traffic_free(traffic);
}

static void an_app_that_is_not_there_harms_nobody(void **state) {
    struct traffic *traffic = traffic_new(1);

    (void)state;
    traffic_note(traffic, 1, 1000000);
    assert_int_equal(traffic_last_ms(traffic, 1), 0);
    assert_int_equal(traffic_last_ms(traffic, 0), 0);
    traffic_free(traffic);
    traffic_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_app_has_its_own),
        cmocka_unit_test(it_is_true_to_a_minute),
        cmocka_unit_test(a_clock_set_back_is_believed),
        cmocka_unit_test(an_app_that_is_not_there_harms_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
