/* What the golden files cannot show: sizes and bytes that nobody would want to read. */
#include "common/base/json.h"
#include "tests/unit/dispatcher/providers/encoding.h"

enum { LIMIT_BYTES = 4096 };

static const struct app plain_app = {
    .kind = PROVIDER_HMS,
    .pattern = "im.example",
    .send_badge_counts = true,
    .hms.client_id = "104",
};

struct encoded {
    enum encode_result result;
    const char *reason;
    struct json_object *data;
    size_t body_bytes;
};

static struct encoded encode(const char *json) {
    struct encoding encoding = encoding_of(&provider_hms, &plain_app, slice_of(json));
    const struct slice body = encoding.output.request.body;
    struct encoded out = {.result = encoding.result, .reason = encoding.output.reason};

    if (out.result == ENCODE_SEND) {
        struct json_object *tree = json_parse(body, 16, NULL);
        struct json_object *message = json_member(tree, "message");
        out.data = json_parse(json_member_text(message, "data"), 16, NULL);
        assert_non_null(out.data);
        out.body_bytes = body.size;
        assert_true(out.body_bytes <= LIMIT_BYTES);
        json_object_put(tree);
    }
    encoding_free(&encoding);
    return out;
}

/* A push whose room is named by count times the JSON text, and of so long a content. */
static struct encoded encode_long(const char *character, int count) {
    struct buffer text = {0};
    struct buffer json = {0};

    for (int i = 0; i < count; i++)
        buffer_append_text(&text, character);
    const char *value = buffer_text(&text);
    buffer_append_format(&json,
                         "{\"notification\":{\"event_id\":\"$e\",\"room_name\":\"%s\","
                         "\"content\":{\"a\":\"%s\",\"b\":\"%s\",\"c\":\"%s\"},"
                         "\"devices\":[{\"app_id\":\"im.example\",\"pushkey\":\"k\"}]}}",
                         value, value, value, value);
    const struct encoded out = encode(buffer_text(&json));
    buffer_free(&text);
    buffer_free(&json);
    return out;
}

static void assert_whole_characters(struct slice text) {
    for (size_t at = 0; at < text.size;) {
        const size_t length = slice_utf8_sequence((struct slice){text.data + at, text.size - at});
        assert_int_not_equal(length, 0);
        at += length;
    }
}

/* Quotes, backslashes and control bytes are escaped twice, and take up to seven bytes for one. */
static void test_no_length_breaks_the_limit_or_a_character(void **state) {
    static const struct {
        const char *character;
        int steps[8];
    } cases[] = {
        {"x", {1, 900, 950, 980, 990, 1000, 1024, 5000}},
        {"\xE6\xBC\xA2", {1, 300, 320, 330, 340, 341, 342, 2000}},
        {"\xF0\x9F\x9A\x80", {1, 200, 240, 250, 255, 256, 257, 2000}},
        {"\\\"", {1, 200, 250, 260, 500, 512, 1024, 5000}},
        {"\\n", {1, 200, 300, 330, 340, 350, 1024, 5000}},
        {"\\u0001", {1, 100, 140, 150, 160, 341, 1024, 5000}},
    };

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        for (size_t i = 0; i < sizeof cases[c].steps / sizeof cases[c].steps[0]; i++) {
            const int count = cases[c].steps[i];
            struct encoded seen = encode_long(cases[c].character, count);
            assert_int_equal(seen.result, ENCODE_SEND);
            assert_true(slice_is(json_member_text(seen.data, "event_id"), "$e"));
            const struct slice name = json_member_text(seen.data, "room_name");
            assert_whole_characters(name);
            /* Nor is more cut off than has to be. */
            if (count >= 1024)
                assert_true(seen.body_bytes > LIMIT_BYTES - 64);
            if (count == 1)
                assert_null(memmem(name.data, name.size, "\xE2\x80\xA6", 3));
            json_object_put(seen.data);
        }
    }
}

static void test_what_cannot_fit_is_dead(void **state) {
    struct buffer json = {0};

    (void)state;
    buffer_append_text(&json, "{\"notification\":{\"event_id\":\"$");
    for (int i = 0; i < LIMIT_BYTES; i++)
        buffer_append_byte(&json, 'e');
    buffer_append_text(&json, "\",\"devices\":[{\"app_id\":\"im.example\",\"pushkey\":\"k\"}]}}");
    const struct encoded seen = encode(buffer_text(&json));
    assert_int_equal(seen.result, ENCODE_DEAD);
    assert_string_equal(seen.reason, "payload_too_large");
    buffer_free(&json);
}

static void test_pushkeys_are_checked(void **state) {
    (void)state;
    assert_null(provider_hms.check(&plain_app, &(struct device){.pushkey = slice_of("0864:x")}));
    assert_string_equal(provider_hms.check(&plain_app, &(struct device){.pushkey = slice_of("")}),
                        "pushkey_empty");
    assert_string_equal(
        provider_hms.check(&plain_app, &(struct device){.pushkey = slice_of("a\nb")}),
        "pushkey_control_character");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_length_breaks_the_limit_or_a_character),
        cmocka_unit_test(test_what_cannot_fit_is_dead),
        cmocka_unit_test(test_pushkeys_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
