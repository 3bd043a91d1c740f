#include "deploy/columbactl/top.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_MS = 1000000 };

static const char *const lanes[] = {"apns", "fcm"};

static char earlier[] = "{\"at\":996000,\"lanes\":[{\"lane\":\"fcm\",\"partitions\":["
                        "{\"topic\":\"c.push.fcm\",\"partition\":0,\"position\":100},"
                        "{\"topic\":\"c.push.fcm\",\"partition\":1,\"position\":50}]}]}";
static char later[] =
    "{\"at\":998000,\"version\":\"1.0\",\"lanes\":[{\"lane\":\"fcm\",\"in_flight\":4,"
    "\"partitions\":["
    "{\"topic\":\"c.push.fcm\",\"partition\":0,\"position\":140,\"lag\":7,\"unsettled\":2},"
    "{\"topic\":\"c.push.fcm\",\"partition\":1,\"position\":70,\"lag\":1,\"unsettled\":2},"
    "{\"topic\":\"c.push.fcm\",\"partition\":2,\"position\":9000,\"lag\":0},"
    "{\"topic\":\"c.retry.fcm.15s\",\"partition\":1,\"position\":5,\"lag\":11}],"
    "\"gates\":[{\"app\":\"a\",\"host\":null,\"state\":\"latched\",\"reason\":\"r\",\"waiting\":3}]"
    "}]}";
static char instance[] = "pod-1";

static struct fleet fleet_of(char *status) {
    struct inspect_member member = {instance, status};
    const struct inspect_members members = {.list = &member, .count = 1};
    struct fleet fleet;

    fleet_read(&members, NOW_MS, &fleet);
    return fleet;
}

/* A partition that has just come does not count as work done. */
static void test_rates_come_from_how_positions_grow(void **state) {
    struct fleet before = fleet_of(earlier);
    struct fleet now = fleet_of(later);
    struct buffer out = {0};

    (void)state;
    top_write(&before, &now, lanes, 2, NOW_MS, &out);
    assert_string_equal(
        buffer_text(&out),
        "Columba at 1970-01-01T00:16:40Z: 1 dispatchers\n"
        "\n"
        "LANE  DISPATCHERS  SETTLED/S  LAG  RETRIES  IN FLIGHT  UNSETTLED  CLOSED GATES\n"
        "apns            0          -    0        0          0          0             0\n"
        "fcm             1         30    8       11          4          4             1\n"
        "\n"
        "LANE  APP  HOST  STATE    REASON  WAITING  DISPATCHER\n"
        "fcm   a    -     latched  r             3  pod-1\n"
        "\n"
        "DISPATCHER  VERSION  SAID\n"
        "pod-1       1.0      2s ago\n");
    buffer_free(&out);
    fleet_free(&before);
    fleet_free(&now);
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
        cmocka_unit_test(test_rates_come_from_how_positions_grow),
        cmocka_unit_test(test_nobody_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
