#include "common/base/json.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { DEPTH_LIMIT = 64 };

static struct json_object *parse(const char *text) {
    return json_parse(slice_of(text), DEPTH_LIMIT, NULL);
}

static void assert_written(const char *text, const char *plain, const char *sorted) {
    struct json_object *tree = parse(text);
    struct buffer out = {0};

    json_write(tree, &out);
    assert_string_equal(buffer_text(&out), plain);
    buffer_clear(&out);
    json_write_sorted(tree, &out);
    assert_string_equal(buffer_text(&out), sorted);
    buffer_free(&out);
    json_object_put(tree);
}

static void test_parse_tells_null_from_nonsense(void **state) {
    bool is_null = true;

    (void)state;
    assert_null(json_parse(slice_of("nul"), DEPTH_LIMIT, &is_null));
    assert_false(is_null);
    assert_null(json_parse(slice_of(" null "), DEPTH_LIMIT, &is_null));
    assert_true(is_null);
    struct json_object *tree = json_parse(slice_of("false"), DEPTH_LIMIT, &is_null);
    assert_non_null(tree);
    assert_false(is_null);
    json_object_put(tree);
}

static void test_parse_takes_values_that_end_the_text(void **state) {
    static const char *const texts[] = {"1",     "-0",    "1.5", "1e3", "true",
                                        "false", "\"a\"", "{}",  "[]"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct json_object *tree = parse(texts[i]);
        assert_non_null(tree);
        json_object_put(tree);
    }
}

static void test_parse_takes_exactly_the_depth_allowed(void **state) {
    (void)state;
    for (int inner = 0; inner < 3; inner++) {
        static const char *const values[] = {"1", "\"a\"", "[]"};
        struct buffer text = {0};
        for (int i = 0; i < DEPTH_LIMIT - (inner == 2); i++)
            buffer_append_text(&text, "[");
        buffer_append_text(&text, values[inner]);
        for (int i = 0; i < DEPTH_LIMIT - (inner == 2); i++)
            buffer_append_text(&text, "]");
        struct json_object *tree = json_parse(buffer_slice(&text), DEPTH_LIMIT, NULL);
        assert_non_null(tree);
        json_object_put(tree);
        assert_null(json_parse(buffer_slice(&text), DEPTH_LIMIT - 1, NULL));
        buffer_free(&text);
    }
}

static void test_writes_what_it_read(void **state) {
    (void)state;
    assert_written("{\"b\":1,\"a\":[{\"z\":null,\"y\":\"/\"}]}",
                   "{\"b\":1,\"a\":[{\"z\":null,\"y\":\"/\"}]}",
                   "{\"a\":[{\"y\":\"/\",\"z\":null}],\"b\":1}");
    assert_written("[1.50,1e999,-0.0,true,18446744073709551615]",
                   "[1.50,1e999,-0.0,true,18446744073709551615]",
                   "[1.50,1e999,-0.0,true,18446744073709551615]");
    assert_written("[\"\\u00e9\\n\\u0001\\u0000\"]", "[\"\xC3\xA9\\n\\u0001\\u0000\"]",
                   "[\"\xC3\xA9\\n\\u0001\\u0000\"]");
    assert_written("{}", "{}", "{}");
    assert_written("null", "null", "null");
}

static void test_takes_what_no_integer_holds(void **state) {
    (void)state;
    assert_written("[99999999999999999999999]", "[18446744073709551615]", "[18446744073709551615]");
    assert_written("[-99999999999999999999999]", "[-9223372036854775808]",
                   "[-9223372036854775808]");
}

static void test_replaces_lone_surrogates(void **state) {
    (void)state;
    assert_written("[\"\\ud800\"]", "[\"\xEF\xBF\xBD\"]", "[\"\xEF\xBF\xBD\"]");
    assert_written("[\"\\udc00x\"]", "[\"\xEF\xBF\xBDx\"]", "[\"\xEF\xBF\xBDx\"]");
    assert_written("[\"\\ud800\\ud83d\\ude00\"]", "[\"\xEF\xBF\xBD\xF0\x9F\x98\x80\"]",
                   "[\"\xEF\xBF\xBD\xF0\x9F\x98\x80\"]");
    assert_written("{\"\\ud800\":1}", "{\"\xEF\xBF\xBD\":1}", "{\"\xEF\xBF\xBD\":1}");
}

static void test_the_last_of_equal_names_counts(void **state) {
    (void)state;
    assert_written("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}", "{\"a\":3,\"b\":2}");
}

static void test_members_of_another_type_are_absent(void **state) {
    struct json_object *tree = parse("{\"text\":\"t\",\"object\":{},\"array\":[],\"null\":null,"
                                     "\"number\":1,\"empty\":\"\"}");

    (void)state;
    assert_true(slice_is(json_member_text(tree, "text"), "t"));
    assert_non_null(json_member_text(tree, "empty").data);
    assert_int_equal(json_member_text(tree, "empty").size, 0);
    assert_null(json_member_text(tree, "number").data);
    assert_null(json_member_text(tree, "null").data);
    assert_null(json_member_text(tree, "absent").data);
    assert_non_null(json_member_object(tree, "object"));
    assert_null(json_member_object(tree, "array"));
    assert_null(json_member_object(tree, "null"));
    assert_non_null(json_member_array(tree, "array"));
    assert_null(json_member_array(tree, "object"));
    assert_null(json_member(json_member(tree, "array"), "text"));
    assert_null(json_member(NULL, "text"));
    json_object_put(tree);
}

static void test_integers_come_in_many_clothes(void **state) {
    static const struct {
        const char *value;
        bool is_integer;
        int64_t number;
    } rows[] = {
        {"7", true, 7},
        {"-7", true, -7},
        {"7.9", true, 7},
        {"-7.9", true, -7},
        {"\"7\"", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"18446744073709551615", true, INT64_MAX},
        {"-99999999999999999999", true, INT64_MIN},
        {"1e15", true, INT64_C(1000000000000000)},
        {"1e999", false, 0},
        {"-1e999", false, 0},
        {"1e17", false, 0},
        {"\"\"", false, 0},
        {"\"7.5\"", false, 0},
        {"\" 7\"", false, 0},
        {"\"99999999999999999999\"", false, 0},
        {"null", false, 0},
        {"true", false, 0},
        {"{}", false, 0},
        {"[7]", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer text = {0};
        buffer_append_format(&text, "{\"n\":%s}", rows[i].value);
        struct json_object *tree = parse(buffer_text(&text));
        int64_t number = 0;
        assert_int_equal(json_member_integer(tree, "n", &number), rows[i].is_integer);
        assert_true(number == rows[i].number);
        json_object_put(tree);
        buffer_free(&text);
    }
}

/* What json-c takes is measured with the allocator; the bound must be one, and not a wild one. */
static void test_the_footprint_is_a_bound(void **state) {
    static const char *const items[] = {"{}",        "[]",    "1",         "\"\"",
                                        "{\"a\":1}", "[1.5]", "[{},[[]]]", "\"0123456789abcdef\""};

    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        struct buffer text = {0};
        struct json_shape shape;
        buffer_append_byte(&text, '[');
        for (int count = 0; count < 20000; count++)
            buffer_append_format(&text, "%s%s", count > 0 ? "," : "", items[i]);
        buffer_append_byte(&text, ']');
        assert_true(json_check(buffer_slice(&text), DEPTH_LIMIT, &shape));
        size_t before = mallinfo2().uordblks;
        struct json_object *tree = json_build(buffer_slice(&text), &shape, NULL);
        size_t taken = mallinfo2().uordblks - before;
        size_t bound = json_footprint_bytes(buffer_slice(&text), &shape);
        /* A sanitizer's allocator is not seen by mallinfo2. */
        if (taken > text.size)
            assert_in_range(bound, taken, 5 * taken);
        json_object_put(tree);
        buffer_free(&text);
    }
}

static void test_members_are_written_but_for_some(void **state) {
    static const char *const some[] = {"b", "d\"", NULL};
    static const char *const none[] = {NULL};
    static const struct {
        const char *json;
        const char *const *left_out;
        const char *expected;
    } cases[] = {
        {"{\"a\":1,\"b\":2,\"c/\":\"\u00e9/\",\"d\\\"\":4,\"e\":null}", some,
         ",\"a\":1,\"c/\":\"\xC3\xA9/\",\"e\":null"},
        {"{\"d\\\"\":{\"b\":[]}}", none, ",\"d\\\"\":{\"b\":[]}"},
        {"{\"b\":1}", some, ""},
        {"{}", none, ""},
        {"[1]", none, ""},
        {"null", none, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_object *tree = json_parse(slice_of(cases[i].json), DEPTH_LIMIT, NULL);
        struct buffer out = {0};
        json_write_members(tree, cases[i].left_out, &out);
        assert_string_equal(buffer_text(&out), cases[i].expected);
        buffer_free(&out);
        json_object_put(tree);
    }
}

static void test_only_true_is_true(void **state) {
    static const char *const values[] = {"false", "null", "1", "\"true\"", "{}", "[true]"};
    struct json_object *tree = json_parse(slice_of("{\"a\":true}"), DEPTH_LIMIT, NULL);

    (void)state;
    assert_true(json_member_is_true(tree, "a"));
    assert_false(json_member_is_true(tree, "b"));
    assert_false(json_member_is_true(NULL, "a"));
    json_object_put(tree);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct buffer text = {0};
        buffer_append_format(&text, "{\"a\":%s}", values[i]);
        tree = json_parse(buffer_slice(&text), DEPTH_LIMIT, NULL);
        assert_false(json_member_is_true(tree, "a"));
        json_object_put(tree);
        buffer_free(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_tells_null_from_nonsense),
        cmocka_unit_test(test_parse_takes_values_that_end_the_text),
        cmocka_unit_test(test_parse_takes_exactly_the_depth_allowed),
        cmocka_unit_test(test_writes_what_it_read),
        cmocka_unit_test(test_takes_what_no_integer_holds),
        cmocka_unit_test(test_replaces_lone_surrogates),
        cmocka_unit_test(test_the_last_of_equal_names_counts),
        cmocka_unit_test(test_members_of_another_type_are_absent),
        cmocka_unit_test(test_members_are_written_but_for_some),
        cmocka_unit_test(test_only_true_is_true),
        cmocka_unit_test(test_the_footprint_is_a_bound),
        cmocka_unit_test(test_integers_come_in_many_clothes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
