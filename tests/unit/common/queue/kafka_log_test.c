#include "common/queue/kafka_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static bool admit(struct kafka_log *log, const char *text, int64_t now_ms, int64_t *repeats) {
    *repeats = -1;
    return kafka_log_admit(log, slice_of(text), now_ms, repeats);
}

static void test_keeps_a_repeated_line_back_and_counts_it(void **state) {
    struct kafka_log log = {0};
    int64_t repeats;

    (void)state;
    assert_true(admit(&log, "refused after 3 ms", 1000, &repeats));
    assert_int_equal(repeats, 0);
    for (int i = 0; i < 50; i++)
        assert_false(admit(&log, "refused after 17 ms", 1000 + i * 500, &repeats));
    assert_true(admit(&log, "refused after 0 ms", 31000, &repeats));
    assert_int_equal(repeats, 50);
    assert_false(admit(&log, "refused after 1 ms", 31001, &repeats));
    assert_true(admit(&log, "refused after 1 ms", 61001, &repeats));
    assert_int_equal(repeats, 1);
}

static void test_lets_different_lines_through(void **state) {
    struct kafka_log log = {0};
    int64_t repeats;

    (void)state;
    assert_true(admit(&log, "one", 1, &repeats));
    assert_true(admit(&log, "two", 1, &repeats));
    assert_false(admit(&log, "one", 2, &repeats));
    assert_true(admit(&log, "", 2, &repeats));
    assert_true(admit(&log, "12 34", 2, &repeats));
}

static void test_forgets_the_oldest_of_many(void **state) {
    struct kafka_log log = {0};
    int64_t repeats;
    char text[3] = "x";

    (void)state;
    for (int i = 0; i <= KAFKA_LOG_LINES; i++) {
        text[1] = (char)('a' + i);
        assert_true(admit(&log, text, 1000 + i, &repeats));
    }
    assert_false(admit(&log, "xc", 2000, &repeats));
    assert_true(admit(&log, "xa", 2000, &repeats));
    assert_int_equal(repeats, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_a_repeated_line_back_and_counts_it),
        cmocka_unit_test(test_lets_different_lines_through),
        cmocka_unit_test(test_forgets_the_oldest_of_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
