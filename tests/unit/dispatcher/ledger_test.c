#include "common/queue/queue.h"
#include "dispatcher/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_new_ledger_commits_where_it_starts(void **state) {
    struct ledger *ledger = ledger_new(42, NULL);

    (void)state;
    assert_int_equal(ledger_position(ledger), 42);
    assert_int_equal(ledger_unsettled(ledger), 0);
    ledger_free(ledger);
}

static void the_position_waits_for_the_oldest(void **state) {
    struct ledger *ledger = ledger_new(10, NULL);

    (void)state;
    ledger_take(ledger, 10);
    ledger_take(ledger, 11);
    ledger_take(ledger, 12);
    ledger_settle(ledger, 12);
    ledger_settle(ledger, 11);
    assert_int_equal(ledger_position(ledger), 10);
    assert_int_equal(ledger_unsettled(ledger), 1);
    ledger_settle(ledger, 10);
    assert_int_equal(ledger_position(ledger), 13);
    ledger_free(ledger);
}

static void gaps_between_offsets_are_passed(void **state) {
    struct ledger *ledger = ledger_new(5, NULL);

    (void)state;
    ledger_take(ledger, 9);
    assert_int_equal(ledger_position(ledger), 9);
    ledger_take(ledger, 20);
    ledger_settle(ledger, 9);
    assert_int_equal(ledger_position(ledger), 20);
    ledger_settle(ledger, 20);
    assert_int_equal(ledger_position(ledger), 21);
    ledger_free(ledger);
}

static void the_window_is_bounded(void **state) {
    struct ledger *ledger = ledger_new(0, NULL);

    (void)state;
    for (int64_t offset = 0; offset < LEDGER_WINDOW; offset++) {
        assert_false(ledger_is_full(ledger));
        ledger_take(ledger, offset);
    }
    assert_true(ledger_is_full(ledger));
    /* What is settled behind an unsettled one still takes its place. */
    ledger_settle(ledger, 1);
    assert_true(ledger_is_full(ledger));
    ledger_settle(ledger, 0);
    assert_false(ledger_is_full(ledger));
    assert_int_equal(ledger_position(ledger), 2);
    ledger_free(ledger);
}

/* Against the plainest model there is: a flag for each offset. */
static void any_order_of_settling_agrees_with_a_model(void **state) {
    enum { COUNT = 500, ROUNDS = 50 };

    (void)state;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        bool settled[COUNT] = {false};
        struct ledger *ledger = ledger_new(0, NULL);
        unsigned random = round * 2654435761u;
        int64_t taken = 0;
        for (int step = 0; step < 4 * COUNT; step++) {
            random = random * 1664525u + 1013904223u;
            int64_t pick = (random >> 8) % COUNT;
            if (taken < COUNT && (random >> 30) < 2) {
                ledger_take(ledger, taken++);
            } else if (pick < taken && !settled[pick]) {
                settled[pick] = true;
                ledger_settle(ledger, pick);
            }
            int64_t expected = 0;
            while (expected < taken && settled[expected])
                expected++;
            assert_int_equal(ledger_position(ledger), expected);
        }
        ledger_free(ledger);
    }
}

/* The owner of a partition and the next one, who begins with what was committed. */
static struct ledger *take_over(struct ledger *from) {
    struct buffer note = {0};

    ledger_write_note(from, &note);
    assert_true(note.size < QUEUE_NOTE_SIZE);
    struct ledger *to =
        ledger_new(ledger_position(from), note.size == 0 ? NULL : buffer_text(&note));
    buffer_free(&note);
    ledger_free(from);
    return to;
}

static void what_is_settled_behind_is_not_done_again(void **state) {
    struct ledger *ledger = ledger_new(100, NULL);

    (void)state;
    for (int64_t offset = 100; offset < 140; offset++)
        ledger_take(ledger, offset);
    for (int64_t offset = 100; offset < 140; offset++)
        if (offset == 100 || offset % 3 == 0)
            ledger_settle(ledger, offset);
    ledger = take_over(ledger);
    assert_int_equal(ledger_position(ledger), 101);
    for (int64_t offset = 90; offset < 200; offset++)
        assert_int_equal(ledger_was_settled(ledger, offset),
                         offset > 100 && offset < 140 && offset % 3 == 0);
    ledger_free(ledger);
}

/* A crash right after a take-over, or in the middle of what the note tells of. */
static void a_note_is_handed_on_until_its_records_have_come(void **state) {
    struct ledger *ledger = ledger_new(0, NULL);

    (void)state;
    for (int64_t offset = 0; offset < 50; offset++)
        ledger_take(ledger, offset);
    for (int64_t offset = 1; offset < 50; offset += 2)
        ledger_settle(ledger, offset);
    ledger = take_over(take_over(ledger));
    for (int64_t offset = 0; offset < 20; offset++) {
        ledger_take(ledger, offset);
        if (offset % 2 == 1 || offset < 5)
            ledger_settle(ledger, offset);
    }
    ledger = take_over(ledger);
    assert_int_equal(ledger_position(ledger), 6);
    for (int64_t offset = 6; offset < 60; offset++)
        assert_int_equal(ledger_was_settled(ledger, offset), offset < 50 && offset % 2 == 1);
    ledger_free(ledger);
}

static void a_full_window_fits_into_a_note(void **state) {
    struct ledger *ledger = ledger_new(7, NULL);

    (void)state;
    for (int64_t i = 0; i < LEDGER_WINDOW; i++)
        ledger_take(ledger, 7 + 2 * i);
    for (int64_t i = 1; i < LEDGER_WINDOW; i++)
        ledger_settle(ledger, 7 + 2 * i);
    ledger = take_over(ledger);
    assert_false(ledger_was_settled(ledger, 7));
    assert_false(ledger_was_settled(ledger, 8));
    assert_true(ledger_was_settled(ledger, 9));
    assert_true(ledger_was_settled(ledger, 7 + LEDGER_NOTE_OFFSETS - 2));
    assert_false(ledger_was_settled(ledger, 7 + LEDGER_NOTE_OFFSETS)); /* forgotten, done again */
    ledger_free(ledger);
}

/* As columbactl skip does, which keeps the note. */
static void a_commit_may_be_moved_beside_its_note(void **state) {
    struct ledger *ledger = ledger_new(10, NULL);
    struct buffer note = {0};

    (void)state;
    for (int64_t offset = 10; offset < 20; offset++)
        ledger_take(ledger, offset);
    ledger_settle(ledger, 15);
    ledger_write_note(ledger, &note);
    ledger_free(ledger);
    ledger = ledger_new(11, buffer_text(&note));
    for (int64_t offset = 11; offset < 30; offset++)
        assert_int_equal(ledger_was_settled(ledger, offset), offset == 15);
    ledger_free(ledger);
    buffer_free(&note);
}

static void a_note_of_somebody_else_says_nothing(void **state) {
    static const char *const notes[] = {NULL,          "",          "settled",   "settled:",
                                        "settled:0",   "settled:/", "settled:*", "settled:0:*",
                                        "settled::_w", "/////w",    "{\"a\":1}", "settled:-8:__8"};

    (void)state;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        struct ledger *ledger = ledger_new(0, notes[i]);
        struct buffer note = {0};
        for (int64_t offset = 0; offset < 100; offset++)
            assert_false(ledger_was_settled(ledger, offset));
        ledger_write_note(ledger, &note);
        assert_int_equal(note.size, 0);
        buffer_free(&note);
        ledger_free(ledger);
    }
}

/* Or of a log that was longer: nothing of it is near, and nothing is looked for in between. */
static void a_note_of_far_away_says_nothing(void **state) {
    static const char *const notes[] = {"settled:9223372036854775807:_w",
                                        "settled:9223372036854775000:_w",
                                        "settled:1000000000000:_w", "settled:20000:_w"};

    (void)state;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        struct ledger *ledger = ledger_new(0, notes[i]);
        struct buffer note = {0};
        ledger_take(ledger, 0);
        assert_false(ledger_was_settled(ledger, 0));
        ledger_write_note(ledger, &note);
        assert_int_equal(note.size, 0);
        buffer_free(&note);
        ledger_free(ledger);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_ledger_commits_where_it_starts),
        cmocka_unit_test(the_position_waits_for_the_oldest),
        cmocka_unit_test(gaps_between_offsets_are_passed),
        cmocka_unit_test(the_window_is_bounded),
        cmocka_unit_test(any_order_of_settling_agrees_with_a_model),
        cmocka_unit_test(what_is_settled_behind_is_not_done_again),
        cmocka_unit_test(a_note_is_handed_on_until_its_records_have_come),
        cmocka_unit_test(a_full_window_fits_into_a_note),
        cmocka_unit_test(a_commit_may_be_moved_beside_its_note),
        cmocka_unit_test(a_note_of_somebody_else_says_nothing),
        cmocka_unit_test(a_note_of_far_away_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
