#include "common/base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_escaped(struct slice text, const char *expected) {
    struct buffer buffer = {0};

    buffer_append_json_escaped(&buffer, text);
    assert_string_equal(buffer_text(&buffer), expected);
    buffer_free(&buffer);
}

static void test_empty_is_valid(void **state) {
    struct buffer buffer = {0};

    (void)state;
    assert_int_equal(buffer_slice(&buffer).size, 0);
    buffer_append(&buffer, (struct slice){0});
    buffer_append_text(&buffer, NULL);
    buffer_append_format(&buffer, "%s", "");
    assert_int_equal(buffer.size, 0);
    assert_string_equal(buffer_text(&buffer), "");
    buffer_free(&buffer);
    buffer_free(&buffer);
}

static void test_grows_over_many_appends(void **state) {
    struct buffer buffer = {0};

    (void)state;
    for (int i = 0; i < 10000; i++)
        buffer_append_byte(&buffer, (char)('a' + i % 26));
    assert_int_equal(buffer.size, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buffer.data[i], 'a' + i % 26);
    buffer_free(&buffer);
}

static void test_text_is_terminated_at_every_size(void **state) {
    struct buffer buffer = {0};

    (void)state;
    for (size_t size = 0; size < 300; size++) {
        assert_int_equal(strlen(buffer_text(&buffer)), size);
        assert_int_equal(buffer.size, size);
        buffer_append_byte(&buffer, 'x');
    }
    buffer_free(&buffer);
}

static void test_format_of_any_length(void **state) {
    char padding[200];
    struct buffer buffer = {0};

    (void)state;
    memset(padding, 'p', sizeof padding - 1);
    padding[sizeof padding - 1] = '\0';
    for (int length = 0; length < 200; length++) {
        buffer_clear(&buffer);
        buffer_append_text(&buffer, "<");
        buffer_append_format(&buffer, "%.*s|%d", length, padding, length);
        assert_int_equal(strspn(buffer_text(&buffer) + 1, "p"), length);
        assert_int_equal(strtol(strchr(buffer_text(&buffer), '|') + 1, NULL, 10), length);
    }
    buffer_free(&buffer);
}

static void test_clear_keeps_the_memory(void **state) {
    struct buffer buffer = {0};

    (void)state;
    buffer_append_text(&buffer, "something");
    const char *memory = buffer.data;
    buffer_clear(&buffer);
    assert_int_equal(buffer.size, 0);
    buffer_append_text(&buffer, "other");
    assert_ptr_equal(buffer.data, memory);
    assert_string_equal(buffer_text(&buffer), "other");
    buffer_free(&buffer);
}

static void test_json_escapes(void **state) {
    (void)state;
    assert_escaped(slice_of(""), "");
    assert_escaped(slice_of("plain / text"), "plain / text");
    assert_escaped(slice_of("\"\\\b\t\n\f\r"), "\\\"\\\\\\b\\t\\n\\f\\r");
    assert_escaped(slice_of("\x01\x1f\x7f"), "\\u0001\\u001f\\u007f");
    assert_escaped((struct slice){.data = "a\0b", .size = 3}, "a\\u0000b");
}

static void test_json_keeps_whole_utf8(void **state) {
    /* The first and the last of each length, and around the surrogates. */
    static const char *const whole[] = {"\xC2\x80",         "\xDF\xBF",        "\xE0\xA0\x80",
                                        "\xED\x9F\xBF",     "\xEE\x80\x80",    "\xEF\xBF\xBF",
                                        "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"};

    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        assert_escaped(slice_of(whole[i]), whole[i]);
}

static void test_json_replaces_broken_utf8_byte_by_byte(void **state) {
    static const struct {
        const char *text;
        size_t replaced;
    } broken[] = {
        {"\x80", 1},             /* a continuation alone */
        {"\xC0\xAF", 2},         /* overlong */
        {"\xE0\x9F\xBF", 3},     /* overlong */
        {"\xED\xA0\x80", 3},     /* a surrogate */
        {"\xF0\x8F\xBF\xBF", 4}, /* overlong */
        {"\xF4\x90\x80\x80", 4}, /* above U+10FFFF */
        {"\xF5\x80\x80\x80", 4}, /* no such first byte */
        {"\xC3", 1},             /* cut */
        {"\xE2\x82", 2},         /* cut */
        {"\xF0\x9F\x90", 3},     /* cut */
        {"\xFF", 1},
    };
    char expected[32];

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        expected[0] = '\0';
        for (size_t n = 0; n < broken[i].replaced; n++)
            strcat(expected, "\xEF\xBF\xBD");
        assert_escaped(slice_of(broken[i].text), expected);
    }
    assert_escaped(slice_of("\xE2\x82\""), "\xEF\xBF\xBD\xEF\xBF\xBD\\\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_is_valid),
        cmocka_unit_test(test_grows_over_many_appends),
        cmocka_unit_test(test_text_is_terminated_at_every_size),
        cmocka_unit_test(test_format_of_any_length),
        cmocka_unit_test(test_clear_keeps_the_memory),
        cmocka_unit_test(test_json_escapes),
        cmocka_unit_test(test_json_keeps_whole_utf8),
        cmocka_unit_test(test_json_replaces_broken_utf8_byte_by_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
