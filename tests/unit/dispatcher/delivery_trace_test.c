#include "dispatcher/delivery_trace.h"

#include "common/base/memory.h"
#include "dispatcher/delivery.h"
#include "tests/unit/common/observe/trace_metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"

struct scene {
    struct core core;
    struct queue_record record;
    struct partition partition;
    struct app app;
    struct delivery delivery;
    char pattern[16];
};

static void on_waits(void *context) {
    (void)context;
}

/* A delivery whose record carries that traceparent. */
static struct scene *open_scene(const char *traceparent) {
    struct scene *scene = memory_new(sizeof *scene);
    struct lane_parts *parts = &scene->core.parts;

    parts->loop = loop_new();
    parts->metrics = metrics_new(trace_metrics, METRIC_COUNT);
    parts->trace = trace_new(
        parts->loop, &(struct trace_counters){parts->metrics, EXPORTED, DROPPED}, on_waits, NULL);
    scene->core.lane = "fcm";
    strcpy(scene->pattern, "org.example.*");
    scene->app.pattern = scene->pattern;
    scene->record = (struct queue_record){.topic = "c.push.fcm", .partition = 3, .offset = 42};
    scene->delivery = (struct delivery){.core = &scene->core,
                                        .record = &scene->record,
                                        .partition = &scene->partition,
                                        .app = &scene->app};
    strcpy(scene->delivery.meta.id, "0b51ee66-c2f4-4f3a-8a4e-0c7a1c2d3e4f");
    scene->delivery.meta.is_traced =
        trace_context_parse(slice_of(traceparent), &scene->delivery.meta.trace);
    return scene;
}

static void close_scene(struct scene *scene) {
    free(scene->delivery.trace);
    trace_free(scene->core.parts.trace);
    metrics_free(scene->core.parts.metrics);
    loop_free(scene->core.parts.loop);
    free(scene);
}

/* All spans that were finished, as they are sent. */
static const char *spans_of(struct scene *scene) {
    const struct trace_batch *batch = trace_lend(scene->core.parts.trace);

    if (batch == NULL)
        return "";
    buffer_append_byte((struct buffer *)&batch->spans, '\0');
    return batch->spans.data;
}

static bool says(const char *spans, const char *key, const char *kind, const char *value) {
    struct buffer wanted = {0};

    buffer_append_format(&wanted, "{\"key\":\"%s\",\"value\":{\"%sValue\":\"%s\"}}", key, kind,
                         value);
    bool found = strstr(spans, buffer_text(&wanted)) != NULL;
    buffer_free(&wanted);
    return found;
}

static void answer(struct scene *scene, int status) {
    const struct sender_outcome outcome = {.result = SENDER_ANSWERED,
                                           .response = {.status = status}};
    const struct ending ending = ending_of(OUTCOME_MOVED, "UNAVAILABLE");

    delivery_trace_answered(&scene->delivery, &outcome, &ending);
}

static void test_only_what_is_sampled_is_recorded(void **state) {
    static const char *const parents[] = {PARENT "00", PARENT "02"};

    (void)state;
    for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++) {
        struct scene *scene = open_scene(parents[i]);
        delivery_trace_taken(&scene->delivery);
        assert_null(scene->delivery.trace);
        assert_string_equal(spans_of(scene), "");
        close_scene(scene);
    }
}

/* Of a URL nothing but the host and the port, however strange it is. */
static void test_where_a_request_went(void **state) {
    static const struct {
        const char *url;
        const char *address;
        const char *port;
    } rows[] = {
        {"https://fcm.googleapis.com/v1/secret", "fcm.googleapis.com", "443"},
        {"http://host/secret", "host", "80"},
        {"https://host:2197/3/device/secret", "host", "2197"},
        {"https://[2001:db8::1]:8443/secret", "2001:db8::1", "8443"},
        {"https://[2001:db8::1]/secret", "2001:db8::1", "443"},
        {"https://secret:secret@host:81/", "host", "81"},
        {"https://secret@host?secret", "host", "443"},
        {"https://host#secret", "host", "443"},
        {"https://host:/secret", "host", "443"},
        {"https://host:-5/secret", "host", "443"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene *scene = open_scene(PARENT "01");
        delivery_trace_taken(&scene->delivery);
        delivery_trace_sent(&scene->delivery, rows[i].url);
        answer(scene, 200);
        const char *spans = spans_of(scene);
        assert_true(says(spans, "server.address", "string", rows[i].address));
        assert_true(says(spans, "server.port", "int", rows[i].port));
        assert_null(strstr(spans, "secret"));
        close_scene(scene);
    }
}

static void test_each_request_says_how_it_ended(void **state) {
    struct scene *scene = open_scene(PARENT "01");
    const struct sender_outcome lost = {
        .result = SENDER_LOST, .reason = "timeout", .detail = "a secret of libcurl"};
    const struct ending ending = ending_of(OUTCOME_MOVED, "timeout");

    (void)state;
    delivery_trace_taken(&scene->delivery);
    delivery_trace_sent(&scene->delivery, "https://host/");
    answer(scene, 503);
    scene->delivery.tries = 1;
    delivery_trace_sent(&scene->delivery, "https://host/");
    delivery_trace_answered(&scene->delivery, &lost, &ending);
    const char *spans = spans_of(scene);
    assert_true(says(spans, "http.response.status_code", "int", "503"));
    assert_true(says(spans, "error.type", "string", "503"));
    assert_non_null(strstr(spans, "\"message\":\"UNAVAILABLE\""));
    assert_true(says(spans, "error.type", "string", "timeout"));
    assert_true(says(spans, "http.request.resend_count", "int", "1"));
    assert_null(strstr(spans, "secret"));
    close_scene(scene);
}

static void test_the_end_says_what_became_of_the_record(void **state) {
    static const struct {
        enum outcome outcome;
        bool is_untried;
        bool is_given_up;
        const char *said;
        bool has_failed;
    } rows[] = {
        {OUTCOME_DELIVERED, false, false, "delivered", false},
        {OUTCOME_REJECTED, false, false, "rejected", false},
        {OUTCOME_DROPPED, false, false, "dropped", false},
        {OUTCOME_MOVED, false, false, "moved", true},
        {OUTCOME_MOVED, true, false, "moved", false},
        {OUTCOME_DEAD, false, false, "dead", true},
        {OUTCOME_DEAD, false, true, "partition_given_up", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene *scene = open_scene(PARENT "01");
        delivery_trace_taken(&scene->delivery);
        scene->delivery.ending = ending_of(rows[i].outcome, "because");
        scene->delivery.ending.is_untried = rows[i].is_untried;
        scene->delivery.meta.attempt = 2;
        if (rows[i].is_given_up)
            scene->delivery.partition = NULL;
        delivery_trace_settled(&scene->delivery);
        const char *spans = spans_of(scene);
        assert_non_null(strstr(spans, "\"parentSpanId\":\"00f067aa0ba902b7\""));
        assert_non_null(strstr(spans, "\"name\":\"process c.push.fcm\",\"kind\":5"));
        assert_true(says(spans, "columba.outcome", "string", rows[i].said));
        assert_true(says(spans, "columba.reason", "string", "because"));
        assert_true(says(spans, "columba.attempt", "int", "2"));
        assert_true(says(spans, "columba.app", "string", "org.example.*"));
        assert_true(says(spans, "messaging.destination.partition.id", "string", "3"));
        assert_true(says(spans, "messaging.kafka.offset", "int", "42"));
        assert_int_equal(says(spans, "error.type", "string", "because"), rows[i].has_failed);
        close_scene(scene);
    }
}

static void test_a_copy_hangs_on_the_attempt_before_it(void **state) {
    struct scene *scene = open_scene(PARENT "01");
    char text[TRACE_CONTEXT_TEXT_SIZE];
    char id[2 * TRACE_SPAN_ID_BYTES + 1];

    (void)state;
    /* Nothing is known of an app that was not found. */
    scene->delivery.app = NULL;
    delivery_trace_taken(&scene->delivery);
    const struct trace_context carried = delivery_trace_context(&scene->delivery);
    delivery_trace_settled(&scene->delivery);
    trace_context_format(&carried, text);
    assert_memory_equal(text, PARENT, 36);
    trace_context_hex(carried.span_id, TRACE_SPAN_ID_BYTES, id);
    const char *spans = spans_of(scene);
    assert_non_null(strstr(strstr(spans, "\"spanId\""), id));
    assert_null(strstr(spans, "columba.app"));
    close_scene(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_what_is_sampled_is_recorded),
        cmocka_unit_test(test_where_a_request_went),
        cmocka_unit_test(test_each_request_says_how_it_ended),
        cmocka_unit_test(test_the_end_says_what_became_of_the_record),
        cmocka_unit_test(test_a_copy_hangs_on_the_attempt_before_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
