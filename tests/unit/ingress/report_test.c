#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingress/instruments.h"
#include "ingress/report.h"

#include <string.h>

static struct topic_state topics[] = {
    {.name = "columba.push.apns", .role = TOPIC_PUSH, .fault = ""},
    {.name = "columba.push.fcm", .role = TOPIC_PUSH, .fault = "it is not there"},
    {.name = "columba.dead.fcm", .role = TOPIC_DEAD, .fault = "it is not there"},
};
static const struct topic_report topic_report = {.topics = topics, .count = 3};

static void a_worker_with_a_broker_is_ready(void **state) {
    const struct worker_status workers[] = {{.queue_connected = true, .redis_available = true},
                                            {.queue_connected = false}};
    const struct report report = {.workers = workers, .worker_count = 2, .topics = &topic_report};
    struct buffer out = {0};

    (void)state;
    assert_true(report_ready(&report, &out));
    assert_string_equal(buffer_text(&out),
                        "{\"ready\":true,\"draining\":false,"
                        "\"queue\":{\"connected\":true,\"required\":true,\"workers\":1},"
                        "\"redis\":{\"available\":true,\"required\":false,\"workers\":1},"
                        "\"topics\":{\"known\":true,\"required\":false,\"faults\":["
                        "{\"topic\":\"columba.push.fcm\",\"fault\":\"it is not there\"}]}}\n");
    buffer_free(&out);
}

static void redis_is_not_required(void **state) {
    const struct worker_status workers[] = {{.queue_connected = true}};
    const struct report report = {.workers = workers, .worker_count = 1};
    struct buffer out = {0};

    (void)state;
    assert_true(report_ready(&report, &out));
    assert_non_null(strstr(buffer_text(&out), "\"redis\":{\"available\":false,"));
    assert_non_null(strstr(buffer_text(&out), "\"topics\":{\"known\":false,"));
    buffer_free(&out);
}

static void without_a_broker_or_while_draining_it_is_not(void **state) {
    const struct worker_status away[] = {{.redis_available = true}};
    const struct worker_status there[] = {{.queue_connected = true}};
    const struct report no_broker = {.workers = away, .worker_count = 1};
    const struct report draining = {.draining = true, .workers = there, .worker_count = 1};
    struct buffer out = {0};

    (void)state;
    assert_false(report_ready(&no_broker, &out));
    buffer_clear(&out);
    assert_false(report_ready(&draining, &out));
    assert_non_null(strstr(buffer_text(&out), "\"ready\":false,\"draining\":true"));
    buffer_free(&out);
}

static void the_status_counts_over_all_workers(void **state) {
    const struct worker_status workers[] = {
        {.stage = WORKER_SERVING, .connections = 3, .waiting_requests = 2, .waiting_bytes = 99},
        {.stage = WORKER_DRAINING}};
    struct metrics *sets[] = {instruments_new(), instruments_new()};
    const struct report report = {.workers = workers,
                                  .metrics = (const struct metrics *const *)sets,
                                  .worker_count = 2,
                                  .uptime_ms = 61999};
    struct buffer out = {0};

    (void)state;
    metrics_add(sets[0], INSTRUMENT_REQUESTS, (const char *[]){"accepted"}, 5);
    metrics_add(sets[1], INSTRUMENT_REQUESTS, (const char *[]){"accepted"}, 2);
    report_status(&report, &out);
    assert_non_null(strstr(buffer_text(&out), "\"answers\":{\"accepted\":7,\"discovery\":0,"));
    assert_non_null(strstr(buffer_text(&out), "\"uptime_seconds\":61,"));
    assert_non_null(strstr(buffer_text(&out), "{\"stage\":\"serving\",\"queue_connected\":false,"
                                              "\"redis_available\":false,\"connections\":3,"
                                              "\"waiting_requests\":2,\"waiting_bytes\":99}"));
    assert_non_null(strstr(buffer_text(&out), "{\"stage\":\"draining\","));
    buffer_free(&out);
    metrics_free(sets[0]);
    metrics_free(sets[1]);
}

static void every_row_of_the_table_is_sound(void **state) {
    (void)state;
    for (size_t i = 0; i < INSTRUMENT_COUNT; i++) {
        const struct metric *metric = &instruments_table()[i];
        assert_non_null(metric->name);
        assert_non_null(metric->help);
        assert_int_equal(strncmp(metric->name, "columba_ingress_", 16), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_with_a_broker_is_ready),
        cmocka_unit_test(redis_is_not_required),
        cmocka_unit_test(without_a_broker_or_while_draining_it_is_not),
        cmocka_unit_test(the_status_counts_over_all_workers),
        cmocka_unit_test(every_row_of_the_table_is_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
