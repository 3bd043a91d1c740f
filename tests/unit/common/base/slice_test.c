#include "common/base/slice.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct slice bytes(const char *data, size_t size) {
    return (struct slice){.data = data, .size = size};
}

static void test_of_text(void **state) {
    (void)state;
    assert_int_equal(slice_of("abc").size, 3);
    assert_int_equal(slice_of("").size, 0);
    assert_non_null(slice_of("").data);
    assert_int_equal(slice_of(NULL).size, 0);
    assert_null(slice_of(NULL).data);
}

static void test_equality_is_of_bytes(void **state) {
    (void)state;
    assert_true(slice_equal(slice_of("a"), slice_of("a")));
    assert_false(slice_equal(slice_of("a"), slice_of("b")));
    assert_false(slice_equal(slice_of("a"), slice_of("ab")));
    assert_true(slice_equal(slice_of(""), slice_of(NULL)));
    assert_true(slice_equal(bytes("a\0b", 3), bytes("a\0b", 3)));
    assert_false(slice_equal(bytes("a\0b", 3), bytes("a\0c", 3)));
    assert_true(slice_is(slice_of("abc"), "abc"));
    assert_false(slice_is(bytes("abc\0", 4), "abc"));
    assert_false(slice_is(slice_of("ABC"), "abc"));
}

static void test_case_is_ignored_in_ascii_only(void **state) {
    (void)state;
    assert_true(slice_is_ignoring_case(slice_of("Retry-After"), "retry-after"));
    assert_true(slice_is_ignoring_case(slice_of(""), ""));
    assert_false(slice_is_ignoring_case(slice_of("Retry"), "retry-after"));
    assert_false(slice_is_ignoring_case(bytes("ab\0d", 4), "abcd"));
    assert_false(slice_is_ignoring_case(slice_of("\xC3\x84"), "\xC3\xA4"));
}

static void test_first_header_of_a_name_wins(void **state) {
    const struct header headers[] = {
        {"Columba-Id", slice_of("1")}, {"columba-id", slice_of("2")}, {"empty", slice_of("")}};

    (void)state;
    assert_true(slice_is(header_find(headers, 3, "columba-id"), "1"));
    assert_non_null(header_find(headers, 3, "EMPTY").data);
    assert_int_equal(header_find(headers, 3, "EMPTY").size, 0);
    assert_null(header_find(headers, 3, "other").data);
    assert_null(header_find(NULL, 0, "other").data);
}

static void test_decimal_numbers(void **state) {
    static const struct {
        const char *text;
        long long number;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"007", 7},
                {"-42", -42},
                {"9223372036854775807", LLONG_MAX},
                {"-9223372036854775808", LLONG_MIN}};
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "- 1",
                                      "--1",
                                      "1.0",
                                      "0x1",
                                      "9223372036854775808",
                                      "1e3",
                                      "ten",
                                      "-9223372036854775809",
                                      "000000000000000000000000000001"};
    long long number = 0;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(slice_to_int64(slice_of(good[i].text), &number));
        assert_true(number == good[i].number);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(slice_to_int64(slice_of(bad[i]), &number));
    assert_false(slice_to_int64(bytes("1\0", 2), &number));
    assert_false(slice_to_int64(bytes("1\0002", 3), &number));
    assert_true(slice_to_int64(bytes("123", 2), &number));
    assert_int_equal(number, 12);
}

static void test_prefix_never_cuts_a_character(void **state) {
    static const struct {
        const char *text;
        size_t limit;
        size_t prefix;
    } cases[] = {
        {"abc", 3, 3},
        {"abc", 9, 3},
        {"abc", 2, 2},
        {"abc", 0, 0},
        {"", 0, 0},
        {"a\xC3\xA4", 2, 1},          /* ä */
        {"a\xC3\xA4", 3, 3},          /* whole */
        {"\xE2\x82\xAC", 2, 0},       /* € */
        {"x\xF0\x9F\x90\xA6y", 4, 1}, /* a bird of four bytes */
        {"x\xF0\x9F\x90\xA6y", 5, 5}, /* and what follows it */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(slice_utf8_prefix(slice_of(cases[i].text), cases[i].limit),
                         cases[i].prefix);
}

static void test_characters_are_counted_whole(void **state) {
    static const struct {
        const char *text;
        size_t count;
        size_t bytes;
    } cases[] = {
        {"", 3, 0},
        {"abc", 0, 0},
        {"abc", 2, 2},
        {"abc", 4, 3},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\xA6x", 1, 2},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\xA6x", 2, 5},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\xA6x", 3, 9},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\xA6x", 9, 10},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(slice_utf8_characters(slice_of(cases[i].text), cases[i].count),
                         cases[i].bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_text),
        cmocka_unit_test(test_equality_is_of_bytes),
        cmocka_unit_test(test_case_is_ignored_in_ascii_only),
        cmocka_unit_test(test_first_header_of_a_name_wins),
        cmocka_unit_test(test_decimal_numbers),
        cmocka_unit_test(test_prefix_never_cuts_a_character),
        cmocka_unit_test(test_characters_are_counted_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
