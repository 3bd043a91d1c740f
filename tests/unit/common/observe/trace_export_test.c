#include "common/observe/trace_export.h"

#include "common/base/json.h"
#include "tests/unit/common/base/capture.h"
#include "tests/unit/common/observe/collector.h"
#include "tests/unit/common/observe/trace_metrics.h"

enum { PATIENCE_MS = 30000, LOOK_MS = 5, NEVER_MS = 3600 * 1000, SOON_MS = 20 };

#define NOWHERE "http://127.0.0.1:1/v1/traces"
#define ANSWERS(...)                                                                               \
    (const struct collector_answer[]){__VA_ARGS__},                                                \
        sizeof(const struct collector_answer[]){__VA_ARGS__} / sizeof(struct collector_answer)

struct scene {
    struct loop *loop;
    struct timer *look;
    struct timer *patience;
    struct metrics *metrics;
    struct trace_export *export;
    struct collector *collector;
    bool (*is_done)(struct scene *scene);
    size_t wanted;
};

static struct scene open_scene(struct collector *collector, const char *endpoint,
                               int64_t flush_ms) {
    struct scene scene = {.loop = loop_new(),
                          .metrics = metrics_new(trace_metrics, METRIC_COUNT),
                          .collector = collector};
    struct tracing_config config = {.endpoint = memory_copy_text(endpoint),
                                    .authorization = memory_copy_text("Bearer abc")};
    const struct trace_export_parts parts = {.loop = scene.loop,
                                             .config = &config,
                                             .resource = {"columba-test", "here-1"},
                                             .counters = {scene.metrics, EXPORTED, DROPPED},
                                             .flush_ms = flush_ms,
                                             .backoff_ms = 4};
    struct error error = {0};

    assert_true(trace_export_open(&parts, &scene.export, &error));
    assert_non_null(scene.export);
    free(config.endpoint);
    free(config.authorization);
    return scene;
}

static void close_scene(struct scene *scene) {
    trace_export_close(scene->export);
    timer_free(scene->look);
    timer_free(scene->patience);
    metrics_free(scene->metrics);
    loop_free(scene->loop);
    if (scene->collector != NULL)
        collector_stop(scene->collector);
}

static void look(void *context) {
    struct scene *scene = context;

    if (scene->is_done(scene))
        loop_stop(scene->loop);
    else
        timer_start(scene->look, LOOK_MS);
}

static void lose_patience(void *context) {
    struct scene *scene = context;

    loop_stop(scene->loop);
}

/* Runs the loop until it is so. */
static void await(struct scene *scene, bool (*is_done)(struct scene *scene), size_t wanted) {
    scene->is_done = is_done;
    scene->wanted = wanted;
    if (scene->look == NULL) {
        scene->look = timer_new(scene->loop, look, scene);
        scene->patience = timer_new(scene->loop, lose_patience, scene);
    }
    timer_start(scene->look, 0);
    timer_start(scene->patience, PATIENCE_MS);
    loop_run(scene->loop);
    assert_true(is_done(scene));
}

static size_t exported(const struct scene *scene) {
    return (size_t)metrics_value(scene->metrics, EXPORTED, NULL);
}

static size_t dropped(const struct scene *scene, const char *reason) {
    return (size_t)metrics_value(scene->metrics, DROPPED, (const char *const[]){reason});
}

static bool are_exported(struct scene *scene) {
    return exported(scene) == scene->wanted;
}

static bool are_refused(struct scene *scene) {
    return dropped(scene, "refused") == scene->wanted;
}

static bool are_given_up(struct scene *scene) {
    return dropped(scene, "unavailable") == scene->wanted;
}

static bool has_requests(struct scene *scene) {
    return atomic_load(&scene->collector->request_count) >= scene->wanted;
}

static void record(struct scene *scene, size_t count) {
    static const struct trace_attribute none[] = {{.name = NULL}};
    struct trace *trace = trace_export_trace(scene->export);

    for (size_t i = 0; i < count; i++) {
        struct trace_span span = {0};
        trace_start_request(trace, NULL, 1, &span);
        trace_finish(
            trace, &span,
            &(struct trace_facts){.name = "x", .kind = TRACE_KIND_SERVER, .attributes = none});
    }
}

static void test_without_an_endpoint_it_is_off(void **state) {
    const struct tracing_config config = {0};
    struct trace_export *export = (struct trace_export *)&config;
    struct error error = {0};

    (void)state;
    assert_true(
        trace_export_open(&(struct trace_export_parts){.config = &config}, &export, &error));
    assert_null(export);
    assert_null(trace_export_trace(export));
    trace_export_flush(export);
    trace_export_close(export);
}

static void test_spans_are_posted_together(void **state) {
    struct collector *collector = collector_start(ANSWERS({200, "{}", NULL}));
    struct scene scene = open_scene(collector, collector->endpoint, SOON_MS);

    (void)state;
    record(&scene, 3);
    await(&scene, are_exported, 3);
    assert_int_equal(atomic_load(&collector->request_count), 1);
    assert_int_equal(collector_spans(collector, 0), 3);
    assert_string_equal(collector->content_type, "application/json");
    assert_string_equal(collector->authorization, "Bearer abc");
    assert_string_equal(collector->path, "/v1/traces");
    struct json_object *tree = json_parse(buffer_slice(&collector->bodies[0]), 32, NULL);
    assert_non_null(json_member_array(tree, "resourceSpans"));
    json_object_put(tree);
    assert_non_null(strstr(buffer_text(&collector->bodies[0]), "columba-test"));
    assert_non_null(strstr(buffer_text(&collector->bodies[0]), "here-1"));
    record(&scene, 1);
    await(&scene, are_exported, 4);
    close_scene(&scene);
}

static void test_a_full_batch_waits_for_no_others(void **state) {
    struct collector *collector = collector_start(ANSWERS({200, NULL, NULL}));
    struct scene scene = open_scene(collector, collector->endpoint, NEVER_MS);

    (void)state;
    record(&scene, (size_t)2 * TRACE_BATCH_SPANS + 1);
    await(&scene, are_exported, (size_t)2 * TRACE_BATCH_SPANS);
    assert_int_equal(collector_spans(collector, 0), TRACE_BATCH_SPANS);
    assert_int_equal(collector_spans(collector, 1), TRACE_BATCH_SPANS);
    close_scene(&scene);
}

static void test_trouble_that_passes_costs_nothing(void **state) {
    struct collector *collector =
        collector_start(ANSWERS({503, NULL, NULL}, {502, NULL, NULL}, {200, NULL, NULL}));
    struct scene scene = open_scene(collector, collector->endpoint, SOON_MS);
    struct capture capture = capture_start();
    struct buffer log = {0};

    (void)state;
    record(&scene, 2);
    await(&scene, has_requests, 1);
    record(&scene, 5);
    await(&scene, are_exported, 7);
    capture_stop(&capture, &log);
    assert_int_equal(collector_spans(collector, 1), 2);
    assert_int_equal(collector_spans(collector, 2), 2);
    assert_int_equal(dropped(&scene, "unavailable") + dropped(&scene, "refused"), 0);
    /* One line for each change: it fails, it works. */
    const char *fails = strstr(buffer_text(&log), "\"state\":\"fails\"");
    assert_non_null(fails);
    assert_non_null(strstr(fails, "status 503"));
    assert_null(strstr(fails + 1, "\"state\":\"fails\""));
    const char *works = strstr(fails, "\"state\":\"works\"");
    assert_non_null(works);
    assert_null(strstr(works + 1, "trace_export"));
    buffer_free(&log);
    close_scene(&scene);
}

static void test_a_collector_says_when_to_come_again(void **state) {
    struct collector *collector = collector_start(ANSWERS({429, NULL, "1"}, {200, NULL, NULL}));
    struct scene scene = open_scene(collector, collector->endpoint, 1);

    (void)state;
    record(&scene, 1);
    await(&scene, has_requests, 1);
    int64_t before_ms = loop_monotonic_ms(scene.loop);
    await(&scene, are_exported, 1);
    /* Without it the second try would follow after 4 ms; the first look may come a little late. */
    assert_true(loop_monotonic_ms(scene.loop) - before_ms >= 500);
    close_scene(&scene);
}

static void test_what_is_refused_is_dropped_and_the_next_goes_on(void **state) {
    struct collector *collector = collector_start(
        ANSWERS({400, "no", "9"}, {200, "{\"partialSuccess\":{\"rejectedSpans\":\"2\"}}", NULL},
                {200, "{\"partialSuccess\":{\"rejectedSpans\":\"99\"}}", NULL}));
    struct scene scene = open_scene(collector, collector->endpoint, SOON_MS);

    (void)state;
    record(&scene, 4);
    await(&scene, are_refused, 4);
    record(&scene, 3);
    await(&scene, are_exported, 1);
    assert_int_equal(dropped(&scene, "refused"), 6);
    record(&scene, 1);
    await(&scene, are_refused, 7);
    assert_int_equal(exported(&scene), 1);
    assert_int_equal(atomic_load(&collector->request_count), 3);
    close_scene(&scene);
}

static void test_a_collector_that_is_away_costs_spans_alone(void **state) {
    struct scene scene = open_scene(NULL, NOWHERE, SOON_MS);

    (void)state;
    record(&scene, 2);
    await(&scene, are_given_up, 2);
    record(&scene, 1);
    await(&scene, are_given_up, 3);
    assert_int_equal(exported(&scene), 0);
    close_scene(&scene);
}

static void test_one_that_never_answers_fills_the_room_and_no_more(void **state) {
    struct collector *collector = collector_start(ANSWERS({0, NULL, NULL}));
    struct scene scene = open_scene(collector, collector->endpoint, SOON_MS);

    (void)state;
    record(&scene, TRACE_BATCH_SPANS);
    await(&scene, has_requests, 1);
    record(&scene, (size_t)TRACE_BATCHES * TRACE_BATCH_SPANS);
    assert_int_equal(dropped(&scene, "queue_full"), TRACE_BATCH_SPANS);
    close_scene(&scene);
}

static void test_the_end_posts_what_is_left(void **state) {
    struct collector *collector = collector_start(ANSWERS({200, NULL, NULL}));
    struct scene scene = open_scene(collector, collector->endpoint, NEVER_MS);

    (void)state;
    record(&scene, TRACE_BATCH_SPANS + 10);
    trace_export_flush(scene.export);
    assert_int_equal(exported(&scene), TRACE_BATCH_SPANS + 10);
    assert_int_equal(collector_spans(collector, 1), 10);
    close_scene(&scene);
}

static void test_the_end_does_not_wait_for_who_is_away(void **state) {
    struct collector *collector = collector_start(ANSWERS({0, NULL, NULL}, {503, NULL, NULL}));
    struct scene scene = open_scene(collector, collector->endpoint, SOON_MS);

    (void)state;
    record(&scene, TRACE_BATCH_SPANS + 1);
    await(&scene, has_requests, 1);
    trace_export_flush(scene.export);
    assert_int_equal(exported(&scene), 0);
    assert_int_equal(atomic_load(&collector->request_count), 2);
    close_scene(&scene);
}

static void test_another_authorization_is_for_the_next_request(void **state) {
    struct collector *collector = collector_start(ANSWERS({200, NULL, NULL}));
    struct scene scene = open_scene(collector, collector->endpoint, SOON_MS);
    const struct tracing_config config = {.authorization = (char[]){"Bearer def"}};
    const struct tracing_config none = {0};

    (void)state;
    record(&scene, 1);
    await(&scene, are_exported, 1);
    assert_string_equal(collector->authorization, "Bearer abc");
    trace_export_configure(scene.export, &none);
    trace_export_configure(scene.export, &config);
    record(&scene, 1);
    await(&scene, are_exported, 2);
    assert_string_equal(collector->authorization, "Bearer def");
    assert_string_equal(collector->content_type, "application/json");
    trace_export_configure(scene.export, &none);
    record(&scene, 1);
    await(&scene, are_exported, 3);
    assert_string_equal(collector->authorization, "");
    /* One that no request has used yet. */
    trace_export_configure(scene.export, &config);
    trace_export_configure(NULL, &config);
    close_scene(&scene);
}

static void test_it_is_tried_out_without_spans(void **state) {
    struct collector *collector = collector_start(ANSWERS({200, NULL, NULL}, {401, "no", NULL}));
    struct tracing_config config = {.endpoint = collector->endpoint,
                                    .authorization = (char[]){"Bearer abc"}};
    struct error error = {0};

    (void)state;
    assert_true(trace_export_try(&config, PATIENCE_MS, &error));
    assert_string_equal(collector->authorization, "Bearer abc");
    assert_string_equal(buffer_text(&collector->bodies[0]), "{\"resourceSpans\":[]}");
    assert_false(trace_export_try(&config, PATIENCE_MS, &error));
    assert_int_equal(error.code, ERROR_REFUSED);
    assert_non_null(strstr(error.text, "status 401"));
    assert_null(strstr(error.text, "abc"));
    config.endpoint = (char[]){NOWHERE};
    assert_false(trace_export_try(&config, PATIENCE_MS, &error));
    assert_int_equal(error.code, ERROR_UNAVAILABLE);
    assert_non_null(strstr(error.text, NOWHERE " does not answer: "));
    collector_stop(collector);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_an_endpoint_it_is_off),
        cmocka_unit_test(test_spans_are_posted_together),
        cmocka_unit_test(test_a_full_batch_waits_for_no_others),
        cmocka_unit_test(test_trouble_that_passes_costs_nothing),
        cmocka_unit_test(test_a_collector_says_when_to_come_again),
        cmocka_unit_test(test_what_is_refused_is_dropped_and_the_next_goes_on),
        cmocka_unit_test(test_a_collector_that_is_away_costs_spans_alone),
        cmocka_unit_test(test_one_that_never_answers_fills_the_room_and_no_more),
        cmocka_unit_test(test_the_end_posts_what_is_left),
        cmocka_unit_test(test_the_end_does_not_wait_for_who_is_away),
        cmocka_unit_test(test_another_authorization_is_for_the_next_request),
        cmocka_unit_test(test_it_is_tried_out_without_spans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
