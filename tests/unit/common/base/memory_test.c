#include "common/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_new_is_zeroed_and_never_null(void **state) {
    unsigned char *block = memory_new(1000);
    void *empty = memory_new(0);
    uint64_t *array = memory_new_array(10, sizeof *array);
    void *empty_array = memory_new_array(0, 8);

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(block[i], 0);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(array[i], 0);
    assert_non_null(empty);
    assert_non_null(empty_array);
    free(block);
    free(empty);
    free(array);
    free(empty_array);
}

static void test_resize_keeps_what_was_there(void **state) {
    char *block = memory_copy_text("kept");

    (void)state;
    block = memory_resize(block, 100000);
    assert_string_equal(block, "kept");
    block = memory_resize(block, 0);
    assert_non_null(block);
    free(block);
}

static void test_copies_are_terminated(void **state) {
    char *copy = memory_copy_slice((struct slice){.data = "a\0bcd", .size = 4});
    char *empty = memory_copy_slice((struct slice){0});

    (void)state;
    assert_memory_equal(copy, "a\0bc", 5);
    assert_string_equal(empty, "");
    free(copy);
    free(empty);
}

static void test_wipe(void **state) {
    char secret[] = "secret";

    (void)state;
    memory_wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        assert_int_equal(secret[i], 0);
    memory_free_secret(NULL);
    memory_free_secret(memory_copy_text("another"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_is_zeroed_and_never_null),
        cmocka_unit_test(test_resize_keeps_what_was_there),
        cmocka_unit_test(test_copies_are_terminated),
        cmocka_unit_test(test_wipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
