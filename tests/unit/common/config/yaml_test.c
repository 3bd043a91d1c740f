#include "common/config/yaml.h"

#include "common/base/json.h"
#include "tests/unit/common/base/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct yaml_tree *read_tree(const char *text) {
    struct error error = {0};
    struct yaml_tree *tree = yaml_tree_parse("file.yaml", slice_of(text), &error);

    if (tree == NULL)
        fail_msg("%s\n%s", error.text, text);
    return tree;
}

static void assert_refused(struct slice text, const char *expected) {
    struct error error = {0};

    assert_null(yaml_tree_parse("file.yaml", text, &error));
    assert_string_equal(error.text, expected);
}

static void assert_json(const char *text, const char *expected) {
    struct yaml_tree *tree = read_tree(text);
    struct json_object *json = NULL;
    struct buffer out = {0};
    struct error error = {0};

    if (!yaml_to_json(yaml_tree_root(tree), &json, &error))
        fail_msg("%s\n%s", error.text, text);
    json_write(json, &out);
    assert_string_equal(buffer_text(&out), expected);
    buffer_free(&out);
    json_object_put(json);
    yaml_tree_free(tree);
}

static void test_a_tree_knows_keys_and_lines(void **state) {
    struct yaml_tree *tree = read_tree("# first\na:\n  b: [x, 'y']\n  c:\n    \"d\"\n");
    const struct yaml_node *a = yaml_member(yaml_tree_root(tree), "a");
    const struct yaml_node *b = yaml_member(a, "b");
    const struct yaml_node *c = yaml_member(a, "c");
    struct error error = {0};

    (void)state;
    assert_int_equal(a->kind, YAML_MAP);
    assert_int_equal(a->line, 2);
    assert_int_equal(b->kind, YAML_LIST);
    assert_int_equal(b->line, 3);
    assert_int_equal(b->count, 2);
    assert_string_equal(b->children[0].text, "x");
    assert_true(b->children[0].plain);
    assert_false(b->children[1].plain);
    assert_string_equal(c->text, "d");
    assert_int_equal(c->line, 4);
    assert_false(yaml_refuse(&b->children[1], &error, "is %s", "wrong"));
    assert_string_equal(error.text, "file.yaml:3: a.b[1]: is wrong");
    assert_false(yaml_refuse_member(a, "e", &error, "is missing"));
    assert_string_equal(error.text, "file.yaml:2: a.e: is missing");
    assert_false(yaml_refuse(yaml_tree_root(tree), &error, "is odd"));
    assert_string_equal(error.text, "file.yaml:1: is odd");
    yaml_tree_free(tree);
    yaml_tree_free(NULL);
}

static void test_absent_members(void **state) {
    struct yaml_tree *tree = read_tree("a:\nb: ~\nc: null\nd: 'null'\ne: ''\nf: [x]\ng: NULL\n");
    const struct yaml_node *root = yaml_tree_root(tree);

    (void)state;
    assert_null(yaml_member(root, "a"));
    assert_null(yaml_member(root, "b"));
    assert_null(yaml_member(root, "c"));
    assert_null(yaml_member(root, "g"));
    assert_null(yaml_member(root, "none"));
    assert_non_null(yaml_member(root, "d"));
    assert_non_null(yaml_member(root, "e"));
    assert_null(yaml_member(yaml_member(root, "f"), "x"));
    assert_null(yaml_member(NULL, "x"));
    yaml_tree_free(tree);
}

static void test_empty_documents_are_empty_maps(void **state) {
    static const char *const empty[] = {"", "# nothing\n", "---\n", "\n\n"};

    (void)state;
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        struct yaml_tree *tree = read_tree(empty[i]);
        assert_int_equal(yaml_tree_root(tree)->count, 0);
        yaml_tree_free(tree);
    }
    assert_null(yaml_tree_parse("file.yaml", (struct slice){.data = "\0", .size = 1}, NULL));
}

static void test_refused_documents(void **state) {
    static const struct {
        const char *text;
        const char *error;
    } cases[] = {
        {"a: 1\nb: 2\na: 3\n",
         "file.yaml:3: a: is there twice (first in line 1), expected it once"},
        {"x: {a: 1, 'a': 2}\n",
         "file.yaml:1: x.a: is there twice (first in line 1), expected it once"},
        {"a: 1\n---\nb: 2\n", "file.yaml:3: a second document, expected one"},
        {"a: 1\n---\n}\n", "file.yaml:3: not YAML: did not find expected node content"},
        {"a: !secret x\n", "file.yaml:1: a: has a YAML tag, expected none"},
        {"a: !!int '1'\n", "file.yaml:1: a: has a YAML tag, expected none"},
        {"[x]: 1\n", "file.yaml:1: ?: is not a key, expected text"},
        {"a: \"x\\0y\"\n", "file.yaml:1: a: holds a NUL byte, expected text"},
        {"\"x\\0y\": 1\n", "file.yaml:1: ?: is not a key, expected text"},
        {"a: ${}\n", "file.yaml:1: a: has a malformed variable, expected ${NAME} or "
                     "${NAME:-default} ($$ writes one dollar)"},
        {"a: 1\n b: 2\n", "file.yaml:2: not YAML: mapping values are not allowed in this context"},
        {"a: [1\n", "file.yaml:2: not YAML: did not find expected ',' or ']'"},
        {"a: *x\n", "file.yaml:1: not YAML: found undefined alias"},
        {"a: \xff\n", "file.yaml: byte 3: not YAML: invalid leading UTF-8 octet, expected UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(slice_of(cases[i].text), cases[i].error);
}

static void test_control_bytes_in_a_key_stay_on_the_line(void **state) {
    (void)state;
    assert_refused(slice_of("\"a\\nb\": !x y\n"),
                   "file.yaml:1: a\\nb: has a YAML tag, expected none");
}

static void test_aliases_are_copies_within_bounds(void **state) {
    struct yaml_tree *tree = read_tree("a: &x {k: v}\nb: *x\n");
    struct buffer text = {0};
    struct error error = {0};

    (void)state;
    const struct yaml_node *b = yaml_member(yaml_tree_root(tree), "b");
    assert_string_equal(yaml_member(b, "k")->text, "v");
    yaml_refuse(yaml_member(b, "k"), &error, "is here");
    assert_string_equal(error.text, "file.yaml:1: b.k: is here");
    yaml_tree_free(tree);
    assert_null(yaml_tree_parse("file.yaml", slice_of("a: &x [*x]\n"), &error));
    assert_non_null(strstr(error.text, "is nested too deep, expected at most 32 levels"));
    buffer_append_text(&text, "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 9; i++)
        buffer_append_format(
            &text, "l%d: &l%d [*l%d, *l%d, *l%d, *l%d, *l%d, *l%d, *l%d, *l%d, *l%d, *l%d]\n", i, i,
            i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    assert_null(yaml_tree_parse("file.yaml", buffer_slice(&text), &error));
    assert_non_null(strstr(error.text, "makes the file too large, expected at most 50000 values"));
    buffer_free(&text);
}

static void test_environment_makes_no_structure(void **state) {
    struct yaml_tree *tree = NULL;

    (void)state;
    setenv("COLUMBA_TEST_YAML", "[a, b]: {c: d}", 1);
    tree = read_tree("a: ${COLUMBA_TEST_YAML}\n${KEY}: 1\n");
    assert_string_equal(yaml_member(yaml_tree_root(tree), "a")->text, "[a, b]: {c: d}");
    assert_non_null(yaml_member(yaml_tree_root(tree), "${KEY}"));
    yaml_tree_free(tree);
}

static void test_json_types_by_the_core_schema(void **state) {
    (void)state;
    assert_json("[null, Null, NULL, ~, ]", "[null,null,null,null]");
    assert_json("{a: }", "{\"a\":null}");
    assert_json("[true, True, TRUE, false, False, FALSE]", "[true,true,true,false,false,false]");
    assert_json("[yes, No, on, off, y, nULL, tRUE]",
                "[\"yes\",\"No\",\"on\",\"off\",\"y\",\"nULL\",\"tRUE\"]");
    assert_json("[0, -1, +2, 007, 0o17, 0x1F]", "[0,-1,2,7,15,31]");
    assert_json("[9223372036854775807, -9223372036854775808]",
                "[9223372036854775807,-9223372036854775808]");
    assert_json("[0.1, -1.5, +.5, 1., 1e3, 1.5E-2, 0.30000000000000004]",
                "[0.1,-1.5,0.5,1,1000,0.015,0.30000000000000004]");
    assert_json("[1_000, 0b1, 1e, -, +, ., e3, 0x, 0o8, 1.2.3, 12:30, -0x1]",
                "[\"1_000\",\"0b1\",\"1e\",\"-\",\"+\",\".\",\"e3\",\"0x\",\"0o8\",\"1.2.3\","
                "\"12:30\",\"-0x1\"]");
    assert_json("['1', \"true\", '', 'null', \"a\\nb\"]",
                "[\"1\",\"true\",\"\",\"null\",\"a\\nb\"]");
    assert_json("{1: {true: []}}", "{\"1\":{\"true\":[]}}");
    setenv("COLUMBA_TEST_NUMBER", "5", 1);
    assert_json("a: ${COLUMBA_TEST_NUMBER}\nb: '${COLUMBA_TEST_NUMBER}'\n",
                "{\"a\":5,\"b\":\"5\"}");
}

static void test_numbers_that_json_cannot_hold(void **state) {
    static const char *const bad[] = {"9223372036854775808",
                                      "-9223372036854775809",
                                      "0xffffffffffffffff",
                                      "1e999",
                                      ".inf",
                                      "-.Inf",
                                      "+.INF",
                                      ".nan",
                                      ".NaN",
                                      ".NAN"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buffer text = {0};
        struct json_object *json = NULL;
        struct error error = {0};
        buffer_append_format(&text, "a: {b: [x, %s]}\n", bad[i]);
        struct yaml_tree *tree = read_tree(buffer_text(&text));
        assert_false(yaml_to_json(yaml_tree_root(tree), &json, &error));
        assert_null(json);
        assert_non_null(strstr(error.text, "file.yaml:1: a.b[1]: is a number that JSON cannot "));
        yaml_tree_free(tree);
        buffer_free(&text);
    }
}

static void test_warning_in_the_log(void **state) {
    struct yaml_tree *tree = read_tree("\na:\n  b: 1\n");
    struct capture capture = capture_start();
    struct buffer text = {0};
    int64_t line = 0;

    (void)state;
    yaml_warn(yaml_member(yaml_member(yaml_tree_root(tree), "a"), "b"), "odd", "because");
    yaml_tree_log_warnings(tree);
    capture_stop(&capture, &text);
    struct json_object *fields = json_parse(buffer_slice(&text), 2, NULL);
    assert_true(slice_is(json_member_text(fields, "level"), "warning"));
    assert_true(slice_is(json_member_text(fields, "event"), "odd"));
    assert_true(slice_is(json_member_text(fields, "file"), "file.yaml"));
    assert_true(slice_is(json_member_text(fields, "key"), "a.b"));
    assert_true(slice_is(json_member_text(fields, "reason"), "because"));
    assert_true(json_member_integer(fields, "line", &line) && line == 3);
    json_object_put(fields);
    buffer_free(&text);
    yaml_tree_free(tree);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_tree_knows_keys_and_lines),
        cmocka_unit_test(test_absent_members),
        cmocka_unit_test(test_empty_documents_are_empty_maps),
        cmocka_unit_test(test_refused_documents),
        cmocka_unit_test(test_control_bytes_in_a_key_stay_on_the_line),
        cmocka_unit_test(test_aliases_are_copies_within_bounds),
        cmocka_unit_test(test_environment_makes_no_structure),
        cmocka_unit_test(test_json_types_by_the_core_schema),
        cmocka_unit_test(test_numbers_that_json_cannot_hold),
        cmocka_unit_test(test_warning_in_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
