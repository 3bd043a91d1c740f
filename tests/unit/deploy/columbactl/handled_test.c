#include "deploy/columbactl/handled.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_note(const struct handled *handled, int64_t next, const char *text) {
    struct buffer note = {0};

    handled_write(handled, &note);
    assert_int_equal(handled->next, next);
    assert_string_equal(buffer_text(&note), text);
    buffer_free(&note);
}

static void test_in_any_order_next_passes_what_is_handled(void **state) {
    struct handled handled;

    (void)state;
    handled_read(-1, "", 10, &handled);
    assert_note(&handled, 10, "");
    handled_add(&handled, 12);
    handled_add(&handled, 15);
    handled_add(&handled, 16);
    assert_note(&handled, 10, "2,5-6");
    assert_true(handled_has(&handled, 9));
    assert_false(handled_has(&handled, 10));
    assert_true(handled_has(&handled, 16));
    assert_false(handled_has(&handled, 17));
    handled_add(&handled, 10);
    assert_note(&handled, 11, "1,4-5");
    handled_add(&handled, 11);
    assert_note(&handled, 13, "2-3");
    handled_add(&handled, 14);
    handled_add(&handled, 13);
    assert_note(&handled, 17, "");
    handled_free(&handled);
}

static void test_what_was_written_is_read(void **state) {
    struct handled handled;

    (void)state;
    handled_read(100, "2,5-7", 0, &handled);
    assert_true(handled_has(&handled, 99));
    assert_true(handled_has(&handled, 102));
    assert_false(handled_has(&handled, 104));
    assert_true(handled_has(&handled, 106));
    assert_note(&handled, 100, "2,5-7");
    handled_free(&handled);
}

static void test_a_log_that_starts_later_is_kept_up_with(void **state) {
    struct handled handled;

    (void)state;
    handled_read(100, "2,5-7,20", 106, &handled);
    assert_note(&handled, 108, "12");
    handled_free(&handled);
}

static void test_a_note_that_makes_no_sense_is_none(void **state) {
    static const char *const notes[] = {"x", "5-", "5,",  "7,3",   "3-2",
                                        ",", "0",  "5 6", "5-6-7", "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        struct handled handled;
        handled_read(100, notes[i], 0, &handled);
        assert_note(&handled, 100, "");
        handled_free(&handled);
    }
}

/* Against a table of which ones were added. */
static void test_any_sequence(void **state) {
    enum { SIZE = 60 };
    unsigned seed = 7;

    (void)state;
    for (int round = 0; round < 200; round++) {
        bool added[SIZE] = {false};
        struct handled handled;
        handled_read(-1, "", 0, &handled);
        for (int i = 0; i < 50; i++) {
            struct buffer note = {0};
            seed = seed * 1103515245 + 12345;
            int64_t offset = (seed >> 16) % SIZE;
            handled_add(&handled, offset);
            added[offset] = true;
            handled_write(&handled, &note);
            int64_t next = handled.next;
            handled_free(&handled);
            handled_read(next, buffer_text(&note), 0, &handled);
            buffer_free(&note);
        }
        for (int64_t at = 0; at < SIZE; at++)
            assert_int_equal(handled_has(&handled, at), added[at]);
        handled_free(&handled);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_any_order_next_passes_what_is_handled),
        cmocka_unit_test(test_what_was_written_is_read),
        cmocka_unit_test(test_a_log_that_starts_later_is_kept_up_with),
        cmocka_unit_test(test_a_note_that_makes_no_sense_is_none),
        cmocka_unit_test(test_any_sequence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
