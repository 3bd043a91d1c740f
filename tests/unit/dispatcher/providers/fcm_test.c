/* What the golden files cannot show: sizes and bytes that nobody would want to read. */
#include "common/base/json.h"
#include "tests/unit/dispatcher/providers/encoding.h"

enum { LIMIT_BYTES = 4096 };

static const struct app plain_app = {
    .kind = PROVIDER_FCM,
    .pattern = "im.example",
    .send_badge_counts = true,
    .fcm.project_id = "example-project",
};

struct encoded {
    enum encode_result result;
    const char *reason;
    struct json_object *data;
    struct json_object *body;
    size_t data_bytes;
};

static struct encoded encode(const char *json) {
    struct encoding encoding = encoding_of(&provider_fcm, &plain_app, slice_of(json));
    const struct slice body = encoding.output.request.body;
    struct encoded out = {.result = encoding.result, .reason = encoding.output.reason};

    if (out.result == ENCODE_SEND) {
        out.body = json_parse(body, 16, NULL);
        out.data = json_member_object(json_member(out.body, "message"), "data");
        assert_non_null(out.data);
        json_object_object_foreach(out.data, name, value) {
            assert_true(json_object_is_type(value, json_type_string));
            out.data_bytes += strlen(name) + json_text(value).size;
        }
        assert_true(out.data_bytes <= LIMIT_BYTES);
    }
    encoding_free(&encoding);
    return out;
}

/* A body with count members of the given name, in the content or the default_payload. */
static struct encoded encode_many(const char *before, const char *format, int count,
                                  const char *after) {
    struct buffer json = {0};

    buffer_append_text(&json, before);
    for (int i = 0; i < count; i++) {
        buffer_append_text(&json, i == 0 ? "" : ",");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        buffer_append_format(&json, format, i);
#pragma GCC diagnostic pop
    }
    buffer_append_text(&json, after);
    const struct encoded out = encode(buffer_text(&json));
    buffer_free(&json);
    return out;
}

static void test_pushkeys_are_checked(void **state) {
    char longest[4098];
    const struct {
        struct slice pushkey;
        const char *fault;
    } cases[] = {
        {slice_of("abc:DEF-_"), NULL},
        {slice_of("\xC3\xA9 +/"), NULL},
        {{.data = longest, .size = 4096}, NULL},
        {{.data = longest, .size = 4097}, "pushkey_too_long"},
        {slice_of(""), "pushkey_empty"},
        {{0}, "pushkey_empty"},
        {slice_of("a\tb"), "pushkey_control_character"},
        {slice_of("a\x7F"), "pushkey_control_character"},
        {{.data = "a\0b", .size = 3}, "pushkey_control_character"},
    };

    (void)state;
    memset(longest, 'x', sizeof longest);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *fault =
            provider_fcm.check(&plain_app, &(struct device){.pushkey = cases[i].pushkey});
        if (cases[i].fault == NULL)
            assert_null(fault);
        else
            assert_string_equal(fault, cases[i].fault);
    }
}

static void test_a_content_of_any_number_of_members(void **state) {
    static const int counts[] = {1, 100, 300, 511, 512, 513, 600, 5000, 30000};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct encoded seen =
            encode_many("{\"notification\":{\"event_id\":\"$e\",\"room_id\":\"!r\",\"content\":{",
                        "\"%x\":\"v\"", counts[i],
                        "},\"devices\":[{\"app_id\":\"im.example\",\"pushkey\":\"k\"}]}}");
        assert_int_equal(seen.result, ENCODE_SEND);
        assert_true(slice_is(json_member_text(seen.data, "event_id"), "$e"));
        assert_int_equal(json_member(seen.data, "content_0") != NULL, counts[i] <= 300);
        json_object_put(seen.body);
    }
}

static void test_a_default_payload_of_any_number_of_members(void **state) {
    static const struct {
        int count;
        enum encode_result result;
    } cases[] = {
        {1, ENCODE_SEND},    {500, ENCODE_SEND},  {1500, ENCODE_DEAD},
        {2048, ENCODE_DEAD}, {2049, ENCODE_DEAD}, {20000, ENCODE_DEAD},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct encoded seen = encode_many(
            "{\"notification\":{\"event_id\":\"$e\",\"devices\":[{\"app_id\":\"im.example\","
            "\"pushkey\":\"k\",\"data\":{\"default_payload\":{",
            "\"%x\":1", cases[i].count, "}}}]}}");
        assert_int_equal(seen.result, cases[i].result);
        if (seen.result == ENCODE_DEAD)
            assert_string_equal(seen.reason, "payload_too_large");
        json_object_put(seen.body);
    }
}

/* Every length around the two limits, for characters of every width. */
static void test_no_length_breaks_a_limit_or_a_character(void **state) {
    static const char *const characters[] = {"x", "\xC3\xA9", "\xE6\xBC\xA2", "\xF0\x9F\x9A\x80"};

    (void)state;
    for (size_t c = 0; c < sizeof characters / sizeof characters[0]; c++) {
        const int width = (int)strlen(characters[c]);
        for (int bytes = 940; bytes < 1060; bytes++) {
            struct buffer json = {0};
            struct buffer text = {0};
            for (int i = 0; i < bytes / width; i++)
                buffer_append_text(&text, characters[c]);
            for (int i = 0; i < bytes % width; i++)
                buffer_append_byte(&text, '.');
            const char *value = buffer_text(&text);
            buffer_append_format(&json,
                                 "{\"notification\":{\"room_id\":\"!r\",\"room_name\":\"%s\","
                                 "\"content\":{\"a\":\"%s\",\"b\":\"%s\",\"c\":\"%s\"},"
                                 "\"devices\":[{\"app_id\":\"im.example\",\"pushkey\":\"k\"}]}}",
                                 value, value, value, value);
            struct encoded seen = encode(buffer_text(&json));
            assert_int_equal(seen.result, ENCODE_SEND);
            /* Nor is more cut off than has to be. */
            const size_t uncut_bytes = 53 + 4 * (size_t)bytes;
            if (uncut_bytes <= LIMIT_BYTES)
                assert_int_equal(seen.data_bytes, uncut_bytes);
            else
                assert_true(seen.data_bytes > LIMIT_BYTES - 4 * 8);
            const struct slice shown = json_member_text(seen.data, "content_a");
            assert_true(shown.size <= 1024);
            for (size_t at = 0; at < shown.size;) {
                const size_t length =
                    slice_utf8_sequence((struct slice){shown.data + at, shown.size - at});
                assert_int_not_equal(length, 0);
                at += length;
            }
            json_object_put(seen.body);
            buffer_free(&json);
            buffer_free(&text);
        }
    }
}

static void test_control_characters_stay_inside_their_text(void **state) {
    struct encoded seen;

    (void)state;
    seen =
        encode("{\"notification\":{\"event_id\":\"$e\",\"room_name\":\"\\u0000\\u0001\\u001f\x7F\","
               "\"content\":{\"a\\\"\\n\":\"\\u2028\\ud83d\"},\"devices\":[{\"app_id\":\"x\","
               "\"pushkey\":\"k\"}]}}");
    assert_int_equal(seen.result, ENCODE_SEND);
    const struct slice name = json_member_text(seen.data, "room_name");
    assert_int_equal(name.size, 4);
    assert_memory_equal(name.data, "\0\1\x1f\x7f", 4);
    assert_true(slice_is(json_member_text(seen.data, "content_a\"\n"), "\xE2\x80\xA8\xEF\xBF\xBD"));
    json_object_put(seen.body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pushkeys_are_checked),
        cmocka_unit_test(test_a_content_of_any_number_of_members),
        cmocka_unit_test(test_a_default_payload_of_any_number_of_members),
        cmocka_unit_test(test_no_length_breaks_a_limit_or_a_character),
        cmocka_unit_test(test_control_characters_stay_inside_their_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
