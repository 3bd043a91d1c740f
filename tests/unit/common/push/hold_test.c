#include "common/push/hold.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_reads_what_stands_in_redis(void **state) {
    struct hold out = {0};

    (void)state;
    assert_true(hold_read(slice_of("{\"until\":1700000000000,\"newest\":7}"), &out));
    assert_true(out.until_ms == INT64_C(1700000000000) && out.newest_ms == 7);
}

static void test_reads_what_a_later_version_may_add(void **state) {
    struct hold out = {0};

    (void)state;
    assert_true(hold_read(slice_of("{\"by\":[],\"until\":0,\"newest\":5}"), &out));
    assert_true(out.until_ms == 0 && out.newest_ms == 5);
}

static void test_reads_nothing_else(void **state) {
    static const char *const texts[] = {"",
                                        "null",
                                        "[]",
                                        "{}",
                                        "{\"until\":1}",
                                        "{\"newest\":1}",
                                        "{\"until\":null,\"newest\":1}",
                                        "{\"until\":-1,\"newest\":1}",
                                        "{\"until\":1,\"newest\":-1}",
                                        "{\"until\":1,\"newest\":1"};
    struct hold out = {.until_ms = 3, .newest_ms = 4};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (hold_read(slice_of(texts[i]), &out))
            fail_msg("read %s", texts[i]);
    assert_true(out.until_ms == 3 && out.newest_ms == 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_stands_in_redis),
        cmocka_unit_test(test_reads_what_a_later_version_may_add),
        cmocka_unit_test(test_reads_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
