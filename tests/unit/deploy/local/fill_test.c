#include "deploy/local/fill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void append_many(struct fill *fill, int count, size_t wire_bytes) {
    for (int i = 0; i < count; i++)
        fill_append(fill, fill->next_offset, wire_bytes);
}

static void test_empty_partition_is_at_zero(void **state) {
    struct fill fill = {0};

    (void)state;
    assert_int_equal(fill_percent(&fill, 0), 0);
    assert_int_equal(fill_percent(&fill, -1), 0);
}

static void test_bytes_nobody_read_count(void **state) {
    struct fill fill = {0};

    (void)state;
    append_many(&fill, 2560, 1024);
    assert_int_equal(fill_percent(&fill, 0), 50);
    append_many(&fill, 2560, 1024);
    assert_int_equal(fill_percent(&fill, -1), 100);
}

static void test_what_was_read_counts_no_more(void **state) {
    struct fill fill = {0};

    (void)state;
    append_many(&fill, 5000, 1024);
    assert_int_equal(fill_percent(&fill, 5000), 0);
    /* Half of it unread is 49 %, known to within one mark. */
    assert_in_range(fill_percent(&fill, 2500), 48, 50);
}

static void test_long_use_keeps_the_ring_true(void **state) {
    struct fill fill = {0};

    (void)state;
    append_many(&fill, 200 * 1000, 1024);
    assert_int_equal(fill_percent(&fill, 200 * 1000), 0);
    assert_in_range(fill_percent(&fill, 200 * 1000 - 4096), 80, 81);
    assert_in_range(fill_percent(&fill, 0), 101, 999);
}

static void test_many_small_records_count_as_batches(void **state) {
    struct fill fill = {0};

    (void)state;
    append_many(&fill, 60 * 1000, 10);
    assert_int_equal(fill_percent(&fill, 0), 60);
}

static void test_one_record_beyond_a_mark(void **state) {
    struct fill fill = {0};

    (void)state;
    fill_append(&fill, 0, 1024 * 1024);
    fill_append(&fill, 1, 1024 * 1024);
    assert_int_equal(fill_percent(&fill, 1), 20);
    assert_int_equal(fill_percent(&fill, 2), 0);
}

static void test_offsets_may_jump(void **state) {
    struct fill fill = {0};

    (void)state;
    append_many(&fill, 1000, 1024);
    fill_append(&fill, 50 * 1000, 1024);
    assert_int_equal(fill_percent(&fill, 50 * 1000 + 1), 0);
    assert_int_equal(fill.next_offset, 50 * 1000 + 1);
}

static void test_stage_is_told_once(void **state) {
    enum fill_stage stage = FILL_FINE;

    (void)state;
    assert_false(fill_stage_update(&stage, 49));
    assert_true(fill_stage_update(&stage, 50));
    assert_false(fill_stage_update(&stage, 55));
    assert_true(fill_stage_update(&stage, 80));
    assert_int_equal(stage, FILL_NEARLY);
    assert_true(fill_stage_update(&stage, 100));
    assert_int_equal(stage, FILL_LOSING);
    assert_false(fill_stage_update(&stage, 999));
}

static void test_stage_falls_back_only_when_calm(void **state) {
    enum fill_stage stage = FILL_HALF;

    (void)state;
    assert_false(fill_stage_update(&stage, 30));
    assert_false(fill_stage_update(&stage, 51));
    assert_false(fill_stage_update(&stage, 24));
    assert_int_equal(stage, FILL_FINE);
    assert_true(fill_stage_update(&stage, 51));
}

static void test_wire_size_is_an_upper_bound(void **state) {
    (void)state;
    /* A batch of one record without key, value and headers is 61 + 7 bytes at least. */
    assert_true(fill_wire_bytes(0, 0, 0, 0) >= 68);
    assert_int_equal(fill_wire_bytes(3, 5, 7, 0) - fill_wire_bytes(0, 0, 0, 0), 15);
    assert_true(fill_wire_bytes(0, 0, 0, 2) >= fill_wire_bytes(0, 0, 0, 0) + 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_partition_is_at_zero),
        cmocka_unit_test(test_bytes_nobody_read_count),
        cmocka_unit_test(test_what_was_read_counts_no_more),
        cmocka_unit_test(test_long_use_keeps_the_ring_true),
        cmocka_unit_test(test_many_small_records_count_as_batches),
        cmocka_unit_test(test_one_record_beyond_a_mark),
        cmocka_unit_test(test_offsets_may_jump),
        cmocka_unit_test(test_stage_is_told_once),
        cmocka_unit_test(test_stage_falls_back_only_when_calm),
        cmocka_unit_test(test_wire_size_is_an_upper_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
