#include "common/queue/topics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void check_delay(int64_t delay_ms, const char *expected) {
    char text[32];

    topic_delay_text(delay_ms, text, sizeof text);
    assert_string_equal(text, expected);
}

static void test_writes_delays_in_their_largest_unit(void **state) {
    (void)state;
    check_delay(15000, "15s");
    check_delay(120000, "2m");
    check_delay(900000, "15m");
    check_delay(3600000, "1h");
    check_delay(90000, "90s");
    check_delay(86400000, "24h");
    check_delay(1500, "1500ms");
    check_delay(1, "1ms");
}

static void check_name(enum topic_role role, int64_t delay_ms, const char *expected) {
    struct queue_config config = {.prefix = "columba."};
    char name[TOPIC_NAME_SIZE];

    topic_name(&config, role, "apns", delay_ms, name);
    assert_string_equal(name, expected);
}

static void test_names_topics_and_groups(void **state) {
    struct queue_config config = {.prefix = ""};
    char name[TOPIC_NAME_SIZE];

    (void)state;
    check_name(TOPIC_PUSH, 0, "columba.push.apns");
    check_name(TOPIC_DEAD, 0, "columba.dead.apns");
    check_name(TOPIC_RETRY, 15000, "columba.retry.apns.15s");
    check_name(TOPIC_RETRY, 120000, "columba.retry.apns.2m");
    topic_group(&config, "big.app", name);
    assert_string_equal(name, "big.app");
    topic_name(&config, TOPIC_PUSH, "big.app", 0, name);
    assert_string_equal(name, "push.big.app");
}

static void test_knows_a_retry_topic_of_any_delay(void **state) {
    static const struct {
        const char *name;
        bool is_retry;
    } examples[] = {
        {"columba.retry.big.15s", true},  {"columba.retry.big.1500ms", true},
        {"columba.retry.big.24h", true},  {"columba.retry.big.2m", true},
        {"columba.retry.big.s", false},   {"columba.retry.big.15", false},
        {"columba.retry.big.15d", false}, {"columba.retry.big.15s.old", false},
        {"columba.push.big", false},      {"columba.retry.big.apns.15s", false},
        {"retry.big.15s", false},         {"columba.retry.bigger.15s", false},
    };
    struct queue_config config = {.prefix = "columba."};

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        assert_int_equal(topic_is_retry(&config, "big", examples[i].name), examples[i].is_retry);
}

static void test_lists_each_lane_of_a_living_app_once(void **state) {
    struct app apps[] = {
        {.kind = PROVIDER_FCM, .lane = "fcm"},       {.kind = PROVIDER_RETIRED, .lane = "gone"},
        {.kind = PROVIDER_APNS, .lane = "apns"},     {.kind = PROVIDER_FCM, .lane = "fcm"},
        {.kind = PROVIDER_APNS, .lane = "big.apns"},
    };
    struct config config = {.apps = {apps, 5}};
    const char *lanes[4];

    (void)state;
    assert_int_equal(topic_lanes(&config, lanes, 4), 3);
    assert_string_equal(lanes[0], "fcm");
    assert_string_equal(lanes[1], "apns");
    assert_string_equal(lanes[2], "big.apns");
    assert_int_equal(topic_lanes(&config, lanes, 2), 2);
}

static void test_takes_the_lanes_that_are_named(void **state) {
    struct app app = {.kind = PROVIDER_FCM, .lane = "fcm"};
    struct config config = {.apps = {&app, 1},
                            .dispatcher = {.lanes = {.items = {"hms", "apns", "hms"}, .count = 3}}};
    const char *lanes[4];

    (void)state;
    assert_int_equal(topic_lanes(&config, lanes, 4), 2);
    assert_string_equal(lanes[0], "hms");
    assert_string_equal(lanes[1], "apns");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_delays_in_their_largest_unit),
        cmocka_unit_test(test_names_topics_and_groups),
        cmocka_unit_test(test_knows_a_retry_topic_of_any_delay),
        cmocka_unit_test(test_lists_each_lane_of_a_living_app_once),
        cmocka_unit_test(test_takes_the_lanes_that_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
