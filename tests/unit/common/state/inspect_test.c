/* The shared state as an operator's tool sees it, on a real server. */
#include "common/state/inspect.h"

#include "tests/unit/common/state/redis_fixture.h"

static struct inspect *open_inspect(void **state) {
    const struct redis_config config = config_of(*state);
    struct error error = {0};
    struct inspect *inspect = inspect_open(&config, PATIENCE_MS, &error);

    if (inspect == NULL)
        fail_msg("%s", error.text);
    return inspect;
}

static void test_a_pushkey_of_which_nothing_is_known(void **state) {
    struct inspect *inspect = open_inspect(state);
    struct inspect_pushkey known;
    struct error error;

    assert_true(inspect_pushkey(inspect, pushkey, &known, &error));
    assert_false(known.has_verdict);
    assert_false(known.has_hold);
    inspect_close(inspect);
}

static void test_verdict_and_hold_until_they_are_forgiven(void **state) {
    struct inspect *inspect = open_inspect(state);
    struct inspect_pushkey known;
    struct error error;
    struct buffer text = {0};
    const struct verdict verdict = {.reason = "UNREGISTERED", .code = 404, .at_ms = 7};

    verdict_write(&verdict, &text);
    tell(*state, "SET columba:v:%s %b PX 60000", pushkey, text.data, text.size);
    tell(*state, "SET columba:h:%s %s", pushkey, "{\"until\":5,\"newest\":6}");
    assert_true(inspect_pushkey(inspect, pushkey, &known, &error));
    assert_true(known.has_verdict);
    assert_string_equal(known.verdict.reason, "UNREGISTERED");
    assert_in_range(known.verdict_lifetime_ms, 1, 60000);
    assert_true(known.has_hold);
    assert_int_equal(known.hold.newest_ms, 6);
    assert_int_equal(known.hold_lifetime_ms, -1);
    assert_true(inspect_forgive(inspect, pushkey, &error));
    assert_int_equal(tell(*state, "DBSIZE"), 0);
    buffer_free(&text);
    inspect_close(inspect);
}

static void test_what_cannot_be_read_is_none(void **state) {
    struct inspect *inspect = open_inspect(state);
    struct gate_entry *entries;
    struct inspect_pushkey known;
    struct error error = {0};
    size_t count;

    tell(*state, "SET columba:v:%s nonsense", pushkey);
    assert_true(inspect_pushkey(inspect, pushkey, &known, &error));
    assert_false(known.has_verdict);
    tell(*state, "HSET columba:g:fcm a|operator nonsense");
    assert_true(inspect_gates(inspect, "fcm", &entries, &count, &error));
    assert_int_equal(count, 0);
    free(entries);
    tell(*state, "DEL columba:v:%s", pushkey);
    tell(*state, "LPUSH columba:v:%s nonsense", pushkey);
    assert_false(inspect_pushkey(inspect, pushkey, &known, &error));
    assert_int_equal(error.code, ERROR_REFUSED);
    inspect_close(inspect);
}

static void test_marks_of_two_generations_count(void **state) {
    struct inspect *inspect = open_inspect(state);
    const int64_t seen = -123456789;
    const int64_t now_ms = 1000 * hour_ms;
    struct error error;
    char key[KEY_SIZE];
    bool is_seen;

    key_seen(seen, key_seen_generation(now_ms), key);
    tell(*state, "SADD %s %s", key, "-123456789");
    assert_true(inspect_seen(inspect, seen, now_ms, &is_seen, &error));
    assert_true(is_seen);
    assert_true(inspect_seen(inspect, seen, now_ms + 25 * hour_ms, &is_seen, &error));
    assert_true(is_seen);
    assert_true(inspect_seen(inspect, seen, now_ms + 50 * hour_ms, &is_seen, &error));
    assert_false(is_seen);
    assert_true(inspect_seen(inspect, seen + 1, now_ms, &is_seen, &error));
    assert_false(is_seen);
    inspect_close(inspect);
}

static void test_gates_are_written_read_and_removed(void **state) {
    struct inspect *inspect = open_inspect(state);
    const struct gate_entry entry = {"a|operator",   GATE_ENTRY_CLOSED, 0, "maintenance", "me", 5,
                                     GATE_CAUSE_NONE};
    struct gate_entry *entries;
    struct error error;
    size_t count;
    bool removed;

    assert_true(inspect_write_gate(inspect, "fcm", &entry, &error));
    assert_in_range(tell(*state, "TTL columba:g:fcm"), 29 * 86400, 30 * 86400);
    assert_true(inspect_gates(inspect, "fcm", &entries, &count, &error));
    assert_int_equal(count, 1);
    assert_string_equal(entries[0].name, "a|operator");
    assert_string_equal(entries[0].reason, "maintenance");
    free(entries);
    assert_true(inspect_remove_gate(inspect, "fcm", "a|operator", &removed, &error));
    assert_true(removed);
    assert_true(inspect_remove_gate(inspect, "fcm", "a|operator", &removed, &error));
    assert_false(removed);
    inspect_close(inspect);
}

static void test_members(void **state) {
    struct inspect *inspect = open_inspect(state);
    struct inspect_members members;
    struct error error;

    tell(*state, "HSET columba:d pod-1 {}");
    assert_true(inspect_members(inspect, &members, &error));
    assert_int_equal(members.count, 1);
    assert_string_equal(members.list[0].instance, "pod-1");
    assert_string_equal(members.list[0].status, "{}");
    inspect_members_free(&members);
    inspect_close(inspect);
}

static void test_how_the_server_keeps_things(void **state) {
    struct inspect *inspect = open_inspect(state);
    struct inspect_server server;
    struct error error;

    tell(*state, "CONFIG SET maxmemory 100mb");
    tell(*state, "CONFIG SET maxmemory-policy volatile-ttl");
    assert_true(inspect_server(inspect, &server, &error));
    assert_string_equal(server.role, "master");
    assert_string_equal(server.policy, "volatile-ttl");
    assert_int_equal(server.limit_bytes, 100 * 1024 * 1024);
    assert_true(server.used_bytes > 0);
    assert_true(server.knows_persistence);
    assert_false(server.saves);
    assert_false(server.appends);
    assert_true(server.version[0] != '\0');
    inspect_close(inspect);
}

static void test_a_server_that_is_away_or_refuses_is_named(void **state) {
    struct redis_config config = config_of(*state);
    struct error error = {0};

    config.password = (char[]){"wrong"};
    assert_null(inspect_open(&config, PATIENCE_MS, &error));
    assert_int_equal(error.code, ERROR_REFUSED);
    assert_null(strstr(error.text, "wrong "));
    config.port = free_port();
    assert_null(inspect_open(&config, PATIENCE_MS, &error));
    assert_int_equal(error.code, ERROR_UNAVAILABLE);
    assert_non_null(strstr(error.text, "does not answer"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_pushkey_of_which_nothing_is_known, clean_server),
        cmocka_unit_test_setup(test_verdict_and_hold_until_they_are_forgiven, clean_server),
        cmocka_unit_test_setup(test_what_cannot_be_read_is_none, clean_server),
        cmocka_unit_test_setup(test_marks_of_two_generations_count, clean_server),
        cmocka_unit_test_setup(test_gates_are_written_read_and_removed, clean_server),
        cmocka_unit_test_setup(test_members, clean_server),
        cmocka_unit_test_setup(test_how_the_server_keeps_things, clean_server),
        cmocka_unit_test_setup(test_a_server_that_is_away_or_refuses_is_named, clean_server),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
