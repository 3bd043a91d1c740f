#include "tests/unit/common/state/redis_fixture.h"

static void nothing_is_known_of_a_stranger(void **state) {
    struct fixture *fixture = open_fixture(state);
    struct state_answer answer = ask(fixture, 7);

    assert_true(answer.known);
    assert_false(answer.has_verdict);
    assert_false(answer.seen);
    close_fixture(fixture);
}

static void a_verdict_is_kept_for_its_lifetime(void **state) {
    struct fixture *fixture = open_fixture(state);
    struct verdict dated = {"UNREGISTERED", 404, INT64_C(1700000000000), INT64_C(1763856000000)};
    struct verdict undated = {"BadDeviceToken", 400, 0, INT64_C(1763856000000)};

    write_verdict(fixture, &dated);
    struct state_answer answer = ask(fixture, 7);
    assert_true(answer.known && answer.has_verdict && !answer.seen);
    assert_string_equal(answer.verdict.reason, "UNREGISTERED");
    assert_int_equal(answer.verdict.code, 404);
    assert_int_equal(answer.verdict.pushkey_ts_ms, dated.pushkey_ts_ms);
    assert_int_equal(answer.verdict.at_ms, dated.at_ms);
    assert_in_range(verdict_ttl_ms(fixture), 90 * 24 * hour_ms - hour_ms, 90 * 24 * hour_ms);

    write_verdict(fixture, &undated);
    assert_string_equal(ask(fixture, 7).verdict.reason, "BadDeviceToken");
    assert_in_range(verdict_ttl_ms(fixture), 23 * hour_ms, 24 * hour_ms);
    close_fixture(fixture);
}

static void a_hit_renews_a_verdict_that_is_dated(void **state) {
    struct fixture *fixture = open_fixture(state);
    struct verdict verdict = {"UNREGISTERED", 404, INT64_C(1700000000000), INT64_C(1763856000000)};
    char key[KEY_SIZE];

    key_verdict(pushkey, key);
    write_verdict(fixture, &verdict);
    tell(fixture->server, "PEXPIRE %s 60000", key);
    state_renew_verdict(fixture->state, pushkey, &verdict);
    ask(fixture, 7);
    assert_in_range(verdict_ttl_ms(fixture), 90 * 24 * hour_ms - hour_ms, 90 * 24 * hour_ms);

    verdict.pushkey_ts_ms = 0;
    tell(fixture->server, "PEXPIRE %s 60000", key);
    state_renew_verdict(fixture->state, pushkey, &verdict);
    ask(fixture, 7);
    assert_in_range(verdict_ttl_ms(fixture), 1, 60000);
    close_fixture(fixture);
}

static void a_verdict_that_cannot_be_read_is_none(void **state) {
    struct fixture *fixture = open_fixture(state);
    char key[KEY_SIZE];

    key_verdict(pushkey, key);
    tell(fixture->server, "SET %s nonsense", key);
    struct state_answer answer = ask(fixture, 7);
    assert_true(answer.known);
    assert_false(answer.has_verdict);
    close_fixture(fixture);
}

static void a_mark_is_seen_by_its_own_number_alone(void **state) {
    static const int64_t marks[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT64_C(0x123456789ABCDEF)};
    struct fixture *fixture = open_fixture(state);

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        int64_t neighbour = (int64_t)((uint64_t)marks[i] ^ (UINT64_C(1) << 40));
        assert_false(ask(fixture, marks[i]).seen);
        assert_false(mark(fixture, marks[i]).failed);
        assert_true(ask(fixture, marks[i]).seen);
        assert_false(ask(fixture, neighbour).seen);
    }
    close_fixture(fixture);
}

static void a_mark_lasts_until_nobody_looks(void **state) {
    struct fixture *fixture = open_fixture(state);
    int64_t now_ms = loop_wall_ms(fixture->loop);
    int64_t generation = key_seen_generation(now_ms);
    char key[KEY_SIZE];

    mark(fixture, 7);
    key_seen(7, generation, key);
    assert_int_equal(tell(fixture->server, "SCARD %s", key), 1);
    int64_t left_ms = tell(fixture->server, "PTTL %s", key);
    assert_in_range(left_ms, key_seen_expiry_ms(generation) - now_ms - hour_ms,
                    key_seen_expiry_ms(generation) - now_ms);
    assert_true(left_ms > 25 * hour_ms);
    close_fixture(fixture);
}

static void a_mark_of_the_last_generation_counts(void **state) {
    struct fixture *fixture = open_fixture(state);
    int64_t generation = key_seen_generation(loop_wall_ms(fixture->loop));
    char key[KEY_SIZE];

    key_seen(7, generation - 1, key);
    tell(fixture->server, "SADD %s 7", key);
    assert_true(ask(fixture, 7).seen);
    key_seen(8, generation - 2, key);
    tell(fixture->server, "SADD %s 8", key);
    assert_false(ask(fixture, 8).seen);
    close_fixture(fixture);
}

static void an_error_of_the_server_leaves_the_answer_unknown(void **state) {
    struct fixture *fixture = open_fixture(state);
    char key[KEY_SIZE];

    key_verdict(pushkey, key);
    tell(fixture->server, "SADD %s 1", key);
    struct state_answer answer = ask(fixture, 7);
    assert_false(answer.known);
    assert_false(answer.has_verdict);
    assert_true(state_is_available(fixture->state));
    close_fixture(fixture);
}

static void ten_thousand_questions_share_the_line_and_no_more(void **state) {
    enum { MANY = 10000, TOO_MANY = 15000 };
    struct redis_config config = config_of(*state);
    struct answer *answers = memory_new_array(TOO_MANY, sizeof *answers);
    size_t known_count = 0;

    /* What is counted here is answers, however slow the machine. */
    config.timeout_ms = 30000;
    struct fixture *fixture = open_with(*state, &config);
    await_available(fixture, true);
    for (size_t i = 0; i < MANY; i++)
        begin_ask(fixture, false, 0, &answers[i]);
    await(fixture);
    for (size_t i = 0; i < MANY; i++)
        assert_true(answers[i].count == 1 && answers[i].is.known);

    for (size_t i = 0; i < TOO_MANY; i++)
        begin_ask(fixture, false, 0, &answers[i]);
    await(fixture);
    for (size_t i = 0; i < TOO_MANY; i++)
        known_count += answers[i].is.known ? 1 : 0;
    assert_int_equal(known_count, MANY);
    assert_true(ask(fixture, 7).known);
    free(answers);
    close_fixture(fixture);
}

static void the_database_and_the_name_are_the_configured_ones(void **state) {
    struct redis_config config = config_of(*state);
    struct verdict verdict = {"UNREGISTERED", 404, 1, 1};

    config.host = "localhost";
    config.database = 3;
    struct fixture *fixture = open_with(*state, &config);
    await_available(fixture, true);
    write_verdict(fixture, &verdict);
    assert_int_equal(tell(*state, "DBSIZE"), 0);
    assert_true(ask(fixture, 7).has_verdict);
    close_fixture(fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_known_of_a_stranger, clean_server),
        cmocka_unit_test_setup(a_verdict_is_kept_for_its_lifetime, clean_server),
        cmocka_unit_test_setup(a_hit_renews_a_verdict_that_is_dated, clean_server),
        cmocka_unit_test_setup(a_verdict_that_cannot_be_read_is_none, clean_server),
        cmocka_unit_test_setup(a_mark_is_seen_by_its_own_number_alone, clean_server),
        cmocka_unit_test_setup(a_mark_lasts_until_nobody_looks, clean_server),
        cmocka_unit_test_setup(a_mark_of_the_last_generation_counts, clean_server),
        cmocka_unit_test_setup(an_error_of_the_server_leaves_the_answer_unknown, clean_server),
        cmocka_unit_test_setup(ten_thousand_questions_share_the_line_and_no_more, clean_server),
        cmocka_unit_test_setup(the_database_and_the_name_are_the_configured_ones, clean_server),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
