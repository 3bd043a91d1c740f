#include "common/state/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const int64_t hour_ms = INT64_C(3600) * 1000;

static void a_verdict_is_named_by_its_pushkey(void **state) {
    char key[KEY_SIZE];

    (void)state;
    key_verdict("0123456789abcdefghijAB", key);
    assert_string_equal(key, "columba:v:0123456789abcdefghijAB");
}

static void a_mark_is_named_by_generation_and_low_bits(void **state) {
    static const struct {
        int64_t seen;
        int64_t generation;
        const char *key;
    } examples[] = {
        {0, 0, "columba:s:0:00000"},
        {0xABCDE, 19000, "columba:s:19000:abcde"},
        {0x7FFFFFFFFFF00001, 19000, "columba:s:19000:00001"},
        {-1, 19000, "columba:s:19000:fffff"},
        {INT64_MIN, 19000, "columba:s:19000:00000"},
        {INT64_MAX, INT64_MAX, "columba:s:9223372036854775807:fffff"},
    };
    char key[KEY_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        key_seen(examples[i].seen, examples[i].generation, key);
        assert_string_equal(key, examples[i].key);
    }
}

static void a_generation_lasts_25_hours(void **state) {
    (void)state;
    assert_int_equal(key_seen_generation(0), 0);
    assert_int_equal(key_seen_generation(25 * hour_ms - 1), 0);
    assert_int_equal(key_seen_generation(25 * hour_ms), 1);
    assert_int_equal(key_seen_generation(INT64_C(1763856000000)), 19598);
}

static void a_mark_outlives_the_generation_that_still_looks_it_up(void **state) {
    (void)state;
    for (int64_t generation = 0; generation < 30000; generation += 9999) {
        int64_t last_look_ms = (generation + 2) * 25 * hour_ms - 1;
        assert_int_equal(key_seen_generation(last_look_ms) - 1, generation);
        assert_true(key_seen_expiry_ms(generation) > last_look_ms);
        assert_true(key_seen_expiry_ms(generation) < last_look_ms + 2 * hour_ms);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verdict_is_named_by_its_pushkey),
        cmocka_unit_test(a_mark_is_named_by_generation_and_low_bits),
        cmocka_unit_test(a_generation_lasts_25_hours),
        cmocka_unit_test(a_mark_outlives_the_generation_that_still_looks_it_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
