#include "dispatcher/chain.h"
#include "dispatcher/delivery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { CREW = CHAIN_LINE_MAX + 3 };

struct fixture {
    struct chains *chains;
    struct delivery crew[CREW]; /* of one pushkey */
};

static int set_up(void **state) {
    static struct fixture fixture;

    fixture = (struct fixture){.chains = chains_new()};
    for (size_t i = 0; i < CREW; i++)
        strcpy(fixture.crew[i].pushkey, "AAAAAAAAAAAAAAAAAAAAAA");
    *state = &fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;

    chains_free(fixture->chains);
    return 0;
}

/* ---- The line ---- */

static void one_at_a_time_in_the_order_in_which_they_came(void **state) {
    struct fixture *fixture = *state;
    struct delivery *crew = fixture->crew;

    for (size_t i = 0; i < 3; i++) {
        assert_true(chain_join(fixture->chains, &crew[i], CHAIN_LINE_MAX));
        assert_int_equal(chain_is_first(&crew[i]), i == 0);
    }
    assert_ptr_equal(chain_leave(fixture->chains, &crew[0]), &crew[1]);
    assert_true(chain_is_first(&crew[1]));
    assert_ptr_equal(chain_leave(fixture->chains, &crew[1]), &crew[2]);
    assert_null(chain_leave(fixture->chains, &crew[2]));
    assert_null(chain_leave(fixture->chains, &crew[2]));
}

static void who_leaves_out_of_turn_calls_nobody(void **state) {
    struct fixture *fixture = *state;
    struct delivery *crew = fixture->crew;

    for (size_t i = 0; i < 4; i++)
        chain_join(fixture->chains, &crew[i], CHAIN_LINE_MAX);
    assert_null(chain_leave(fixture->chains, &crew[1]));
    chain_step_aside(&crew[3]);
    assert_ptr_equal(chain_leave(fixture->chains, &crew[0]), &crew[2]);
    assert_null(chain_leave(fixture->chains, &crew[2]));
    assert_null(chain_leave(fixture->chains, &crew[3]));
}

static void who_waits_behind_another_is_counted(void **state) {
    struct fixture *fixture = *state;
    struct delivery *crew = fixture->crew;

    for (size_t i = 0; i < 4; i++) {
        crew[i].size_bytes = 100u << i;
        chain_join(fixture->chains, &crew[i], CHAIN_LINE_MAX);
        assert_ptr_equal(chain_first(&crew[i]), &crew[0]);
    }
    assert_int_equal(chains_waiting(fixture->chains), 3);
    assert_int_equal(chains_waiting_bytes(fixture->chains), 200 + 400 + 800);
    chain_step_aside(&crew[2]);
    assert_null(chain_first(&crew[2]));
    assert_int_equal(chains_waiting_bytes(fixture->chains), 200 + 800);
    chain_leave(fixture->chains, &crew[0]);
    assert_int_equal(chains_waiting(fixture->chains), 1);
    assert_int_equal(chains_waiting_bytes(fixture->chains), 800);
    for (size_t i = 1; i < 4; i++)
        chain_leave(fixture->chains, &crew[i]);
    assert_int_equal(chains_waiting(fixture->chains), 0);
    assert_int_equal(chains_waiting_bytes(fixture->chains), 0);
}

static void a_full_line_leaves_the_next_beside_it(void **state) {
    struct fixture *fixture = *state;
    struct delivery *crew = fixture->crew;

    for (size_t i = 0; i <= CHAIN_LINE_MAX; i++)
        assert_true(chain_join(fixture->chains, &crew[i], CHAIN_LINE_MAX));
    assert_false(chain_join(fixture->chains, &crew[CREW - 2], CHAIN_LINE_MAX));
    chain_leave(fixture->chains, &crew[0]);
    assert_true(chain_join(fixture->chains, &crew[CREW - 1], CHAIN_LINE_MAX));
    chain_leave(fixture->chains, &crew[CREW - 2]);
    for (size_t i = 1; i < CHAIN_LINE_MAX; i++)
        assert_ptr_equal(chain_leave(fixture->chains, &crew[i]), &crew[i + 1]);
    assert_ptr_equal(chain_leave(fixture->chains, &crew[CHAIN_LINE_MAX]), &crew[CREW - 1]);
}

static void another_pushkey_is_another_chain(void **state) {
    struct fixture *fixture = *state;
    struct delivery *crew = fixture->crew;

    crew[1].pushkey[0] = 'B';
    chain_join(fixture->chains, &crew[0], CHAIN_LINE_MAX);
    chain_join(fixture->chains, &crew[1], CHAIN_LINE_MAX);
    assert_true(chain_is_first(&crew[0]) && chain_is_first(&crew[1]));
    chain_note_newest(&crew[0], 1000);
    assert_int_equal(chain_hold(&crew[1])->newest_ms, 0);
}

/* ---- The hold ---- */

static void redis_hears_of_a_newest_only_when_there_are_copies(void **state) {
    struct fixture *fixture = *state;
    struct delivery *delivery = &fixture->crew[0];

    chain_join(fixture->chains, delivery, CHAIN_LINE_MAX);
    chain_learn(delivery, NULL);
    chain_note_newest(delivery, 1000);
    assert_false(chain_has_news(delivery));
    chain_keep(delivery);
    assert_true(chain_has_news(delivery));
    chain_kept(delivery, chain_hold(delivery));
    assert_false(chain_has_news(delivery));
    chain_note_newest(delivery, 999);
    assert_false(chain_has_news(delivery));
    chain_note_newest(delivery, 1001);
    assert_true(chain_has_news(delivery));
}

static void nothing_is_written_over_what_redis_has_not_told_yet(void **state) {
    struct fixture *fixture = *state;
    struct delivery *delivery = &fixture->crew[0];

    chain_join(fixture->chains, delivery, CHAIN_LINE_MAX);
    chain_keep(delivery);
    assert_false(chain_has_news(delivery));
    chain_learn(delivery, &(struct hold){.until_ms = 7000, .newest_ms = 5000});
    assert_false(chain_has_news(delivery));
    assert_int_equal(chain_hold(delivery)->newest_ms, 5000);
}

/* The one on its way out asked Redis before the one in line was delivered, and writes after it. */
static void what_one_leaves_the_other_does_not_undo(void **state) {
    struct fixture *fixture = *state;
    struct delivery *leaving = &fixture->crew[0];
    struct delivery *sent = &fixture->crew[1];
    const struct hold of_redis = {.until_ms = 0, .newest_ms = 500};

    chain_join_beside(fixture->chains, leaving);
    assert_true(chain_join(fixture->chains, sent, CHAIN_LINE_MAX) && chain_is_first(sent));
    chain_learn(sent, &of_redis);
    chain_learn(leaving, &of_redis);
    chain_note_newest(sent, 2000);
    chain_keep(leaving);
    assert_int_equal(chain_hold(leaving)->newest_ms, 2000);
    chain_hold_until(leaving, 9000);
    assert_null(chain_leave(fixture->chains, sent));
    assert_true(chain_has_news(leaving));
    assert_int_equal(chain_hold(leaving)->newest_ms, 2000);
    assert_int_equal(chain_hold(leaving)->until_ms, 9000);
}

static void what_is_forgiven_is_held_no_longer(void **state) {
    struct fixture *fixture = *state;
    struct delivery *delivery = &fixture->crew[0];

    chain_join(fixture->chains, delivery, CHAIN_LINE_MAX);
    chain_learn(delivery, &(struct hold){.until_ms = 7000, .newest_ms = 5000});
    chain_learn(delivery, NULL);
    assert_int_equal(chain_hold(delivery)->until_ms, 0);
    assert_int_equal(chain_hold(delivery)->newest_ms, 5000);
}

static void a_hold_that_was_not_written_is_still_news(void **state) {
    struct fixture *fixture = *state;
    struct delivery *delivery = &fixture->crew[0];

    chain_join(fixture->chains, delivery, CHAIN_LINE_MAX);
    chain_learn(delivery, NULL);
    chain_hold_until(delivery, 7000);
    assert_true(chain_has_news(delivery));
    chain_learn(delivery, NULL); /* the write was lost, and this is the next look-up */
    assert_true(chain_has_news(delivery));
    assert_int_equal(chain_hold(delivery)->until_ms, 7000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_at_a_time_in_the_order_in_which_they_came, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_leaves_out_of_turn_calls_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_waits_behind_another_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_line_leaves_the_next_beside_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_pushkey_is_another_chain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(redis_hears_of_a_newest_only_when_there_are_copies, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_written_over_what_redis_has_not_told_yet, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_one_leaves_the_other_does_not_undo, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_forgiven_is_held_no_longer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hold_that_was_not_written_is_still_news, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
