/* What waits, added up by app and shown. */
#include "deploy/columbactl/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_MS = 1700000000 };

static char prefix[] = "columba.";
static char web[] = "org.web.*";
static struct app list[] = {{.pattern = web}};
static const struct apps apps = {.list = list, .count = 1};
static const struct config config = {
    .queue = {.prefix = prefix},
    .retry = {.delays = {.items_ms = {15000, 120000}, .count = 2}},
};

static void add(struct backlog *backlog, size_t topic, const char *app_id, int64_t age_ms,
                const char *attempt) {
    char key[300];
    int size = snprintf(key, sizeof key, "%s#pushkey", app_id);
    const struct header headers[] = {{"columba-attempt", slice_of(attempt)}};
    const struct queue_record record = {.timestamp_ms = NOW_MS - age_ms,
                                        .key = {.data = key, .size = (size_t)size},
                                        .value = {.data = "{}", .size = 2},
                                        .headers = headers,
                                        .header_count = 1};

    *strchr(key, '#') = '\0';
    backlog_add(backlog, &apps, topic, &record);
}

static struct backlog some(void) {
    struct backlog backlog;

    backlog_begin(&config, "fcm", &backlog);
    add(&backlog, 0, "org.gone", 1000, "0");
    add(&backlog, 0, "org.web.beta", 5000, "0");
    add(&backlog, 1, "org.web.stable", 95000, "1");
    add(&backlog, 2, "org.web.stable", 4000, "3");
    backlog_sort(&backlog);
    return backlog;
}

static void test_the_app_with_most_is_first(void **state) {
    struct backlog backlog = some();
    struct buffer out = {0};

    (void)state;
    assert_int_equal(backlog.count, 4);
    assert_int_equal(backlog_command_write(&backlog, 1, false, NOW_MS, &out), COMMAND_OK);
    assert_string_equal(
        buffer_text(&out),
        "Lane fcm, consumer group columba.fcm: 4 pushes wait\n"
        "APP                        PUSHES  PUSH  RETRY          OLDEST  ATTEMPTS\n"
        "org.web.*                       3     1  15s: 1, 2m: 1  1m 35s       0-3\n"
        "org.gone (not configured)       1     1  -                  1s         0\n");
    buffer_free(&out);
    backlog_free(&backlog);
}

static void test_what_was_not_read_is_said(void **state) {
    struct backlog lanes[2] = {some()};
    struct buffer out = {0};

    (void)state;
    backlog_begin(&config, "apns", &lanes[1]);
    lanes[0].settled_count = 7;
    lanes[0].unread_count = 90;
    assert_int_equal(backlog_command_write(lanes, 2, false, NOW_MS, &out), COMMAND_WRONG);
    assert_non_null(strstr(buffer_text(&out), "columba.fcm: at least 4 pushes wait\nAPP "));
    assert_non_null(strstr(buffer_text(&out), "\n7 more are settled"));
    assert_non_null(strstr(buffer_text(&out), "\n90 more were not looked at"));
    assert_non_null(
        strstr(buffer_text(&out), "\n\nLane apns, consumer group columba.apns: 0 pushes wait\n"));
    buffer_clear(&out);
    assert_int_equal(backlog_command_write(lanes, 2, true, NOW_MS, &out), COMMAND_WRONG);
    assert_non_null(strstr(buffer_text(&out), "\"complete\":false"));
    assert_non_null(strstr(buffer_text(&out), "\"unread\":90"));
    backlog_free(&lanes[0]);
    backlog_free(&lanes[1]);
    buffer_free(&out);
}

static void test_as_json(void **state) {
    struct backlog backlog = some();
    struct buffer out = {0};

    (void)state;
    assert_int_equal(backlog_command_write(&backlog, 1, true, NOW_MS, &out), COMMAND_OK);
    assert_non_null(strstr(buffer_text(&out), "\"complete\":true"));
    assert_non_null(
        strstr(buffer_text(&out),
               "{\"app\":\"org.web.*\",\"served\":true,\"pushes\":3,\"oldest_accepted_ms\":"
               "1699905000,\"attempt_least\":0,\"attempt_most\":3,\"topics\":{\"columba.push.fcm\":"
               "1,\"columba.retry.fcm.15s\":1,\"columba.retry.fcm.2m\":1}}"));
    assert_null(strstr(buffer_text(&out), "pushkey"));
    backlog_free(&backlog);
    buffer_free(&out);
}

static void test_a_push_is_counted_once(void **state) {
    const struct header headers[] = {
        {"columba-id", {"0aa5a9e8-1111-4222-8333-444455556666", 36}},
    };
    const struct queue_record record = {.key = {"org.web.x\0pushkey", 17},
                                        .value = {"{}", 2},
                                        .headers = headers,
                                        .header_count = 1};
    struct backlog backlog;
    struct buffer out = {0};

    (void)state;
    backlog_begin(&config, "fcm", &backlog);
    backlog_add(&backlog, &apps, 0, &record);
    backlog_add(&backlog, &apps, 1, &record);
    assert_int_equal(backlog.count, 1);
    assert_int_equal(backlog.apps->count, 1);
    backlog_command_write(&backlog, 1, false, NOW_MS, &out);
    assert_non_null(strstr(buffer_text(&out), "\n1 more are further records of these"));
    backlog_free(&backlog);
    buffer_free(&out);
}

static void test_no_name_steers_a_terminal(void **state) {
    struct backlog backlog;
    struct buffer out = {0};

    (void)state;
    backlog_begin(&config, "fcm", &backlog);
    add(&backlog, 0, "org\x1b[2Jgone", 1000, "0");
    backlog_add(&backlog, &apps, 0, &(struct queue_record){.timestamp_ms = -1});
    backlog_command_write(&backlog, 1, false, NOW_MS, &out);
    assert_null(strchr(buffer_text(&out), '\x1b'));
    assert_non_null(strstr(buffer_text(&out), "\n(cannot be told)  "));
    backlog_free(&backlog);
    buffer_free(&out);
}

static void test_invented_apps_are_bounded(void **state) {
    struct backlog backlog;
    char name[32];

    (void)state;
    backlog_begin(&config, "fcm", &backlog);
    for (int i = 0; i < BACKLOG_APP_LIMIT + 50; i++) {
        snprintf(name, sizeof name, "org.invented%d", i);
        add(&backlog, 0, name, 0, "0");
    }
    backlog_sort(&backlog);
    assert_int_equal(HASH_COUNT(backlog.apps), BACKLOG_APP_LIMIT + 1);
    assert_string_equal(backlog.apps->name, "other");
    assert_int_equal(backlog.apps->count, 50);
    assert_int_equal(backlog.count, BACKLOG_APP_LIMIT + 50);
    backlog_free(&backlog);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_app_with_most_is_first),
        cmocka_unit_test(test_what_was_not_read_is_said),
        cmocka_unit_test(test_as_json),
        cmocka_unit_test(test_a_push_is_counted_once),
        cmocka_unit_test(test_no_name_steers_a_terminal),
        cmocka_unit_test(test_invented_apps_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
