/* Holds the cutting of a payload to the plain rule: while it is too long, the last character goes
 * off the longest text. */
#include "dispatcher/providers/apns_payload.h"

#include "common/base/json.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LIMIT_BYTES = 600, TEXTS_MAX = 8 };

/* A small generator, so that a failure can be repeated by its number. */
static unsigned next(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*state >> 33);
}

static void append_text(uint64_t *state, unsigned count_max, struct buffer *out) {
    static const char *const characters[] = {
        "a", "b", "\\\"", "\\\\", "\\n", "\\u0001", "\xC3\xA9", "\xE6\x9C\x88", "\xF0\x9F\x90\xA6"};
    const unsigned count = next(state) % (count_max + 1);
    const unsigned only = next(state) % 18; /* often all the same */

    buffer_append_byte(out, '"');
    for (unsigned i = 0; i < count; i++)
        buffer_append_text(out, characters[only < 9 ? only : next(state) % 9]);
    buffer_append_byte(out, '"');
}

static void append_notification(uint64_t *state, struct buffer *out) {
    const bool has_type = next(state) % 2 == 0;

    buffer_append_text(out, "{\"notification\":{\"event_id\":\"$e\",\"room_id\":\"!r\",");
    if (has_type) {
        buffer_append_text(out, "\"type\":\"m.room.message\",\"sender\":");
        append_text(state, 150, out);
        buffer_append_text(out, ",\"room_name\":");
        append_text(state, 150, out);
        buffer_append_text(out, ",\"content\":{\"msgtype\":\"m.text\",\"body\":");
        append_text(state, 300, out);
        buffer_append_text(out, "},");
    }
    buffer_append_text(out, "\"devices\":[{\"app_id\":\"a\",\"pushkey\":\"AAEC\",\"data\":"
                            "{\"default_payload\":{\"aps\":{\"alert\":");
    if (next(state) % 4 == 0) {
        append_text(state, 400, out);
    } else {
        buffer_append_text(out, "{\"body\":");
        append_text(state, 200, out);
        buffer_append_text(out, ",\"loc-args\":[");
        append_text(state, 200, out);
        buffer_append_text(out, ",7,");
        append_text(state, 200, out);
        buffer_append_text(out, "]}");
    }
    buffer_append_text(out, "}}}}]}}");
}

/* ---- The plain rule, on the tree of what an unlimited payload would be ---- */

struct texts {
    struct json_object *items[TEXTS_MAX];
    size_t count;
};

static void add_if_text(struct json_object *value, struct texts *out) {
    if (json_object_is_type(value, json_type_string))
        out->items[out->count++] = value;
}

static struct texts texts_of(struct json_object *payload) {
    struct texts out = {0};
    struct json_object *alert = json_member(json_member(payload, "aps"), "alert");
    struct json_object *arguments = json_member_array(alert, "loc-args");
    const size_t count = arguments == NULL ? 0 : json_object_array_length(arguments);

    add_if_text(alert, &out);
    add_if_text(json_member(alert, "body"), &out);
    for (size_t i = 0; i < count; i++)
        add_if_text(json_object_array_get_idx(arguments, i), &out);
    return out;
}

static size_t written_size(struct json_object *payload, struct buffer *out) {
    buffer_clear(out);
    json_write(payload, out);
    return out->size;
}

static bool cut_plainly(struct json_object *payload, struct buffer *out) {
    const struct texts texts = texts_of(payload);

    while (written_size(payload, out) > LIMIT_BYTES) {
        struct json_object *longest = NULL;
        for (size_t i = 0; i < texts.count; i++)
            if (json_text(texts.items[i]).size > (longest == NULL ? 0 : json_text(longest).size))
                longest = texts.items[i];
        if (longest == NULL)
            return false;
        struct buffer copy = {0};
        const struct slice text = json_text(longest);
        buffer_append(&copy, (struct slice){text.data, slice_utf8_prefix(text, text.size - 1)});
        json_object_set_string_len(longest, buffer_text(&copy), (int)copy.size);
        buffer_free(&copy);
    }
    return true;
}

/* ---- */

static enum encode_result write_limited(struct notification *notification, size_t limit_bytes,
                                        struct buffer *out) {
    const struct app app = {.kind = PROVIDER_APNS, .send_badge_counts = true};
    const struct encode_input input = {
        .app = &app,
        .notification = notification,
        .device = &notification->devices[0],
    };
    const char *reason = NULL;

    return apns_payload_write(&input, limit_bytes, out, &reason);
}

static void test_the_longest_text_is_cut_first(void **state) {
    size_t cut_count = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 600; seed++) {
        uint64_t random = seed;
        struct notification *notification = NULL;
        struct buffer body = {0};
        struct buffer whole = {0};
        struct buffer seen = {0};
        struct buffer expected = {0};
        append_notification(&random, &body);
        assert_int_equal(notification_parse(buffer_slice(&body), 1, &notification, NULL),
                         NOTIFICATION_OK);
        assert_int_equal(write_limited(notification, SIZE_MAX, &whole), ENCODE_SEND);
        assert_int_equal(write_limited(notification, LIMIT_BYTES, &seen), ENCODE_SEND);
        struct json_object *payload = json_parse(buffer_slice(&whole), 16, NULL);
        assert_non_null(payload);
        assert_true(cut_plainly(payload, &expected));
        if (!slice_equal(buffer_slice(&seen), buffer_slice(&expected)))
            fail_msg("seed %llu\n%s\n%s", (unsigned long long)seed, buffer_text(&seen),
                     buffer_text(&expected));
        cut_count += whole.size > LIMIT_BYTES;
        json_object_put(payload);
        notification_free(notification);
        buffer_free(&body);
        buffer_free(&whole);
        buffer_free(&seen);
        buffer_free(&expected);
    }
    assert_true(cut_count > 200);
}

/* Every length around the limit, so that each boundary of a character falls on it. */
static void test_it_fits_at_every_limit(void **state) {
    static const char body[] =
        "{\"notification\":{\"event_id\":\"$e\",\"type\":\"m.room.message\",\"sender\":\"@a:b\","
        "\"content\":{\"msgtype\":\"m.text\",\"body\":\"\xF0\x9F\x90\xA6\xC3\xA9\\n\xE6\x9C\x88"
        "\xF0\x9F\x90\xA6\xC3\xA9\\\"\xE6\x9C\x88xyz\"},"
        "\"devices\":[{\"app_id\":\"a\",\"pushkey\":\"AAEC\"}]}}";
    struct notification *notification = NULL;
    struct buffer out = {0};

    (void)state;
    assert_int_equal(notification_parse(slice_of(body), 1, &notification, NULL), NOTIFICATION_OK);
    assert_int_equal(write_limited(notification, SIZE_MAX, &out), ENCODE_SEND);
    const size_t whole_bytes = out.size;
    size_t least_bytes = 0;
    for (size_t limit = 0; limit <= whole_bytes; limit++) {
        buffer_clear(&out);
        buffer_append_text(&out, "before");
        const enum encode_result result = write_limited(notification, limit, &out);
        if (result == ENCODE_DEAD) {
            assert_int_equal(out.size, 6);
            assert_int_equal(least_bytes, 0);
            continue;
        }
        const struct slice written = {.data = out.data + 6, .size = out.size - 6};
        assert_int_equal(result, ENCODE_SEND);
        assert_true(written.size <= limit);
        assert_true(json_check(written, 16, NULL));
        if (least_bytes == 0)
            least_bytes = limit;
    }
    assert_true(least_bytes > 0 && least_bytes < whole_bytes);
    buffer_free(&out);
    notification_free(notification);
}

/* More arguments than any client has: what cannot fit is found out quickly, and what can fits. */
static void test_many_arguments_are_no_burden(void **state) {
    (void)state;
    for (int count = 1000; count <= 100000; count *= 10) {
        struct notification *notification = NULL;
        struct buffer body = {0};
        struct buffer out = {0};
        buffer_append_text(&body, "{\"notification\":{\"event_id\":\"$e\",\"devices\":[{\"app_id\":"
                                  "\"a\",\"pushkey\":\"AAEC\",\"data\":{\"default_payload\":"
                                  "{\"aps\":{\"alert\":{\"loc-args\":[\"x\"");
        for (int i = 1; i < count; i++)
            buffer_append_text(&body, count == 1000 ? ",\"0123456789\"" : ",\"0\"");
        buffer_append_text(&body, "]}}}}}]}}");
        assert_int_equal(notification_parse(buffer_slice(&body), 1, &notification, NULL),
                         NOTIFICATION_OK);
        assert_int_equal(write_limited(notification, 4096, &out),
                         count == 1000 ? ENCODE_SEND : ENCODE_DEAD);
        assert_true(out.size <= 4096);
        notification_free(notification);
        buffer_free(&body);
        buffer_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_longest_text_is_cut_first),
        cmocka_unit_test(test_it_fits_at_every_limit),
        cmocka_unit_test(test_many_arguments_are_no_burden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
