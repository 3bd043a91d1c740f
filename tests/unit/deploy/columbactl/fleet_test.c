/* What dispatchers write of themselves, and the commands that show it. */
#include "deploy/columbactl/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_MS = 1000000 };

static char old[] = "{\"at\":984999,\"lanes\":[]}";
static char fresh[] =
    "{\"at\":999000,\"lanes\":[{\"lane\":\"apns\",\"gates\":["
    "{\"app\":\"a\",\"host\":null,\"state\":\"open\",\"waiting\":0},"
    "{\"app\":\"b\",\"host\":\"h.example\",\"state\":\"closed\",\"reason\":\"http_503\","
    "\"waiting\":7,\"in_flight\":1}]}]}";
static char broken[] = "{\"at\":";
static char names[][8] = {"z-1", "a-1", "m-1"};

static struct fleet fleet_of(struct inspect_member *list, size_t count) {
    const struct inspect_members members = {.list = list, .count = count};
    struct fleet fleet;

    fleet_read(&members, NOW_MS, &fleet);
    return fleet;
}

static void test_who_is_silent_is_not_there(void **state) {
    struct inspect_member list[] = {{names[0], fresh}, {names[1], old}, {names[2], broken}};
    struct fleet fleet = fleet_of(list, 3);

    (void)state;
    assert_int_equal(fleet.count, 1);
    assert_string_equal(fleet.members[0].instance, "z-1");
    assert_non_null(fleet_lane(&fleet.members[0], "apns"));
    assert_null(fleet_lane(&fleet.members[0], "fcm"));
    fleet_free(&fleet);
}

static void test_members_are_in_order(void **state) {
    struct inspect_member list[] = {{names[0], fresh}, {names[1], fresh}};
    struct fleet fleet = fleet_of(list, 2);

    (void)state;
    assert_string_equal(fleet.members[0].instance, "a-1");
    assert_string_equal(fleet.members[1].instance, "z-1");
    fleet_free(&fleet);
}

static void test_gates_that_are_closed(void **state) {
    struct gate_entry entries[] = {
        {"a|operator", GATE_ENTRY_CLOSED, 0, "maintenance", "columbactl at desk", NOW_MS,
         GATE_CAUSE_NONE},
        {"b|00112233aabbccdd", GATE_ENTRY_LATCHED, NOW_MS + 90000, "InvalidProviderToken", "z-1", 1,
         GATE_CAUSE_REFUSED},
        {"c|00112233aabbccdd", GATE_ENTRY_CLOSED, NOW_MS - 1, "http_503", "z-1", 1,
         GATE_CAUSE_WAIT},
    };
    struct gate_report lane = {"apns", entries, 3, NOW_MS};
    struct inspect_member list[] = {{names[0], fresh}};
    struct fleet fleet = fleet_of(list, 1);
    struct buffer out = {0};

    (void)state;
    gate_command_write(&lane, 1, &fleet, false, &out);
    assert_string_equal(
        buffer_text(&out),
        "The fleet heeds:\n"
        "LANE  APP  CREDENTIAL        STATE    FOR           BY                  REASON\n"
        "apns  a    operator          closed   until opened  columbactl at desk  maintenance\n"
        "apns  b    00112233aabbccdd  latched  1m 30s        z-1                 "
        "InvalidProviderToken\n"
        "\n"
        "Dispatchers hold back:\n"
        "LANE  APP  HOST       STATE   WAITING  IN FLIGHT  DISPATCHER  REASON\n"
        "apns  b    h.example  closed        7          1  z-1         http_503\n");
    buffer_clear(&out);
    gate_command_write(&lane, 1, &fleet, true, &out);
    assert_non_null(strstr(buffer_text(&out), "{\"name\":\"c|00112233aabbccdd\",\"state\":"
                                              "\"closed\",\"holds\":false,"));
    buffer_free(&out);
    fleet_free(&fleet);
}

static void test_no_gate_is_closed(void **state) {
    struct gate_report lane = {"fcm", NULL, 0, NOW_MS};
    struct fleet fleet = {0};
    struct buffer out = {0};

    (void)state;
    gate_command_write(&lane, 1, &fleet, false, &out);
    assert_string_equal(buffer_text(&out), "The fleet heeds no closed gate.\n"
                                           "\n"
                                           "No dispatcher has written how it is within 15 s.\n");
    buffer_free(&out);
}

static void test_a_pushkey_with_verdict_and_hold(void **state) {
    struct app app = {.pattern = (char[]){"a"}, .lane = (char[]){"apns"}};
    struct inspect_pushkey known = {
        .has_verdict = true,
        .has_hold = true,
        .verdict = {"Unregistered", 410, 1600000000000, 1700000000000},
        .hold = {NOW_MS + 1000, 1700000000000},
        .verdict_lifetime_ms = 86400000,
        .hold_lifetime_ms = 5000,
    };
    struct pushkey_report report = {"a", "hhhh", &app, &known, false};
    struct buffer out = {0};

    (void)state;
    pushkey_command_write(&report, false, NOW_MS, &out);
    assert_string_equal(
        buffer_text(&out),
        "pushkey  hhhh of a, lane apns\n"
        "verdict  dead: Unregistered (410), since 2023-11-14T22:13:20Z, kept for 1d\n"
        "         void for who registered it after 2020-09-13T12:26:40Z\n"
        "hold     its pushes wait until 1970-01-01T00:16:41Z\n"
        "         newest counts delivered: of 2023-11-14T22:13:20Z\n");
    buffer_free(&out);
}

static void test_a_pushkey_nobody_minds(void **state) {
    struct inspect_pushkey known = {0};
    struct pushkey_report report = {"a", "hhhh", NULL, &known, true};
    struct buffer out = {0};

    (void)state;
    pushkey_command_write(&report, false, NOW_MS, &out);
    assert_string_equal(buffer_text(&out),
                        "pushkey  hhhh of a, which no app of the configuration serves\n"
                        "verdict  none: nobody has called it dead\n"
                        "hold     none: nothing of it waits in a retry topic\n"
                        "There is nothing to forgive.\n");
    buffer_clear(&out);
    pushkey_command_write(&report, true, NOW_MS, &out);
    assert_string_equal(buffer_text(&out), "{\"app_id\":\"a\",\"h\":\"hhhh\",\"lane\":null,"
                                           "\"verdict\":null,\"hold\":null,\"forgiven\":true}\n");
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_silent_is_not_there),
        cmocka_unit_test(test_members_are_in_order),
        cmocka_unit_test(test_gates_that_are_closed),
        cmocka_unit_test(test_no_gate_is_closed),
        cmocka_unit_test(test_a_pushkey_with_verdict_and_hold),
        cmocka_unit_test(test_a_pushkey_nobody_minds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
