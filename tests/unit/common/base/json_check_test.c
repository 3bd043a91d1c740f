#include "common/base/json_check.h"

#include "common/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEPTH_LIMIT = 8 };

/* From memory of just that size, so that a sanitizer sees a byte read behind it. */
static bool check_bytes(const char *bytes, size_t size, struct json_shape *shape) {
    char *copy = memory_new(size);

    memcpy(copy, bytes, size);
    bool valid = json_check((struct slice){.data = copy, .size = size}, DEPTH_LIMIT, shape);
    free(copy);
    return valid;
}

static void assert_json(const char *text, bool expected) {
    if (check_bytes(text, strlen(text), NULL) != expected)
        fail_msg("%s: expected to be %s", text, expected ? "JSON" : "no JSON");
}

static void test_takes_the_grammar(void **state) {
    static const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "12",
        "-1.5e+10",
        "1E-2",
        "0.0",
        "123456789012345678901234567890",
        "1e999",
        "\"\"",
        "[]",
        "{}",
        " \t\r\n[ 1 , [ ] , { } ] \n",
        "{\"a\":{\"b\":[null,true,false,\"c\"]},\"a\":1}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "\"\x7F\"",
        "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_json(texts[i], true);
}

static void test_refuses_what_is_not_the_grammar(void **state) {
    static const char *const texts[] = {
        "",         " ",          "nul",         "nulll",     "NULL",
        "True",     "NaN",        "Infinity",    "-Infinity", "01",
        "00.5",     "-",          "+1",          ".5",        "1.",
        "1.e5",     "1e",         "1e+",         "0x10",      "1 2",
        "[",        "]",          "[1",          "[1,",       "[1,]",
        "[,1]",     "[1 2]",      "{",           "{,}",       "{\"a\"}",
        "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}",   "{a:1}",     "{'a':1}",
        "{1:1}",    "'a'",        "\"",          "\"a",       "\"\\",
        "\"\\x\"",  "\"\\u12\"",  "\"\\u12g4\"", "\"\\u",     "\"a\tb\"",
        "\"a\nb\"", "\"\x1F\"",   "[1]//",       "/**/[1]",   "[1]x",
        "{}{}",     "[\v]",       "[}",          "{\"a\":1]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_json(texts[i], false);
}

static void test_refuses_broken_utf8(void **state) {
    static const char *const texts[] = {
        "\"\x80\"",             /* a continuation alone */
        "\"\xC3\"",             /* cut off */
        "\"\xC0\x80\"",         /* an overlong NUL */
        "\"\xC1\xBF\"",         /* overlong */
        "\"\xE0\x9F\xBF\"",     /* overlong */
        "\"\xED\xA0\x80\"",     /* a surrogate */
        "\"\xE2\x82\"",         /* cut off */
        "\"\xF0\x8F\xBF\xBF\"", /* overlong */
        "\"\xF4\x90\x80\x80\"", /* beyond U+10FFFF */
        "\"\xF5\x80\x80\x80\"",
        "\"\xFF\"",
        "\xEF\xBB\xBF{}",
        "{}\xEF\xBB\xBF",
        "{\"\xC3\":1}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_json(texts[i], false);
}

static void test_refuses_a_nul_anywhere(void **state) {
    static const char text[] = "{\"a\":[1,true,\"b\"]}";

    (void)state;
    for (size_t i = 0; i <= sizeof text - 1; i++) {
        char bytes[sizeof text];
        memcpy(bytes, text, i);
        bytes[i] = '\0';
        memcpy(bytes + i + 1, text + i, sizeof text - 1 - i);
        assert_false(check_bytes(bytes, sizeof bytes, NULL));
    }
}

static void test_refuses_every_part_of_a_value(void **state) {
    static const char text[] =
        "{\"a\":[-1.5e3,true,false,null,\"\\u00e9\\n\xC3\xA9\"],\"b\":{\"c\":[]}}";

    (void)state;
    assert_true(check_bytes(text, sizeof text - 1, NULL));
    for (size_t size = 0; size < sizeof text - 1; size++)
        assert_false(check_bytes(text, size, NULL));
}

static void test_says_the_shape(void **state) {
    static const struct {
        const char *text;
        struct json_shape shape;
    } rows[] = {
        {"1", {.depth = 0, .object_count = 0, .value_count = 1}},
        {"[]", {.depth = 1, .object_count = 0, .value_count = 1}},
        {"{}", {.depth = 1, .object_count = 1, .value_count = 1}},
        {"{\"a\":\"b\",\"c\":null}", {.depth = 1, .object_count = 1, .value_count = 3}},
        {"[[],{\"a\":[1]},[{}]]", {.depth = 3, .object_count = 2, .value_count = 7}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_shape shape;
        assert_true(check_bytes(rows[i].text, strlen(rows[i].text), &shape));
        assert_int_equal(shape.depth, rows[i].shape.depth);
        assert_int_equal(shape.object_count, rows[i].shape.object_count);
        assert_int_equal(shape.value_count, rows[i].shape.value_count);
    }
}

static void test_refuses_what_is_nested_too_deep(void **state) {
    (void)state;
    assert_json("[[[[[[[[1]]]]]]]]", true);
    assert_json("[[[[[[[[[]]]]]]]]]", false);
    assert_json("[{\"a\":[{\"a\":[{\"a\":[{\"a\":1}]}]}]}]", true);
    assert_json("[{\"a\":[{\"a\":[{\"a\":[{\"a\":[]}]}]}]}]", false);
    assert_false(json_check(slice_of("[]"), 0, NULL));
    assert_true(json_check(slice_of("1"), 0, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_the_grammar),
        cmocka_unit_test(test_refuses_what_is_not_the_grammar),
        cmocka_unit_test(test_refuses_broken_utf8),
        cmocka_unit_test(test_refuses_a_nul_anywhere),
        cmocka_unit_test(test_refuses_every_part_of_a_value),
        cmocka_unit_test(test_says_the_shape),
        cmocka_unit_test(test_refuses_what_is_nested_too_deep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
