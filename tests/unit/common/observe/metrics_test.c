#include "common/observe/metrics.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { PUSHES, QUEUED, SECONDS, HOSTS, METRIC_COUNT };

static const struct metric table[METRIC_COUNT] = {
    [PUSHES] = {.name = "columba_pushes_total",
                .type = METRIC_COUNTER,
                .help = "Pushes by lane and outcome.",
                .labels = {"lane", "outcome"}},
    [QUEUED] = {.name = "columba_queued", .type = METRIC_GAUGE, .help = "Pushes that wait."},
    [SECONDS] = {.name = "columba_answer_seconds",
                 .type = METRIC_HISTOGRAM,
                 .help = "Time to the answer.",
                 .labels = {"lane"},
                 .buckets = {0.005, 0.1, 2.5}},
    [HOSTS] = {.name = "columba_hosts_total",
               .type = METRIC_COUNTER,
               .help = "Hosts.",
               .labels = {"host"},
               .series_limit = 3},
};

#define LABELS(...) ((const char *const[]){__VA_ARGS__})

static void expect_text(const struct metrics *const *sets, size_t count, const char *expected) {
    struct buffer out = {0};

    metrics_write(sets, count, &out);
    assert_string_equal(buffer_text(&out), expected);
    buffer_free(&out);
}

static void expect_line(const struct metrics *const *sets, size_t count, const char *line) {
    struct buffer out = {0};
    char wanted[200];

    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    metrics_write(sets, count, &out);
    if (strstr(buffer_text(&out), wanted) == NULL)
        fail_msg("no line %s in\n%s", line, buffer_text(&out));
    buffer_free(&out);
}

static struct metrics *filled(void) {
    struct metrics *metrics = metrics_new(table, METRIC_COUNT);

    metrics_add(metrics, PUSHES, LABELS("apns", "delivered"), 2);
    metrics_add(metrics, PUSHES, LABELS("fcm", "rejected"), 1);
    metrics_add(metrics, PUSHES, LABELS("apns", "delivered"), 40);
    metrics_set(metrics, QUEUED, NULL, 0.5);
    metrics_observe(metrics, SECONDS, LABELS("apns"), 5000);
    metrics_observe(metrics, SECONDS, LABELS("apns"), 5001);
    metrics_observe(metrics, SECONDS, LABELS("apns"), 3000000);
    metrics_add(metrics, HOSTS, LABELS("a\\b\"c\nd"), 1);
    return metrics;
}

static const char filled_text[] = "# HELP columba_pushes_total Pushes by lane and outcome.\n"
                                  "# TYPE columba_pushes_total counter\n"
                                  "columba_pushes_total{lane=\"apns\",outcome=\"delivered\"} 42\n"
                                  "columba_pushes_total{lane=\"fcm\",outcome=\"rejected\"} 1\n"
                                  "# HELP columba_queued Pushes that wait.\n"
                                  "# TYPE columba_queued gauge\n"
                                  "columba_queued 0.5\n"
                                  "# HELP columba_answer_seconds Time to the answer.\n"
                                  "# TYPE columba_answer_seconds histogram\n"
                                  "columba_answer_seconds_bucket{lane=\"apns\",le=\"0.005\"} 1\n"
                                  "columba_answer_seconds_bucket{lane=\"apns\",le=\"0.1\"} 2\n"
                                  "columba_answer_seconds_bucket{lane=\"apns\",le=\"2.5\"} 2\n"
                                  "columba_answer_seconds_bucket{lane=\"apns\",le=\"+Inf\"} 3\n"
                                  "columba_answer_seconds_sum{lane=\"apns\"} 3.010001\n"
                                  "columba_answer_seconds_count{lane=\"apns\"} 3\n"
                                  "# HELP columba_hosts_total Hosts.\n"
                                  "# TYPE columba_hosts_total counter\n"
                                  "columba_hosts_total{host=\"a\\\\b\\\"c\\nd\"} 1\n";

static void writes_prometheus_text(void **state) {
    struct metrics *metrics = filled();

    (void)state;
    expect_text((const struct metrics *const[]){metrics}, 1, filled_text);
    assert_true(metrics_value(metrics, PUSHES, LABELS("apns", "delivered")) == 42);
    assert_true(metrics_value(metrics, PUSHES, LABELS("apns", "dead")) == 0);
    assert_true(metrics_value(metrics, QUEUED, NULL) == 0.5);
    metrics_free(metrics);
}

static void what_has_no_labels_is_there_from_the_start(void **state) {
    struct metrics *metrics = metrics_new(table, METRIC_COUNT);

    (void)state;
    expect_line((const struct metrics *const[]){metrics}, 1, "columba_queued 0");
    metrics_free(metrics);
}

static void large_numbers_keep_their_digits(void **state) {
    struct metrics *metrics = metrics_new(table, METRIC_COUNT);
    const struct metrics *const sets[] = {metrics};

    (void)state;
    metrics_set(metrics, QUEUED, NULL, 1763856000.125);
    expect_line(sets, 1, "columba_queued 1763856000.125");
    metrics_set(metrics, QUEUED, NULL, -9007199254740.0);
    expect_line(sets, 1, "columba_queued -9007199254740");
    metrics_add(metrics, HOSTS, LABELS("h"), INT64_C(4503599627370495));
    metrics_add(metrics, HOSTS, LABELS("h"), 1);
    assert_true(metrics_value(metrics, HOSTS, LABELS("h")) == 4503599627370496.0);
    metrics_free(metrics);
}

static void beyond_the_limit_everything_is_other(void **state) {
    struct metrics *metrics = metrics_new(table, METRIC_COUNT);
    char host[16];

    (void)state;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 100; i++) {
            snprintf(host, sizeof host, "h%d", i);
            metrics_add(metrics, HOSTS, LABELS(host), 1);
        }
    assert_true(metrics_value(metrics, HOSTS, LABELS("h0")) == 2);
    assert_true(metrics_value(metrics, HOSTS, LABELS("h2")) == 2);
    assert_true(metrics_value(metrics, HOSTS, LABELS("h3")) == 0);
    assert_true(metrics_value(metrics, HOSTS, LABELS("other")) == 194);
    metrics_free(metrics);
}

static void a_series_named_other_is_not_written_twice(void **state) {
    struct metrics *metrics = metrics_new(table, METRIC_COUNT);
    struct buffer out = {0};

    (void)state;
    metrics_add(metrics, HOSTS, LABELS("other"), 1);
    metrics_add(metrics, HOSTS, LABELS("a"), 1);
    metrics_add(metrics, HOSTS, LABELS("b"), 1);
    metrics_add(metrics, HOSTS, LABELS("c"), 1);
    metrics_add(metrics, HOSTS, LABELS("other"), 1);
    metrics_write((const struct metrics *const[]){metrics}, 1, &out);
    const char *first = strstr(buffer_text(&out), "host=\"other\"} 3\n");
    assert_non_null(first);
    assert_null(strstr(first + 1, "host=\"other\""));
    buffer_free(&out);
    metrics_free(metrics);
}

static void sets_are_summed_series_by_series(void **state) {
    struct metrics *one = filled();
    struct metrics *two = metrics_new(table, METRIC_COUNT);
    struct metrics *three = filled();
    const struct metrics *const sets[] = {one, two, three};

    (void)state;
    metrics_add(two, PUSHES, LABELS("hms", "dead"), 7);
    metrics_add(two, PUSHES, LABELS("fcm", "rejected"), 8);
    expect_line(sets, 3, "columba_pushes_total{lane=\"apns\",outcome=\"delivered\"} 84");
    expect_line(sets, 3, "columba_pushes_total{lane=\"fcm\",outcome=\"rejected\"} 10");
    expect_line(sets, 3, "columba_pushes_total{lane=\"hms\",outcome=\"dead\"} 7");
    expect_line(sets, 3, "columba_queued 1");
    expect_line(sets, 3, "columba_answer_seconds_bucket{lane=\"apns\",le=\"+Inf\"} 6");
    expect_line(sets, 3, "columba_answer_seconds_sum{lane=\"apns\"} 6.020002");
    metrics_free(one);
    metrics_free(two);
    metrics_free(three);
}

struct reader {
    const struct metrics *metrics;
    atomic_bool is_over;
    size_t read_count;
};

static void *read_on(void *context) {
    struct reader *reader = context;
    const struct metrics *const sets[] = {reader->metrics, reader->metrics};

    while (!atomic_load(&reader->is_over)) {
        struct buffer out = {0};
        metrics_write(sets, 2, &out);
        reader->read_count += out.size > 0 ? 1 : 0;
        buffer_free(&out);
    }
    return NULL;
}

static void one_thread_writes_while_another_reads(void **state) {
    enum { WRITES = 20000, LANES = 50 };
    struct metrics *metrics = metrics_new(table, METRIC_COUNT);
    struct reader reader = {.metrics = metrics};
    pthread_t thread;
    char lane[16];
    double sum = 0;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, read_on, &reader), 0);
    for (int i = 0; i < WRITES; i++) {
        snprintf(lane, sizeof lane, "lane%d", i * LANES / WRITES);
        metrics_add(metrics, PUSHES, LABELS(lane, "delivered"), 1);
        metrics_observe(metrics, SECONDS, LABELS(lane), i);
        metrics_set(metrics, QUEUED, NULL, i);
    }
    atomic_store(&reader.is_over, true);
    pthread_join(thread, NULL);
    for (int i = 0; i < LANES; i++) {
        snprintf(lane, sizeof lane, "lane%d", i);
        sum += metrics_value(metrics, PUSHES, LABELS(lane, "delivered"));
    }
    assert_true(sum == WRITES);
    assert_true(reader.read_count > 0);
    metrics_free(metrics);
}

static void what_is_unset_is_not_written(void **state) {
    static const struct metric gauge = {.name = "columba_lag",
                                        .type = METRIC_GAUGE,
                                        .help = "Lag.",
                                        .labels = {"lane", "partition"}};
    struct metrics *metrics = metrics_new(&gauge, 1);
    const struct metrics *sets[] = {metrics};

    (void)state;
    metrics_set(metrics, 0, LABELS("fcm", "0"), 1);
    metrics_set(metrics, 0, LABELS("fcm", "1"), 2);
    metrics_set(metrics, 0, LABELS("apns", "0"), 3);
    metrics_unset(metrics, 0, "fcm");
    metrics_set(metrics, 0, LABELS("fcm", "1"), 4);
    expect_text(sets, 1,
                "# HELP columba_lag Lag.\n# TYPE columba_lag gauge\n"
                "columba_lag{lane=\"fcm\",partition=\"1\"} 4\n"
                "columba_lag{lane=\"apns\",partition=\"0\"} 3\n");
    metrics_free(metrics);
}

static void the_reference_is_a_table(void **state) {
    struct buffer out = {0};

    (void)state;
    metrics_write_reference(table, 2, &out);
    assert_string_equal(
        buffer_text(&out),
        "| metric | type | labels | meaning |\n|---|---|---|---|\n"
        "| `columba_pushes_total` | counter | `lane`, `outcome` | Pushes by lane and outcome. |\n"
        "| `columba_queued` | gauge |  | Pushes that wait. |\n");
    buffer_free(&out);
}

static void promtool_finds_nothing_to_say(void **state) {
    struct metrics *metrics = filled();
    struct buffer out = {0};

    (void)state;
    if (system("command -v promtool > /dev/null") != 0) {
        metrics_free(metrics);
        skip();
    }
    metrics_write((const struct metrics *const[]){metrics}, 1, &out);
    FILE *promtool = popen("promtool check metrics", "w");
    assert_non_null(promtool);
    assert_int_equal(fwrite(out.data, 1, out.size, promtool), out.size);
    assert_int_equal(pclose(promtool), 0);
    buffer_free(&out);
    metrics_free(metrics);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_prometheus_text),
        cmocka_unit_test(what_has_no_labels_is_there_from_the_start),
        cmocka_unit_test(large_numbers_keep_their_digits),
        cmocka_unit_test(beyond_the_limit_everything_is_other),
        cmocka_unit_test(a_series_named_other_is_not_written_twice),
        cmocka_unit_test(sets_are_summed_series_by_series),
        cmocka_unit_test(one_thread_writes_while_another_reads),
        cmocka_unit_test(what_is_unset_is_not_written),
        cmocka_unit_test(the_reference_is_a_table),
        cmocka_unit_test(promtool_finds_nothing_to_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
