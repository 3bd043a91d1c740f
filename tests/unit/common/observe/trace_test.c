#include "common/observe/trace.h"

#include "tests/unit/common/observe/trace_metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct trace_attribute none[] = {{.name = NULL}};
static const struct trace_facts facts = {
    .name = "x", .kind = TRACE_KIND_SERVER, .attributes = none};

struct scene {
    struct loop *loop;
    struct metrics *metrics;
    struct trace *trace;
    size_t calls;
};

static void on_waits(void *context) {
    struct scene *scene = context;

    scene->calls++;
}

static int open_scene(void **state) {
    static struct scene scene;

    scene = (struct scene){.loop = loop_new(), .metrics = metrics_new(trace_metrics, METRIC_COUNT)};
    scene.trace = trace_new(scene.loop, &(struct trace_counters){scene.metrics, EXPORTED, DROPPED},
                            on_waits, &scene);
    *state = &scene;
    return 0;
}

static int close_scene(void **state) {
    struct scene *scene = *state;

    trace_free(scene->trace);
    metrics_free(scene->metrics);
    loop_free(scene->loop);
    return 0;
}

static struct trace_context context_of(const char *text) {
    struct trace_context context;

    assert_true(trace_context_parse(slice_of(text), &context));
    return context;
}

static struct trace_span new_trace(struct scene *scene) {
    struct trace_span span = {0};

    trace_start_request(scene->trace, NULL, 1, &span);
    assert_true(trace_is_recorded(&span));
    return span;
}

static void finish(struct scene *scene, size_t count) {
    const struct trace_span span = new_trace(scene);

    for (size_t i = 0; i < count; i++)
        trace_finish(scene->trace, &span, &facts);
}

static double dropped(struct scene *scene) {
    return metrics_value(scene->metrics, DROPPED, (const char *const[]){"queue_full"});
}

static void test_what_a_request_brings_along_decides(void **state) {
    struct scene *scene = *state;
    const struct trace_context sampled =
        context_of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    const struct trace_context other =
        context_of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
    struct trace_span span = {0};

    trace_start_request(scene->trace, &other, 1, &span);
    assert_false(trace_is_recorded(&span));
    trace_start_request(scene->trace, &sampled, 0, &span);
    assert_true(trace_is_recorded(&span));
    assert_memory_equal(span.context.trace_id, sampled.trace_id, TRACE_ID_BYTES);
    assert_memory_not_equal(span.context.span_id, sampled.span_id, TRACE_SPAN_ID_BYTES);
    assert_true(span.has_parent && span.context.is_sampled);
    assert_memory_equal(span.parent_id, sampled.span_id, TRACE_SPAN_ID_BYTES);
}

static void test_a_request_that_brings_nothing_is_sampled(void **state) {
    struct scene *scene = *state;
    struct trace_span span = {0};
    size_t recorded_count = 0;

    trace_start_request(scene->trace, NULL, 0, &span);
    assert_false(trace_is_recorded(&span));
    span = new_trace(scene);
    assert_true(!span.has_parent && span.context.is_sampled);
    const struct trace_span another = new_trace(scene);
    assert_memory_not_equal(span.context.trace_id, another.context.trace_id, TRACE_ID_BYTES);
    for (int i = 0; i < 4000; i++) {
        struct trace_span one = {0};
        trace_start_request(scene->trace, NULL, 0.25, &one);
        recorded_count += trace_is_recorded(&one);
    }
    /* 1000 with a standard deviation of 27: ten of them never happen. */
    assert_in_range(recorded_count, 730, 1270);
}

static void test_work_hangs_on_work(void **state) {
    struct scene *scene = *state;
    const struct trace_span parent = new_trace(scene);
    struct trace_span span = {0};
    struct trace_context unsampled = parent.context;

    trace_start(scene->trace, &parent.context, &span);
    assert_memory_equal(span.context.trace_id, parent.context.trace_id, TRACE_ID_BYTES);
    assert_memory_equal(span.parent_id, parent.context.span_id, TRACE_SPAN_ID_BYTES);
    assert_true(span.started_ns >= parent.started_ns);
    span = (struct trace_span){0};
    unsampled.is_sampled = false;
    trace_start(scene->trace, &unsampled, &span);
    assert_false(trace_is_recorded(&span));
}

static void test_nothing_is_recorded_where_tracing_is_off(void **state) {
    const struct trace_span parent = new_trace(*state);
    struct trace_span span = {0};

    trace_start_request(NULL, &parent.context, 1, &span);
    trace_start_request(NULL, NULL, 1, &span);
    trace_start(NULL, &parent.context, &span);
    assert_false(trace_is_recorded(&span));
    trace_free(NULL);
}

static void test_spans_are_lent_in_batches(void **state) {
    struct scene *scene = *state;

    assert_null(trace_lend(scene->trace));
    finish(scene, 2);
    assert_int_equal(scene->calls, 1);
    const struct trace_batch *batch = trace_lend(scene->trace);
    assert_int_equal(batch->count, 2);
    assert_int_equal(batch->spans.data[0], '{');
    assert_int_equal(batch->spans.data[batch->spans.size - 1], '}');

    /* What is lent stays as it is. */
    size_t size = batch->spans.size;
    finish(scene, 3);
    assert_int_equal(batch->count, 2);
    assert_int_equal(batch->spans.size, size);
    assert_ptr_equal(trace_lend(scene->trace), batch);
    assert_int_equal(scene->calls, 2);
    trace_forget(scene->trace);
    assert_int_equal(trace_lend(scene->trace)->count, 3);
    trace_forget(scene->trace);
    assert_null(trace_lend(scene->trace));
}

static void test_a_full_batch_is_said(void **state) {
    struct scene *scene = *state;

    finish(scene, TRACE_BATCH_SPANS - 1);
    assert_false(trace_is_batch_full(scene->trace));
    assert_int_equal(scene->calls, 1);
    finish(scene, 1);
    assert_true(trace_is_batch_full(scene->trace));
    assert_int_equal(scene->calls, 2);
    finish(scene, 1);
    assert_int_equal(trace_lend(scene->trace)->count, TRACE_BATCH_SPANS);
    trace_forget(scene->trace);
    assert_false(trace_is_batch_full(scene->trace));
}

static void test_what_finds_no_room_is_dropped_and_counted(void **state) {
    struct scene *scene = *state;
    const size_t room = (size_t)TRACE_BATCHES * TRACE_BATCH_SPANS;
    size_t kept = 0;

    /* More than once around. */
    for (int round = 0; round < 3; round++) {
        double before = dropped(scene);
        finish(scene, room + 7);
        assert_true(dropped(scene) == before + 7);
        for (const struct trace_batch *batch = NULL; (batch = trace_lend(scene->trace)) != NULL;) {
            kept += batch->count;
            trace_forget(scene->trace);
        }
        finish(scene, 1);
        trace_lend(scene->trace);
        trace_forget(scene->trace);
    }
    assert_int_equal(kept, 3 * room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_a_request_brings_along_decides, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(test_a_request_that_brings_nothing_is_sampled, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(test_work_hangs_on_work, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_nothing_is_recorded_where_tracing_is_off, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(test_spans_are_lent_in_batches, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_a_full_batch_is_said, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_what_finds_no_room_is_dropped_and_counted, open_scene,
                                        close_scene),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
