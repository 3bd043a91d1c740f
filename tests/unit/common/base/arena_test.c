#include "common/base/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_pieces_are_zeroed_aligned_and_apart(void **state) {
    struct arena *arena = arena_new(64);
    unsigned char *pieces[100];

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        pieces[i] = arena_allocate(arena, i);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t j = 0; j < i; j++)
            assert_int_equal(pieces[i][j], 0);
        memset(pieces[i], (int)i, i);
    }
    for (size_t i = 0; i < 100; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_equal(pieces[i][j], i);
    arena_free(arena);
}

static void test_reset_gives_the_first_block_again_and_zeroed(void **state) {
    struct arena *arena = arena_new(256);
    size_t footprint = arena_footprint_bytes(arena);

    (void)state;
    char *first = arena_allocate(arena, 16);
    memset(first, 'x', 16);
    arena_allocate(arena, 100000);
    assert_true(arena_footprint_bytes(arena) > 100000);
    arena_reset(arena);
    assert_int_equal(arena_footprint_bytes(arena), footprint);
    char *again = arena_allocate(arena, 16);
    assert_ptr_equal(again, first);
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(again[i], 0);
    arena_free(arena);
}

static void test_blocks_double(void **state) {
    struct arena *arena = arena_new(1024);
    size_t before = arena_footprint_bytes(arena);
    size_t growths = 0;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        arena_allocate(arena, 16);
        growths += arena_footprint_bytes(arena) != before;
        before = arena_footprint_bytes(arena);
    }
    assert_in_range(growths, 9, 11);
    assert_true(before < 4 * 100000 * 16);
    arena_free(arena);
}

static void test_first_block_may_be_empty(void **state) {
    struct arena *arena = arena_new(0);

    (void)state;
    assert_string_equal(arena_copy(arena, slice_of("text")).data, "text");
    arena_reset(arena);
    assert_string_equal(arena_copy(arena, slice_of("more")).data, "more");
    arena_free(arena);
    arena_free(NULL);
}

static void test_copies_are_terminated(void **state) {
    struct arena *arena = arena_new(64);
    const struct slice inner = {.data = "a\0bc", .size = 3};
    struct slice copy = arena_copy(arena, inner);

    (void)state;
    assert_true(slice_equal(copy, inner));
    assert_int_equal(copy.data[3], '\0');
    copy = arena_copy(arena, (struct slice){0});
    assert_int_equal(copy.size, 0);
    assert_string_equal(copy.data, "");
    arena_free(arena);
}

static void test_format(void **state) {
    struct arena *arena = arena_new(16);
    struct slice text = arena_format(arena, "%s/%d", "a longer text than the block", 7);

    (void)state;
    assert_string_equal(text.data, "a longer text than the block/7");
    assert_int_equal(text.size, strlen(text.data));
    assert_int_equal(arena_format(arena, "%s", "").size, 0);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(test_reset_gives_the_first_block_again_and_zeroed),
        cmocka_unit_test(test_blocks_double),
        cmocka_unit_test(test_first_block_may_be_empty),
        cmocka_unit_test(test_copies_are_terminated),
        cmocka_unit_test(test_format),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
