#include "common/observe/trace_encode.h"

#include "common/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct trace_span example(void) {
    struct trace_span span = {.has_parent = true, .started_ns = INT64_C(1700000000123456789)};

    assert_true(trace_context_parse(
        slice_of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), &span.context));
    memset(span.parent_id, 0xA5, sizeof span.parent_id);
    return span;
}

static void test_a_span_is_what_the_specification_shows(void **state) {
    const struct trace_span span = example();
    const struct trace_attribute attributes[] = {trace_text("messaging.system", "kafka"),
                                                 trace_text("left.out", NULL),
                                                 trace_number("columba.attempt", -2),
                                                 {.name = NULL}};
    struct buffer out = {0};

    (void)state;
    trace_encode_span(&span, INT64_C(1700000000200000000),
                      &(struct trace_facts){.name = "process columba.push.fcm",
                                            .kind = TRACE_KIND_CONSUMER,
                                            .attributes = attributes},
                      &out);
    assert_string_equal(buffer_text(&out),
                        "{\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
                        "\"spanId\":\"00f067aa0ba902b7\",\"parentSpanId\":\"a5a5a5a5a5a5a5a5\","
                        "\"flags\":1,\"name\":\"process columba.push.fcm\",\"kind\":5,"
                        "\"startTimeUnixNano\":\"1700000000123456789\","
                        "\"endTimeUnixNano\":\"1700000000200000000\",\"attributes\":["
                        "{\"key\":\"messaging.system\",\"value\":{\"stringValue\":\"kafka\"}},"
                        "{\"key\":\"columba.attempt\",\"value\":{\"intValue\":\"-2\"}}]}");
    buffer_free(&out);
}

static void test_a_failure_is_a_status_and_an_error_type(void **state) {
    struct trace_span span = example();
    const struct trace_attribute none[] = {{.name = NULL}};
    const struct trace_attribute one[] = {trace_number("a", 1), {.name = NULL}};
    struct buffer out = {0};

    (void)state;
    span.has_parent = false;
    trace_encode_span(&span, span.started_ns,
                      &(struct trace_facts){.name = "POST",
                                            .kind = TRACE_KIND_CLIENT,
                                            .error = "503",
                                            .message = "say \"when\"\n",
                                            .attributes = none},
                      &out);
    assert_null(strstr(buffer_text(&out), "parentSpanId"));
    assert_non_null(strstr(buffer_text(&out),
                           "\"attributes\":[{\"key\":\"error.type\",\"value\":{\"stringValue\":"
                           "\"503\"}}],\"status\":{\"code\":2,\"message\":"
                           "\"say \\\"when\\\"\\n\"}}"));
    buffer_clear(&out);
    trace_encode_span(
        &span, span.started_ns,
        &(struct trace_facts){
            .name = "POST", .kind = TRACE_KIND_CLIENT, .error = "tls", .attributes = one},
        &out);
    assert_non_null(strstr(buffer_text(&out), "{\"intValue\":\"1\"}},{\"key\":\"error.type\""));
    assert_non_null(strstr(buffer_text(&out), "\"status\":{\"code\":2}}"));
    buffer_free(&out);
}

static void test_texts_from_outside_stay_texts(void **state) {
    const struct trace_span span = example();
    const struct trace_attribute attributes[] = {trace_text("columba.app", "a\"}\x01\xFF"),
                                                 {.name = NULL}};
    struct buffer out = {0};

    (void)state;
    trace_encode_span(&span, span.started_ns,
                      &(struct trace_facts){.name = "\"\\", .attributes = attributes}, &out);
    struct json_object *tree = json_parse(buffer_slice(&out), 16, NULL);
    assert_non_null(tree);
    assert_true(slice_is(json_member_text(tree, "name"), "\"\\"));
    json_object_put(tree);
    buffer_free(&out);
}

static void test_a_request_names_who_speaks(void **state) {
    struct buffer out = {0};

    (void)state;
    trace_encode_request(&(struct trace_resource){"columba-ingress", "host-1"},
                         slice_of("{\"a\":1},{\"a\":2}"), &out);
    assert_string_equal(
        buffer_text(&out),
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":["
        "{\"key\":\"service.namespace\",\"value\":{\"stringValue\":\"columba\"}},"
        "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"columba-ingress\"}},"
        "{\"key\":\"service.version\",\"value\":{\"stringValue\":\"" COLUMBA_VERSION "\"}},"
        "{\"key\":\"service.instance.id\",\"value\":{\"stringValue\":\"host-1\"}}]},"
        "\"scopeSpans\":[{\"scope\":{\"name\":\"columba\",\"version\":\"" COLUMBA_VERSION "\"},"
        "\"spans\":[{\"a\":1},{\"a\":2}]}]}]}");
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_span_is_what_the_specification_shows),
        cmocka_unit_test(test_a_failure_is_a_status_and_an_error_type),
        cmocka_unit_test(test_texts_from_outside_stay_texts),
        cmocka_unit_test(test_a_request_names_who_speaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
