#include "deploy/columbactl/top.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_MS = 1000000 };

static const char *const lanes[] = {"apns", "fcm"};

static char earlier[] = "{\"at\":996000,\"lanes\":[{\"lane\":\"fcm\","
                        "\"outcomes\":{\"delivered\":100,\"moved\":7}}]}";
static char later[] =
    "{\"at\":998000,\"version\":\"1.0\",\"lanes\":[{\"lane\":\"fcm\",\"in_flight\":4,"
    "\"oldest_ms\":125000,\"partitions\":["
    "{\"topic\":\"c.push.fcm\",\"partition\":0,\"lag\":7},"
    "{\"topic\":\"c.push.fcm\",\"partition\":1,\"lag\":1},"
    "{\"topic\":\"c.retry.fcm.15s\",\"partition\":1,\"lag\":11}],"
    "\"outcomes\":{\"delivered\":160,\"moved\":8},"
    "\"gates\":[{\"app\":\"a\",\"host\":null,\"state\":\"latched\",\"reason\":\"r\","
    "\"until_ms\":1020000,\"waiting\":3},"
    "{\"app\":\"b\",\"host\":null,\"state\":\"open\",\"reason\":\"\",\"waiting\":9}]"
    "}]}";
static char instance[] = "pod-1";

static struct fleet fleet_of(char *status) {
    struct inspect_member member = {instance, status};
    const struct inspect_members members = {.list = &member, .count = 1};
    struct fleet fleet;

    fleet_read(&members, NOW_MS, &fleet);
    return fleet;
}

static void test_rates_come_from_what_was_counted(void **state) {
    struct fleet before = fleet_of(earlier);
    struct fleet now = fleet_of(later);
    struct buffer out = {0};

    (void)state;
    top_write(&before, &now, lanes, 2, NOW_MS, &out);
    assert_string_equal(buffer_text(&out),
                        "Columba at 1970-01-01T00:16:40Z: 1 dispatcher\n"
                        "\n"
                        "LANE  DISPATCHERS  SENT/S  MOVED/S  LAG  RETRIES  OLDEST  IN FLIGHT\n"
                        "apns            0       -        -    0        0      0s          0\n"
                        "fcm             1      30        0    8       11   2m 5s          4\n"
                        "\n"
                        "LANE  APP  HOST  STATE    REASON  WAITING  NEXT TRY  DISPATCHERS\n"
                        "fcm   a    -     latched  r             3       20s            1\n"
                        "\n"
                        "DISPATCHER  VERSION  LANES  LAG    SAID\n"
                        "pod-1       1.0      fcm     19  2s ago\n");
    buffer_free(&out);
    fleet_free(&before);
    fleet_free(&now);
}

/* Its counters begin anew: that is no rate below nothing. */
static void test_who_was_started_again_has_no_rate(void **state) {
    struct fleet before = fleet_of(later);
    struct fleet now = fleet_of(earlier);
    struct buffer out = {0};

    (void)state;
    top_write(&before, &now, lanes, 2, NOW_MS, &out);
    assert_non_null(strstr(buffer_text(&out), "fcm             1       -        -"));
    buffer_free(&out);
    fleet_free(&before);
    fleet_free(&now);
}

static void test_a_gate_that_several_tell_of_is_one(void **state) {
    struct inspect_member members[] = {{instance, later}, {(char[]){"pod-2"}, later}};
    const struct inspect_members list = {.list = members, .count = 2};
    struct fleet fleet;
    struct fleet_gate *gates;

    (void)state;
    fleet_read(&list, NOW_MS, &fleet);
    assert_int_equal(fleet_gates(&fleet, lanes, 2, &gates), 1);
    assert_string_equal(gates[0].lane, "fcm");
    assert_int_equal(gates[0].waiting, 6);
    assert_int_equal(gates[0].dispatchers, 2);
    free(gates);
    fleet_free(&fleet);
}

static void test_a_page_is_cut_to_its_terminal(void **state) {
    static const struct {
        const char *page;
        size_t columns;
        size_t rows;
        const char *screen;
    } cases[] = {
        {"one\ntwo", 9, 9, "\x1b[Hone\x1b[K\ntwo\x1b[K\x1b[J"},
        {"one\n\nthree\n", 3, 9, "\x1b[Hone\x1b[K\n\x1b[K\nthr\x1b[K\x1b[J"},
        {"one\ntwo\nthree", 9, 2, "\x1b[Hone\x1b[K\ntwo\x1b[K\x1b[J"},
        {"a\xC3\xA9", 2, 1, "\x1b[Ha\x1b[K\x1b[J"},
        {"", 9, 9, "\x1b[H\x1b[J"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer out = {0};
        top_fit(slice_of(cases[i].page), cases[i].columns, cases[i].rows, &out);
        assert_string_equal(buffer_text(&out), cases[i].screen);
        buffer_free(&out);
    }
}

static void test_nobody_is_there(void **state) {
    const struct fleet now = {0};
    struct buffer out = {0};

    (void)state;
    top_write(NULL, &now, lanes, 2, NOW_MS, &out);
    assert_non_null(strstr(buffer_text(&out), "No dispatcher has written how it is"));
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates_come_from_what_was_counted),
        cmocka_unit_test(test_who_was_started_again_has_no_rate),
        cmocka_unit_test(test_a_gate_that_several_tell_of_is_one),
        cmocka_unit_test(test_a_page_is_cut_to_its_terminal),
        cmocka_unit_test(test_nobody_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
