#include "common/push/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char id[] = "0b51ee66-c2f4-4f3a-8a4e-0c7a1c2d3e4f";
static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

static struct record_meta read_one(const char *name, const char *value) {
    const struct header header = {.name = name, .value = slice_of(value)};
    struct record_meta meta;

    memset(&meta, 0x55, sizeof meta);
    record_meta_read(&header, 1, &meta);
    return meta;
}

static void assert_defaults(const struct record_meta *meta) {
    assert_int_equal(meta->version, 1);
    assert_string_equal(meta->id, "");
    assert_false(meta->is_traced);
    assert_true(meta->accepted_ms == 0);
    assert_true(meta->attempt == 0);
    assert_string_equal(meta->reason, "");
}

static void test_key_parts_are_told_apart(void **state) {
    struct buffer key = {0};

    (void)state;
    record_key_write(slice_of("im.example.app"), slice_of("key"), &key);
    assert_int_equal(key.size, 18);
    assert_memory_equal(key.data, "im.example.app\0key", 18);
    buffer_free(&key);
}

static void test_a_record_without_headers_has_defaults(void **state) {
    struct record_meta meta;

    (void)state;
    memset(&meta, 0x55, sizeof meta);
    record_meta_read(NULL, 0, &meta);
    assert_defaults(&meta);
    meta = read_one("x-unknown", "1");
    assert_defaults(&meta);
}

static void test_malformed_headers_are_absent(void **state) {
    static const struct {
        const char *name;
        const char *value;
    } rows[] = {
        {"columba-version", ""},
        {"columba-version", "0"},
        {"columba-version", "-1"},
        {"columba-version", "1.0"},
        {"columba-version", "one"},
        {"columba-version", "99999999999"},
        {"columba-accepted", "-5"},
        {"columba-accepted", "253402300800000"},
        {"columba-accepted", "9223372036854775808"},
        {"columba-accepted", "12 "},
        {"columba-attempt", "-1"},
        {"columba-attempt", "2147483648"},
        {"columba-attempt", "0x1"},
        {"columba-id", "0b51ee66-c2f4-4f3a-8a4e-0c7a1c2d3e4"},
        {"columba-id", "0b51ee66-c2f4-4f3a-8a4e-0c7a1c2d3e4f0"},
        {"columba-id", "0B51EE66-C2F4-4F3A-8A4E-0C7A1C2D3E4F"},
        {"columba-id", "0b51ee66xc2f4-4f3a-8a4e-0c7a1c2d3e4f"},
        {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"},
        {"traceparent", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
        {"traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"},
        {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"},
        {"traceparent", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"},
        {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x"},
        {"columba-reason", "a\nb"},
        {"columba-reason", "\xC3\xA9"},
        {"columba-reason", "0123456789012345678901234567890123456789012345678901234567890123"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct record_meta meta = read_one(rows[i].name, rows[i].value);
        assert_defaults(&meta);
    }
}

static void test_a_nul_in_a_header_makes_it_malformed(void **state) {
    const struct header headers[] = {
        {"columba-attempt", {.data = "1\0", .size = 2}},
        {"columba-reason", {.data = "a\0b", .size = 3}},
    };
    struct record_meta meta;

    (void)state;
    record_meta_read(headers, 2, &meta);
    assert_defaults(&meta);
}

static void test_limits_are_still_read(void **state) {
    (void)state;
    assert_int_equal(read_one("columba-version", "2147483647").version, INT32_MAX);
    assert_true(read_one("columba-accepted", "253402300799999").accepted_ms ==
                INT64_C(253402300799999));
    assert_int_equal(read_one("columba-attempt", "2147483647").attempt, INT32_MAX);
    assert_int_equal(
        strlen(read_one("columba-reason",
                        "012345678901234567890123456789012345678901234567890123456789012")
                   .reason),
        RECORD_REASON_SIZE - 1);
}

static void test_a_first_record_says_only_what_is_so(void **state) {
    struct record_meta meta = {.version = RECORD_VERSION};
    struct record_scratch scratch;
    struct header headers[RECORD_HEADERS_MAX];

    (void)state;
    memcpy(meta.id, id, sizeof id);
    assert_int_equal(record_meta_write(&meta, &scratch, headers), 2);
    assert_string_equal(headers[0].name, "columba-version");
    assert_true(slice_is(headers[0].value, "1"));
    assert_string_equal(headers[1].name, "columba-id");
    assert_true(slice_is(headers[1].value, id));
}

static void test_a_copy_says_everything_and_is_read_back(void **state) {
    struct record_meta meta = {.version = 2,
                               .accepted_ms = INT64_C(1700000000123),
                               .attempt = 3,
                               .reason = "fcm QUOTA_EXCEEDED"};
    struct record_scratch scratch;
    struct header headers[RECORD_HEADERS_MAX];
    struct record_meta again;

    (void)state;
    memcpy(meta.id, id, sizeof id);
    meta.is_traced = trace_context_parse(slice_of(trace), &meta.trace);
    size_t count = record_meta_write(&meta, &scratch, headers);
    assert_int_equal(count, 6);
    assert_true(slice_is(header_find(headers, count, "columba-accepted"), "1700000000123"));
    assert_true(slice_is(header_find(headers, count, "columba-attempt"), "3"));
    record_meta_read(headers, count, &again);
    assert_int_equal(again.version, 2);
    assert_string_equal(again.id, id);
    assert_true(slice_is(header_find(headers, count, "traceparent"), trace));
    assert_true(again.is_traced);
    assert_memory_equal(&again.trace, &meta.trace, sizeof meta.trace);
    assert_true(again.accepted_ms == meta.accepted_ms);
    assert_true(again.attempt == 3);
    assert_string_equal(again.reason, meta.reason);
}

static void test_what_others_said_stays(void **state) {
    const struct header headers[] = {
        {"stranger", {.data = "1\0", .size = 2}}, {"Columba-Version", slice_of("2")},
        {"columba-since-2", slice_of("x")},       {"traceparent", slice_of(trace)},
        {"columba-attempt", slice_of("7")},       {"stranger", slice_of("")},
    };
    const struct record_meta meta = {.version = 2, .attempt = 8};
    struct record_scratch scratch;
    size_t count = 0;

    (void)state;
    struct header *copy =
        record_copy_headers(&meta, &scratch, headers, sizeof headers / sizeof *headers, &count);
    assert_int_equal(count, 5);
    assert_true(slice_is(header_find(copy, count, "columba-version"), "2"));
    assert_true(slice_is(header_find(copy, count, "columba-attempt"), "8"));
    assert_string_equal(copy[2].name, "stranger");
    assert_int_equal(copy[2].value.size, 2);
    assert_string_equal(copy[3].name, "columba-since-2");
    assert_string_equal(copy[4].name, "stranger");
    free(copy);
    copy = record_copy_headers(&meta, &scratch, NULL, 0, &count);
    assert_int_equal(count, 2);
    free(copy);
}

static void test_an_id_is_a_random_uuid(void **state) {
    static const unsigned char zeros[16] = {0};
    unsigned char ones[16];
    char text[RECORD_ID_SIZE];

    (void)state;
    memset(ones, 0xFF, sizeof ones);
    record_id_format(zeros, text);
    assert_string_equal(text, "00000000-0000-4000-8000-000000000000");
    record_id_format(ones, text);
    assert_string_equal(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert_string_equal(read_one("columba-id", text).id, text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_parts_are_told_apart),
        cmocka_unit_test(test_a_record_without_headers_has_defaults),
        cmocka_unit_test(test_malformed_headers_are_absent),
        cmocka_unit_test(test_a_nul_in_a_header_makes_it_malformed),
        cmocka_unit_test(test_limits_are_still_read),
        cmocka_unit_test(test_a_first_record_says_only_what_is_so),
        cmocka_unit_test(test_a_copy_says_everything_and_is_read_back),
        cmocka_unit_test(test_what_others_said_stays),
        cmocka_unit_test(test_an_id_is_a_random_uuid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
