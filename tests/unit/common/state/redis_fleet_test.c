/* Holds, gates, leases and members, on a real server. */
#include "tests/unit/common/state/redis_fixture.h"

struct entries {
    struct fixture *fixture;
    bool known;
    size_t count;
    struct gate_entry items[4];
};

struct lease {
    struct fixture *fixture;
    bool known;
    bool granted;
};

struct members {
    struct fixture *fixture;
    bool known;
    size_t count;
    char texts[4][64];
};

static void on_gates(void *context, bool known, const struct gate_entry *items, size_t count) {
    struct entries *entries = context;

    entries->known = known;
    entries->count = count;
    for (size_t i = 0; i < count && i < 4; i++)
        entries->items[i] = items[i];
    arrived(entries->fixture);
}

static struct entries gates(struct fixture *fixture, const char *lane) {
    struct entries entries = {.fixture = fixture};

    fixture->awaited_count++;
    state_read_gates(fixture->state, lane, on_gates, &entries);
    await(fixture);
    return entries;
}

static void on_leased(void *context, bool known, bool granted) {
    struct lease *lease = context;

    lease->known = known;
    lease->granted = granted;
    arrived(lease->fixture);
}

static struct lease take_lease(struct fixture *fixture, const char *name, const char *holder) {
    struct lease lease = {.fixture = fixture};

    fixture->awaited_count++;
    state_take_lease(fixture->state, "apns", name, holder, 60000, on_leased, &lease);
    await(fixture);
    return lease;
}

static void on_members(void *context, bool known, const struct state_member *items, size_t count) {
    struct members *members = context;

    members->known = known;
    members->count = count;
    for (size_t i = 0; i < count && i < 4; i++)
        snprintf(members->texts[i], sizeof members->texts[i], "%.*s=%.*s",
                 (int)items[i].instance.size, items[i].instance.data, (int)items[i].status.size,
                 items[i].status.data);
    arrived(members->fixture);
}

static struct members members(struct fixture *fixture) {
    struct members found = {.fixture = fixture};

    fixture->awaited_count++;
    state_read_members(fixture->state, on_members, &found);
    await(fixture);
    return found;
}

static struct state_answer ask_hold(struct fixture *fixture) {
    struct state_question question = {.asks_hold = true};
    struct answer answer = {.fixture = fixture};

    memcpy(question.pushkey, pushkey, sizeof question.pushkey);
    fixture->awaited_count++;
    state_ask(fixture->state, &question, on_answer, &answer);
    await(fixture);
    return answer.is;
}

static void write_hold(struct fixture *fixture, const struct hold *hold) {
    struct written written = {.fixture = fixture};

    fixture->awaited_count++;
    state_write_hold(fixture->state, pushkey, hold, 60000, on_written, &written);
    await(fixture);
    assert_true(written.count == 1 && !written.failed);
}

static void a_hold_is_told_with_the_verdict(void **state) {
    struct fixture *fixture = open_fixture(state);
    const struct verdict verdict = {"UNREGISTERED", 404, 1, 1};
    char key[KEY_SIZE];

    assert_true(ask_hold(fixture).known);
    assert_false(ask_hold(fixture).has_hold);
    write_hold(fixture, &(struct hold){.until_ms = 20, .newest_ms = 10});
    struct state_answer answer = ask_hold(fixture);
    assert_true(answer.has_hold && !answer.has_verdict);
    assert_true(answer.hold.until_ms == 20 && answer.hold.newest_ms == 10);
    key_hold(pushkey, key);
    assert_in_range(tell(fixture->server, "PTTL %s", key), 1, 60000);

    write_hold(fixture, &(struct hold){.until_ms = 15, .newest_ms = 1700000000123});
    answer = ask_hold(fixture);
    assert_true(answer.hold.until_ms == 20 && answer.hold.newest_ms == 1700000000123);
    write_hold(fixture, &(struct hold){.until_ms = 1700000000456, .newest_ms = 9});
    answer = ask_hold(fixture);
    assert_true(answer.hold.until_ms == 1700000000456 && answer.hold.newest_ms == 1700000000123);

    write_verdict(fixture, &verdict);
    answer = ask_hold(fixture);
    assert_true(answer.has_hold && answer.has_verdict);
    assert_false(ask(fixture, 7).has_hold);
    tell(fixture->server, "SET %s nonsense", key);
    answer = ask_hold(fixture);
    assert_true(answer.known && answer.has_verdict && !answer.has_hold);
    write_hold(fixture, &(struct hold){.until_ms = 20, .newest_ms = 10});
    answer = ask_hold(fixture);
    assert_true(answer.hold.until_ms == 20 && answer.hold.newest_ms == 10);
    close_fixture(fixture);
}

static void gates_are_those_of_the_lane(void **state) {
    struct fixture *fixture = open_fixture(state);
    struct gate_entry entry = {.state = GATE_ENTRY_LATCHED, .until_ms = 9, .reason = "BadTopic"};

    assert_true(gates(fixture, "apns").known);
    assert_int_equal(gates(fixture, "apns").count, 0);
    gate_entry_name("org.example", "0123456789abcdef", entry.name);
    state_write_gate(fixture->state, "apns", &entry);
    struct entries found = gates(fixture, "apns");
    assert_int_equal(found.count, 1);
    assert_string_equal(found.items[0].name, "org.example|0123456789abcdef");
    assert_string_equal(found.items[0].reason, "BadTopic");
    assert_int_equal(gates(fixture, "fcm").count, 0);
    assert_true(tell(fixture->server, "PTTL columba:g:apns") > 0);

    tell(fixture->server, "HSET columba:g:apns other nonsense");
    assert_int_equal(gates(fixture, "apns").count, 1);
    state_remove_gate(fixture->state, "apns", entry.name);
    assert_int_equal(gates(fixture, "apns").count, 0);
    close_fixture(fixture);
}

static void one_of_the_fleet_has_the_lease(void **state) {
    struct fixture *fixture = open_fixture(state);

    struct lease first = take_lease(fixture, "org.example|0", "one");
    assert_true(first.known && first.granted);
    struct lease second = take_lease(fixture, "org.example|0", "two");
    assert_true(second.known && !second.granted);
    assert_true(take_lease(fixture, "org.example|1", "two").granted);
    assert_in_range(tell(fixture->server, "PTTL columba:p:apns:org.example|0"), 1, 60000);
    close_fixture(fixture);
}

static void members_are_there_until_they_go(void **state) {
    struct fixture *fixture = open_fixture(state);

    state_publish_member(fixture->state, "host-1", slice_of("{\"at\":1}"));
    state_publish_member(fixture->state, "host-1", slice_of("{\"at\":2}"));
    struct members found = members(fixture);
    assert_true(found.known);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.texts[0], "host-1={\"at\":2}");
    assert_true(tell(fixture->server, "PTTL columba:d") > 0);
    state_remove_member(fixture->state, "host-1");
    assert_int_equal(members(fixture).count, 0);
    close_fixture(fixture);
}

static void without_the_server_nothing_is_known(void **state) {
    struct server gone = {.port = free_port()};
    struct redis_config config = config_of(&gone);
    struct fixture *fixture = open_with(&gone, &config);

    (void)state;
    assert_false(gates(fixture, "apns").known);
    struct lease lease = take_lease(fixture, "org.example|0", "one");
    assert_false(lease.known || lease.granted);
    assert_false(members(fixture).known);
    assert_false(ask_hold(fixture).known);
    close_fixture(fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_hold_is_told_with_the_verdict, clean_server),
        cmocka_unit_test_setup(gates_are_those_of_the_lane, clean_server),
        cmocka_unit_test_setup(one_of_the_fleet_has_the_lease, clean_server),
        cmocka_unit_test_setup(members_are_there_until_they_go, clean_server),
        cmocka_unit_test_setup(without_the_server_nothing_is_known, clean_server),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
