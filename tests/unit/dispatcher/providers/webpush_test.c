/* What the golden files cannot show: bounds, bytes, and what is wrong with a subscription. */
#include "common/base/json.h"
#include "dispatcher/providers/aes128gcm.h"
#include "tests/unit/dispatcher/providers/encoding.h"
#include "tests/unit/dispatcher/subscription.h"

#define DEVICE(data)                                                                               \
    "\"devices\":[{\"app_id\":\"im.example\",\"pushkey\":\"" SUBSCRIPTION_P256DH                   \
    "\",\"data\":{\"endpoint\":\"https://push.example/x\",\"auth\":\"" SUBSCRIPTION_AUTH "\"" data \
    "}}]"

static const struct app plain_app = {.kind = PROVIDER_WEBPUSH, .send_badge_counts = true};

struct encoded {
    enum encode_result result;
    const char *reason;
    struct json_object *payload; /* decrypted */
    size_t payload_bytes;
    char topic[40];
};

static struct encoded encode(const struct app *app, const char *json) {
    struct encoding encoding = encoding_of(&provider_webpush, app, slice_of(json));
    const struct http_request *request = &encoding.output.request;
    struct encoded out = {.result = encoding.result, .reason = encoding.output.reason};

    if (out.result == ENCODE_SEND) {
        struct buffer text = {0};
        const struct slice topic = header_find(request->headers, request->header_count, "topic");
        assert_true(request->body.size <= 4096);
        assert_true(subscription_open(request->body, &text));
        out.payload = json_parse(buffer_slice(&text), 80, NULL);
        assert_non_null(out.payload);
        out.payload_bytes = text.size;
        assert_true(topic.size < sizeof out.topic);
        if (topic.size > 0)
            memcpy(out.topic, topic.data, topic.size);
        buffer_free(&text);
    }
    encoding_free(&encoding);
    return out;
}

static const char *check(const char *pushkey, const char *data) {
    const struct device device = {
        .pushkey = slice_of(pushkey),
        .data = data == NULL ? NULL : json_parse(slice_of(data), 8, NULL),
    };
    const char *fault = provider_webpush.check(&plain_app, &device);

    json_object_put(device.data);
    return fault == NULL ? "" : fault;
}

#define ENDPOINT "\"endpoint\":\"https://push.example/x\""
#define AUTH "\"auth\":\"" SUBSCRIPTION_AUTH "\""

static void test_subscriptions_are_checked(void **state) {
    static const struct {
        const char *pushkey;
        const char *data;
        const char *fault;
    } cases[] = {
        {SUBSCRIPTION_P256DH, "{" ENDPOINT "," AUTH "}", ""},
        {SUBSCRIPTION_P256DH "=", "{" ENDPOINT "," AUTH "}", ""},
        {SUBSCRIPTION_P256DH, "{" ENDPOINT ",\"auth\":\"" SUBSCRIPTION_AUTH "==\"}", ""},
        {SUBSCRIPTION_P256DH, NULL, "endpoint_missing"},
        {SUBSCRIPTION_P256DH, "{" AUTH "}", "endpoint_missing"},
        {SUBSCRIPTION_P256DH, "{\"endpoint\":null," AUTH "}", "endpoint_missing"},
        {SUBSCRIPTION_P256DH, "{\"endpoint\":7," AUTH "}", "endpoint_missing"},
        {SUBSCRIPTION_P256DH, "{\"endpoint\":\"\"," AUTH "}", "endpoint_missing"},
        {SUBSCRIPTION_P256DH, "{\"endpoint\":\"http://push.example/x\"," AUTH "}",
         "endpoint_not_https"},
        {SUBSCRIPTION_P256DH, "{\"endpoint\":\"https://[/x\"," AUTH "}", "endpoint_malformed"},
        {SUBSCRIPTION_P256DH, "{\"endpoint\":\"https://a:b@push.example/x\"," AUTH "}",
         "endpoint_with_credentials"},
        {SUBSCRIPTION_P256DH, "{\"endpoint\":\"https://127.0.0.1/x\"," AUTH "}",
         "endpoint_not_public"},
        {SUBSCRIPTION_P256DH, "{" ENDPOINT "}", "auth_malformed"},
        {SUBSCRIPTION_P256DH, "{" ENDPOINT ",\"auth\":null}", "auth_malformed"},
        {SUBSCRIPTION_P256DH, "{" ENDPOINT ",\"auth\":\"\"}", "auth_malformed"},
        {SUBSCRIPTION_P256DH, "{" ENDPOINT ",\"auth\":\"BTBZMqHH6r4Tts7J_aSI\"}", "auth_malformed"},
        {SUBSCRIPTION_P256DH, "{" ENDPOINT ",\"auth\":\"" SUBSCRIPTION_AUTH "AAAA\"}",
         "auth_malformed"},
        {"", "{" ENDPOINT "," AUTH "}", "p256dh_malformed"},
        {"not base64!", "{" ENDPOINT "," AUTH "}", "p256dh_malformed"},
        {SUBSCRIPTION_AUTH, "{" ENDPOINT "," AUTH "}", "p256dh_malformed"},
        {SUBSCRIPTION_P256DH "AAAA", "{" ENDPOINT "," AUTH "}", "p256dh_malformed"},
        /* The first letter of it changed: compressed, and off the curve. */
        {"AiVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
         "{" ENDPOINT "," AUTH "}", "p256dh_malformed"},
        {"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw8",
         "{" ENDPOINT "," AUTH "}", "p256dh_malformed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (strcmp(check(cases[i].pushkey, cases[i].data), cases[i].fault) != 0)
            fail_msg("%s %s: %s", cases[i].pushkey, cases[i].data,
                     check(cases[i].pushkey, cases[i].data));
}

static void test_the_audience_is_the_origin(void **state) {
    struct arena *arena = arena_new(256);
    struct device device = {
        .pushkey = slice_of(SUBSCRIPTION_P256DH),
        .data = json_parse(slice_of("{\"endpoint\":\"https://Push.example:8443/x?y\"," AUTH "}"), 8,
                           NULL),
    };

    (void)state;
    assert_string_equal(provider_webpush.audience(&plain_app, &device, arena).data,
                        "https://push.example:8443");
    device.pushkey = slice_of("x");
    assert_int_equal(provider_webpush.audience(&plain_app, &device, arena).size, 0);
    json_object_put(device.data);
    arena_free(arena);
}

/* Every length around the limits, for characters of every width in bytes and in JSON. */
static void test_no_length_breaks_the_record_or_a_character(void **state) {
    static const char *const characters[] = {"x",   "\xC3\xA9", "\xE6\xBC\xA2", "\xF0\x9F\x9A\x80",
                                             "\\n", "\\u0001"};

    (void)state;
    for (size_t c = 0; c < sizeof characters / sizeof characters[0]; c++)
        for (size_t count = 600; count < 1010; count += count < 990 ? 37 : 1) {
            struct buffer json = {0};
            struct buffer text = {0};
            for (size_t i = 0; i < count; i++)
                buffer_append_text(&text, characters[c]);
            buffer_append_format(&json,
                                 "{\"notification\":{\"event_id\":\"$e\",\"room_id\":\"!r\","
                                 "\"room_name\":\"%s\",\"content\":{\"msgtype\":\"m.text\","
                                 "\"body\":\"%s\"}," DEVICE("") "}}",
                                 buffer_text(&text), buffer_text(&text));
            struct encoded seen = encode(&plain_app, buffer_text(&json));
            assert_int_equal(seen.result, ENCODE_SEND);
            assert_true(slice_is(json_member_text(seen.payload, "event_id"), "$e"));
            assert_true(slice_is(json_member_text(seen.payload, "room_id"), "!r"));
            const struct slice body =
                json_member_text(json_member(seen.payload, "content"), "body");
            assert_true(body.size > 0);
            for (size_t at = 0; at < body.size;) {
                const size_t length =
                    slice_utf8_sequence((struct slice){body.data + at, body.size - at});
                assert_int_not_equal(length, 0);
                at += length;
            }
            /* Nor is more cut off than has to be. */
            const size_t uncut_bytes =
                strlen("{\"room_id\":\"!r\",\"event_id\":\"$e\",\"room_name\":\"\","
                       "\"content\":{\"msgtype\":\"m.text\",\"body\":\"\"}}") +
                2 * count * strlen(characters[c]);
            if (uncut_bytes <= AES128GCM_PLAINTEXT_MAX && count <= 1000)
                assert_int_equal(seen.payload_bytes, uncut_bytes);
            else if (count <= 1000)
                assert_true(seen.payload_bytes > AES128GCM_PLAINTEXT_MAX - 16);
            json_object_put(seen.payload);
            buffer_free(&json);
            buffer_free(&text);
        }
}

static void test_the_body_has_at_most_a_thousand_characters(void **state) {
    (void)state;
    for (int count = 998; count < 1003; count++) {
        struct buffer json = {0};
        buffer_append_text(&json,
                           "{\"notification\":{\"event_id\":\"$e\",\"content\":{\"body\":\"");
        for (int i = 0; i < count; i++)
            buffer_append_text(&json, "\xE6\xBC\xA2");
        buffer_append_text(&json, "\"}," DEVICE("") "}}");
        struct encoded seen = encode(&plain_app, buffer_text(&json));
        const struct slice body = json_member_text(json_member(seen.payload, "content"), "body");
        assert_int_equal(body.size, 3 * (count <= 1000 ? count : 1000));
        assert_int_equal(memcmp(body.data + body.size - 3, "\xE2\x80\xA6", 3) == 0, count > 1000);
        json_object_put(seen.payload);
        buffer_free(&json);
    }
}

static struct encoded encode_filled(const char *before, size_t count, const char *after) {
    struct buffer json = {0};

    buffer_append_text(&json, before);
    for (size_t i = 0; i < count; i++)
        buffer_append_byte(&json, 'x');
    buffer_append_text(&json, after);
    const struct encoded out = encode(&plain_app, buffer_text(&json));
    buffer_free(&json);
    return out;
}

static void test_what_cannot_be_cut_is_left_out_or_dead(void **state) {
    static const char *const wholes[] = {"event_id", "room_id", "ciphertext"};
    static const size_t big = 5000;

    (void)state;
    /* A content that is all but its body large: the body stays. */
    struct encoded seen = encode_filled(
        "{\"notification\":{\"event_id\":\"$e\",\"content\":{\"msgtype\":\"m.text\",\"url\":\"",
        big, "\",\"body\":\"hello\"}," DEVICE("") "}}");
    assert_int_equal(seen.result, ENCODE_SEND);
    assert_true(slice_is(json_member_text(json_member(seen.payload, "content"), "body"), "hello"));
    assert_null(json_member(json_member(seen.payload, "content"), "url"));
    json_object_put(seen.payload);
    /* Without a body there is nothing of it worth sending. */
    seen = encode_filled("{\"notification\":{\"event_id\":\"$e\",\"content\":{\"url\":\"", big,
                         "\"}," DEVICE("") "}}");
    assert_int_equal(seen.result, ENCODE_SEND);
    assert_null(json_member(seen.payload, "content"));
    json_object_put(seen.payload);
    for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++) {
        struct buffer before = {0};
        buffer_append_format(&before, "{\"notification\":{\"sender\":\"@a:b\",\"%s\":\"",
                             wholes[i]);
        seen = encode_filled(buffer_text(&before), big, "\"," DEVICE("") "}}");
        assert_int_equal(seen.result, ENCODE_DEAD);
        assert_string_equal(seen.reason, "payload_too_large");
        buffer_free(&before);
    }
    seen = encode_filled("{\"notification\":{\"event_id\":\"$e\",\"devices\":[{\"app_id\":\"a\","
                         "\"pushkey\":\"" SUBSCRIPTION_P256DH "\",\"data\":{" ENDPOINT "," AUTH
                         ",\"default_payload\":{\"x\":\"",
                         big, "\"}}}]}}");
    assert_int_equal(seen.result, ENCODE_DEAD);
    assert_string_equal(seen.reason, "payload_too_large");
}

#define MESSAGE(event, room, data)                                                                 \
    "{\"notification\":{\"event_id\":\"" event "\",\"room_id\":\"" room "\"," DEVICE(data) "}}"
#define PER_ROOM ",\"only_last_per_room\":true"

/* Two pushes have one topic exactly where their groups are equal; group 0 has none. */
static void test_what_a_topic_tells_apart(void **state) {
    static const struct {
        enum collapse collapse;
        const char *json;
        int group;
    } cases[] = {
        {COLLAPSE_EVENT, MESSAGE("$1", "!a", ""), 1},
        {COLLAPSE_EVENT, MESSAGE("$1", "!b", ""), 1},
        {COLLAPSE_EVENT, MESSAGE("$2", "!a", ""), 2},
        {COLLAPSE_EVENT, MESSAGE("$1", "!a", ",\"user\":\"@b\""), 3},
        {COLLAPSE_EVENT, MESSAGE("$1", "!a", PER_ROOM), 4},
        {COLLAPSE_EVENT, MESSAGE("$2", "!a", PER_ROOM), 4},
        {COLLAPSE_NONE, MESSAGE("$3", "!a", PER_ROOM), 4},
        {COLLAPSE_EVENT, MESSAGE("$1", "!b", PER_ROOM), 5},
        {COLLAPSE_ROOM, MESSAGE("$1", "!a", ""), 6},
        {COLLAPSE_ROOM, MESSAGE("$2", "!a", ""), 6},
        {COLLAPSE_ROOM, MESSAGE("$1", "!b", ""), 7},
        {COLLAPSE_ROOM, MESSAGE("$1", "", ""), 1},
        {COLLAPSE_NONE, MESSAGE("$1", "!a", ""), 0},
        {COLLAPSE_NONE, MESSAGE("$1", "", PER_ROOM), 0},
        {COLLAPSE_EVENT, MESSAGE("$THIS_IS_A_FAKE_EVENT_ID", "!a", ""), 0},
    };
    enum { COUNT = sizeof cases / sizeof cases[0] };
    struct encoded seen[COUNT];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        struct app app = plain_app;
        app.collapse = cases[i].collapse;
        seen[i] = encode(&app, cases[i].json);
        assert_int_equal(strlen(seen[i].topic), cases[i].group == 0 ? 0 : 32);
        for (size_t j = 0; j < i; j++)
            if ((strcmp(seen[i].topic, seen[j].topic) == 0) != (cases[i].group == cases[j].group))
                fail_msg("%s, %s", cases[i].json, cases[j].json);
        json_object_put(seen[i].payload);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subscriptions_are_checked),
        cmocka_unit_test(test_the_audience_is_the_origin),
        cmocka_unit_test(test_no_length_breaks_the_record_or_a_character),
        cmocka_unit_test(test_the_body_has_at_most_a_thousand_characters),
        cmocka_unit_test(test_what_cannot_be_cut_is_left_out_or_dead),
        cmocka_unit_test(test_what_a_topic_tells_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
