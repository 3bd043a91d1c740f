#include "dispatcher/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_new_ledger_commits_where_it_starts(void **state) {
    struct ledger *ledger = ledger_new(42);

    (void)state;
    assert_int_equal(ledger_position(ledger), 42);
    assert_int_equal(ledger_oldest_ms(ledger), -1);
    assert_int_equal(ledger_unsettled(ledger), 0);
    ledger_free(ledger);
}

static void the_position_waits_for_the_oldest(void **state) {
    struct ledger *ledger = ledger_new(10);

    (void)state;
    ledger_take(ledger, 10, 1000);
    ledger_take(ledger, 11, 1001);
    ledger_take(ledger, 12, 1002);
    ledger_settle(ledger, 12);
    ledger_settle(ledger, 11);
    assert_int_equal(ledger_position(ledger), 10);
    assert_int_equal(ledger_oldest_ms(ledger), 1000);
    assert_int_equal(ledger_unsettled(ledger), 1);
    ledger_settle(ledger, 10);
    assert_int_equal(ledger_position(ledger), 13);
    assert_int_equal(ledger_oldest_ms(ledger), -1);
    ledger_free(ledger);
}

static void gaps_between_offsets_are_passed(void **state) {
    struct ledger *ledger = ledger_new(5);

    (void)state;
    ledger_take(ledger, 9, 0);
    assert_int_equal(ledger_position(ledger), 9);
    ledger_take(ledger, 20, 0);
    ledger_settle(ledger, 9);
    assert_int_equal(ledger_position(ledger), 20);
    ledger_settle(ledger, 20);
    assert_int_equal(ledger_position(ledger), 21);
    ledger_free(ledger);
}

static void the_window_is_bounded(void **state) {
    struct ledger *ledger = ledger_new(0);

    (void)state;
    for (int64_t offset = 0; offset < LEDGER_WINDOW; offset++) {
        assert_false(ledger_is_full(ledger));
        ledger_take(ledger, offset, offset);
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
        struct ledger *ledger = ledger_new(0);
        unsigned random = round * 2654435761u;
        int64_t taken = 0;
        for (int step = 0; step < 4 * COUNT; step++) {
            random = random * 1664525u + 1013904223u;
            int64_t pick = (random >> 8) % COUNT;
            if (taken < COUNT && (random >> 30) < 2) {
                ledger_take(ledger, taken++, step);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_ledger_commits_where_it_starts),
        cmocka_unit_test(the_position_waits_for_the_oldest),
        cmocka_unit_test(gaps_between_offsets_are_passed),
        cmocka_unit_test(the_window_is_bounded),
        cmocka_unit_test(any_order_of_settling_agrees_with_a_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
