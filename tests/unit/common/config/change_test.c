#include "common/config/change.h"
#include "common/config/options.h"
#include "common/push/traffic.h"
#include "parse.h"

static const int64_t now_ms = INT64_C(1700000000000);

#define TWO_APPS "apps: {one: {type: retired}, two.*: {type: retired}}\n"

/* The error of a change from now to next; "" when it is taken. */
static const char *check(const char *now, const char *next, const char *section, int64_t ago_ms) {
    static struct error error;
    struct config *a = parse(now);
    struct config *b = parse(next);

    error = (struct error){0};
    for (size_t i = 0; ago_ms >= 0 && i < a->apps.count; i++)
        config_note_traffic(a, &a->apps.list[i], now_ms - ago_ms);
    bool taken = change_check(a, b, section, now_ms, &error);
    assert_int_equal(taken, error.text[0] == '\0');
    config_release(a);
    config_release(b);
    return error.text;
}

static void assert_restarts(const char *now, const char *next, const char *section,
                            const char *expected) {
    struct config *a = parse(now);
    struct config *b = parse(next);
    struct buffer keys = {0};

    change_restart_keys(a, b, section, &keys);
    assert_string_equal(keys.size == 0 ? "" : buffer_text(&keys), expected);
    buffer_free(&keys);
    config_release(a);
    config_release(b);
}

static void the_same_is_taken(void **state) {
    (void)state;
    assert_string_equal(check(QUEUE TWO_APPS, QUEUE TWO_APPS, "ingress", 0), "");
    assert_restarts(QUEUE APPS, QUEUE APPS, "ingress", "");
    assert_restarts(QUEUE APPS, QUEUE APPS, "dispatcher", "");
}

static void what_runs_could_not_go_on_with_is_refused(void **state) {
    (void)state;
    assert_string_equal(
        check(QUEUE APPS, "queue: {brokers: 'kafka:9092', prefix: x.}\n" APPS, "dispatcher", -1),
        "queue.prefix: is another than the program was started with: restart it");
    assert_string_equal(check(QUEUE APPS, QUEUE "retry: {delays: [1m]}\n" APPS, "ingress", -1),
                        "retry.delays: is another than the program was started with: restart it");
}

static void what_is_looked_at_once_takes_a_restart(void **state) {
    (void)state;
    assert_string_equal(check(QUEUE APPS, "queue: {brokers: 'other:9092'}\n" APPS, "ingress", 0),
                        "");
    assert_restarts(QUEUE APPS, "queue: {brokers: 'other:9092', properties: {a.b: c}}\n" APPS,
                    "ingress", "queue.brokers, queue.properties");
    assert_restarts(QUEUE APPS, QUEUE "redis: {address: 'there:1', password: p}\n" APPS,
                    "dispatcher", "redis.address");
    assert_restarts(QUEUE "redis: {address: 'here:1'}\n" APPS,
                    QUEUE "redis: {address: 'here:2'}\n" APPS, "dispatcher", "redis.address");
    assert_restarts(QUEUE APPS, QUEUE "dispatcher: {lanes: [fcm], connections: 9}\n" APPS,
                    "dispatcher", "dispatcher.lanes, dispatcher.connections");
}

static void keys_of_the_other_program_do_not_matter(void **state) {
    (void)state;
    assert_restarts(QUEUE APPS,
                    QUEUE "ingress: {listen: '[::]:1'}\ndispatcher: {connections: 9}\n" APPS,
                    "ingress", "ingress.listen");
    assert_restarts(QUEUE APPS,
                    QUEUE "ingress: {listen: '[::]:1'}\ndispatcher: {connections: 9}\n" APPS,
                    "dispatcher", "dispatcher.connections");
}

static void what_is_taken_over_needs_nothing(void **state) {
    (void)state;
    assert_restarts(QUEUE APPS,
                    QUEUE "retry: {max_age: 30h}\nlog: {level: debug}\n"
                          "ingress: {unknown_app: reject, device_limit: 7, drain_delay: 1s}\n"
                          "dispatcher: {in_flight: 7, drain_timeout: 9s}\n" APPS,
                    "ingress", "");
}

static void every_global_option_can_be_compared(void **state) {
    (void)state;
    for (size_t i = 0; i < options_global_count; i++)
        assert_non_null(options_global[i].type->is_equal);
}

static void an_app_with_traffic_within_a_day_is_not_dropped(void **state) {
    static const char next[] = QUEUE "apps: {two.*: {type: retired}}\n";
    static const char refused[] =
        "apps.one: is missing, but had a push within a day, expected it there, with type: retired "
        "if it is gone for good; or restart the program";

    (void)state;
    assert_string_equal(check(QUEUE TWO_APPS, next, "ingress", 0), refused);
    assert_string_equal(check(QUEUE TWO_APPS, next, "ingress", CHANGE_TRAFFIC_MS - 1), refused);
    assert_string_equal(check(QUEUE TWO_APPS, next, "ingress", CHANGE_TRAFFIC_MS), "");
    assert_string_equal(check(QUEUE TWO_APPS, next, "ingress", -1), "");
}

static void who_is_served_by_another_entry_is_not_dropped(void **state) {
    (void)state;
    assert_string_equal(check(QUEUE "apps: {a.b: {type: retired}}\n",
                              QUEUE "apps: {a.*: {type: retired}}\n", "ingress", 0),
                        "");
    /* Of a glob nobody can tell whom it served. */
    assert_memory_equal(check(QUEUE "apps: {a.*: {type: retired}}\n",
                              QUEUE "apps: {a.b: {type: retired}}\n", "ingress", 0),
                        "apps.a.*: is missing", 20);
}

static void traffic_goes_along(void **state) {
    struct config *a = parse(QUEUE "apps: {one: {type: retired}, two: {type: retired}}\n");
    struct config *b = parse(QUEUE "apps: {zero: {type: retired}, two: {type: retired}}\n");

    (void)state;
    config_note_traffic(a, &a->apps.list[1], now_ms);
    change_keep_traffic(a, b);
    assert_int_equal(traffic_last_ms(b->traffic, 0), 0);
    assert_int_equal(traffic_last_ms(b->traffic, 1), now_ms);
    config_release(a);
    config_release(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_taken),
        cmocka_unit_test(what_runs_could_not_go_on_with_is_refused),
        cmocka_unit_test(what_is_looked_at_once_takes_a_restart),
        cmocka_unit_test(keys_of_the_other_program_do_not_matter),
        cmocka_unit_test(what_is_taken_over_needs_nothing),
        cmocka_unit_test(every_global_option_can_be_compared),
        cmocka_unit_test(an_app_with_traffic_within_a_day_is_not_dropped),
        cmocka_unit_test(who_is_served_by_another_entry_is_not_dropped),
        cmocka_unit_test(traffic_goes_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
