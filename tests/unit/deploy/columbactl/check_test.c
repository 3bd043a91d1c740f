#include "deploy/columbactl/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_said(const struct check *check, const char *line) {
    struct buffer out = {0};

    check_write(check, false, &out);
    if (strstr(buffer_text(&out), line) == NULL)
        fail_msg("\"%s\" is not in:\n%s", line, buffer_text(&out));
    buffer_free(&out);
}

static void test_topics(void **state) {
    struct topic_state topics[] = {{.name = "push", .exists = true, .fault = "it is compacted"},
                                   {.name = "dead", .exists = false, .fault = "is missing"}};
    struct topic_report report = {.topics = topics, .count = 2, .sound = false};
    struct check check = {0};

    (void)state;
    check_topics(&check, &report);
    assert_false(check_is_sound(&check));
    assert_said(&check, "WRONG  topics         push: it is compacted\n");
    assert_said(&check, "WRONG  topics         dead is missing: columbactl topics create\n");
    check_free(&check);
    report = (struct topic_report){.topics = topics, .count = 0, .sound = true};
    check_topics(&check, &report);
    assert_true(check_is_sound(&check));
    check_free(&check);
}

static void test_redis(void **state) {
    static const struct {
        struct inspect_server server;
        bool sound;
        const char *said;
    } cases[] = {
        {{"7.0", "master", "noeviction", 10, 100, true, true, false},
         true,
         "ok     redis          7.0 answers\n"},
        {{"7.0", "slave", "noeviction", 10, 100, true, true, false},
         false,
         "it is a slave, which takes no writes"},
        {{"7.0", "master", "noeviction", 95, 100, true, true, false},
         false,
         "more than nine tenths"},
        {{"7.0", "master", "noeviction", 10, 100, true, false, false},
         true,
         "note   redis          it keeps nothing over"},
        {{"7.0", "master", "noeviction", 10, 100, false, false, false},
         true,
         "it does not tell whether"},
        {{"7.0", "master", "noeviction", 10, 0, true, false, true}, true, "it has no maxmemory"},
        {{"7.0", "master", "allkeys-lru", 10, 100, true, true, true},
         true,
         "allkeys-lru: when memory ends it throws away verdicts"},
        {{"7.0", "master", "volatile-random", 10, 100, true, true, true},
         true,
         "volatile-random: when memory ends it may throw away closed gates"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct check check = {0};
        check_redis(&check, &cases[i].server);
        assert_int_equal(check_is_sound(&check), cases[i].sound);
        assert_said(&check, cases[i].said);
        check_free(&check);
    }
}

static void test_apps(void **state) {
    static char pattern[] = "a";
    static struct app app = {.pattern = pattern};
    static const struct {
        struct rehearsal_app of;
        bool sound;
        const char *said;
    } cases[] = {
        {{.app = &app}, true, "ok     credential     a needs none\n"},
        {{.app = &app, .needs_credential = true}, false, "credential     a: no answer in time"},
        {{.app = &app,
          .needs_credential = true,
          .has_answer = true,
          .credential = CREDENTIAL_LATER,
          .credential_reason = "http_503"},
         false,
         "does not give one now (http_503)"},
        {{.app = &app,
          .needs_credential = true,
          .has_answer = true,
          .credential = CREDENTIAL_BROKEN,
          .credential_reason = "key"},
         false,
         "WRONG  credential     a: key: mend the key file"},
        {{.app = &app,
          .needs_credential = true,
          .has_answer = true,
          .credential = CREDENTIAL_READY,
          .origin = "https://p",
          .is_reached = true},
         true,
         "ok     provider       a: https://p answers\n"},
        {{.app = &app, .origin = "https://p", .reach_reason = "tls: bad"},
         false,
         "a: https://p cannot be reached: tls: bad; see the certificate there, and the option "
         "ca_file\n"},
        {{.app = &app, .origin = "https://p", .reach_reason = "refused: no"},
         false,
         "a: https://p cannot be reached: refused: no; see firewalls"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct check check = {0};
        check_app(&check, &cases[i].of);
        assert_int_equal(check_is_sound(&check), cases[i].sound);
        assert_said(&check, cases[i].said);
        check_free(&check);
    }
}

static void test_the_fleet(void **state) {
    static const char *const lanes[] = {"apns", "fcm", "hms"};
    char status[] =
        "{\"at\":1000,\"lanes\":["
        "{\"lane\":\"apns\",\"oldest_ms\":0,\"partitions\":[]},"
        "{\"lane\":\"fcm\",\"oldest_ms\":125000,\"partitions\":["
        "{\"topic\":\"c.push.fcm\",\"lag\":5},{\"topic\":\"c.retry.fcm.15s\",\"lag\":3}],\"gates\":"
        "["
        "{\"app\":\"a\",\"host\":null,\"state\":\"latched\",\"reason\":\"AUTH\",\"waiting\":2},"
        "{\"app\":\"b\",\"host\":null,\"state\":\"closed\",\"reason\":\"quiet "
        "night\",\"until_ms\":0,\"waiting\":1},"
        "{\"app\":\"c\",\"host\":\"h.example\",\"state\":\"closed\",\"reason\":\"timeout\","
        "\"until_ms\":9000},"
        "{\"app\":\"d\",\"host\":null,\"state\":\"open\",\"reason\":\"\"}]}]}";
    struct inspect_member member = {(char[]){"pod-1"}, status};
    const struct inspect_members members = {.list = &member, .count = 1};
    struct fleet fleet;
    struct check check = {0};

    (void)state;
    fleet_read(&members, 2000, &fleet);
    check_fleet(&check, &fleet, lanes, 3);
    assert_false(check_is_sound(&check));
    assert_said(&check, "ok     dispatchers    1 of them\n");
    assert_said(&check, "ok     lane           apns: a lag of 0, 0 to be tried again");
    assert_said(&check,
                "note   lane           fcm: a lag of 5, 3 to be tried again, the oldest due for "
                "2m 5s\n");
    assert_said(&check, "WRONG  lane           hms: no dispatcher serves it");
    assert_said(&check, "WRONG  gate           fcm: a is latched (AUTH), 2 wait: mend its key or "
                        "options, which are tried at once, or what the provider has of it, which "
                        "one push a minute finds out\n");
    assert_said(&check,
                "note   gate           fcm: b is closed (quiet night), 1 wait: columbactl gate "
                "open b\n");
    assert_said(&check,
                "note   gate           fcm: h.example is closed (timeout), 0 wait: it opens by "
                "itself\n");
    assert_int_equal(check.count, 7);
    check_free(&check);
    fleet_free(&fleet);
}

static void test_for_scripts(void **state) {
    struct check check = {0};
    struct buffer out = {0};

    (void)state;
    check_fleet(&check, &(const struct fleet){0}, NULL, 0);
    check_write(&check, true, &out);
    assert_string_equal(
        buffer_text(&out),
        "{\"sound\":true,\"lines\":[{\"verdict\":\"note\",\"about\":\"dispatchers\","
        "\"text\":\"none has written how it is within 15 s\"}]}\n");
    buffer_free(&out);
    check_free(&check);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topics),      cmocka_unit_test(test_redis),
        cmocka_unit_test(test_apps),        cmocka_unit_test(test_the_fleet),
        cmocka_unit_test(test_for_scripts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
