/* What the golden files cannot show: bounds and bytes. */
#include "common/base/json.h"
#include "tests/unit/dispatcher/providers/encoding.h"

enum { BODY_BYTES_MAX = 4096 };

static const struct app plain_app = {.kind = PROVIDER_UNIFIEDPUSH, .send_badge_counts = true};

static const char devices[] =
    "\"devices\":[{\"app_id\":\"im.example\",\"pushkey\":\"https://push.example/up\"}]}}";

struct encoded {
    enum encode_result result;
    const char *reason;
    struct json_object *body;
    size_t body_bytes;
};

/* A body with count bytes between before and after. */
static struct encoded encode(const char *before, size_t count, const char *after) {
    struct buffer json = {0};

    buffer_append_text(&json, before);
    for (size_t i = 0; i < count; i++)
        buffer_append_byte(&json, 'x');
    buffer_append_text(&json, after);
    buffer_append_text(&json, devices);
    struct encoding encoding = encoding_of(&provider_unifiedpush, &plain_app, buffer_slice(&json));
    const struct slice body = encoding.output.request.body;
    const struct encoded out = {
        .result = encoding.result,
        .reason = encoding.output.reason,
        .body = encoding.result == ENCODE_SEND ? json_parse(body, 80, NULL) : NULL,
        .body_bytes = body.size,
    };
    encoding_free(&encoding);
    buffer_free(&json);
    return out;
}

static void test_every_size_around_the_limit(void **state) {
    (void)state;
    for (size_t count = 3900; count < 4200; count++) {
        struct encoded seen =
            encode("{\"notification\":{\"event_id\":\"$e\",\"content\":{\"body\":\"", count,
                   "\"},\"prio\":\"high\",");
        struct json_object *tree = json_member(seen.body, "notification");
        const size_t whole_bytes = strlen("{\"notification\":{\"event_id\":\"$e\",\"content\":{"
                                          "\"body\":\"\"},\"prio\":\"high\"}}") +
                                   count;
        const bool fits = whole_bytes <= BODY_BYTES_MAX;
        assert_int_equal(seen.result, ENCODE_SEND);
        assert_true(slice_is(json_member_text(tree, "event_id"), "$e"));
        assert_true(slice_is(json_member_text(tree, "prio"), "high"));
        assert_int_equal(json_member(tree, "content") != NULL, fits);
        assert_null(json_member(tree, "devices"));
        if (fits)
            assert_int_equal(seen.body_bytes, whole_bytes);
        json_object_put(seen.body);
    }
}

static void test_ids_and_counts_are_what_stays(void **state) {
    struct encoded seen;

    (void)state;
    seen = encode(
        "{\"notification\":{\"event_id\":\"$e\",\"room_id\":\"!r\",\"counts\":{\"unread\":2},"
        "\"content\":{},\"room_name\":\"",
        5000, "\",\"unknown\":[1],");
    struct json_object *tree = json_member(seen.body, "notification");
    assert_int_equal(seen.result, ENCODE_SEND);
    assert_int_equal(json_object_object_length(tree), 3);
    assert_true(slice_is(json_member_text(tree, "event_id"), "$e"));
    assert_true(slice_is(json_member_text(tree, "room_id"), "!r"));
    assert_non_null(json_member_object(tree, "counts"));
    json_object_put(seen.body);
}

static void test_what_cannot_fit_is_dead(void **state) {
    static const char *const starts[] = {
        "{\"notification\":{\"event_id\":\"",
        "{\"notification\":{\"room_id\":\"",
        "{\"notification\":{\"event_id\":\"$e\",\"counts\":{\"unread\":1},\"room_id\":\"",
        "{\"notification\":{\"sender\":\"@a:b\",\"ciphertext\":\"",
        "{\"notification\":{\"content\":{},\"room_name\":\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        const struct encoded seen = encode(starts[i], 5000, "\",");
        assert_int_equal(seen.result, ENCODE_DEAD);
        assert_string_equal(seen.reason, "payload_too_large");
    }
}

static void test_endpoints_are_checked(void **state) {
    static char inner[] = "10.0.0.0/8";
    static char *networks[] = {inner, NULL};
    static const struct {
        const char *pushkey;
        bool allow_http;
        const char *fault;
    } cases[] = {
        {"https://ntfy.example/upABC?up=1", false, NULL},
        {"https://10.0.0.1/up", false, NULL},
        {"http://ntfy.example/up", true, NULL},
        {"http://ntfy.example/up", false, "endpoint_not_https"},
        {"https://192.168.0.1/up", true, "endpoint_not_public"},
        {"https://[::1]/up", true, "endpoint_not_public"},
        {"https://a:b@ntfy.example/up", true, "endpoint_with_credentials"},
        {"dQw4w9WgXcQ", true, "endpoint_not_https"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct app app = {.route.allowed_networks = networks,
                                .unifiedpush.allow_http = cases[i].allow_http};
        const struct device device = {.pushkey = slice_of(cases[i].pushkey)};
        const char *fault = provider_unifiedpush.check(&app, &device);
        if (cases[i].fault == NULL)
            assert_null(fault);
        else
            assert_string_equal(fault, cases[i].fault);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size_around_the_limit),
        cmocka_unit_test(test_ids_and_counts_are_what_stays),
        cmocka_unit_test(test_what_cannot_fit_is_dead),
        cmocka_unit_test(test_endpoints_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
