#include "common/config/yaml_writer.h"
#include "tests/unit/common/config/parse.h"

static struct yaml_tree *read_back(struct yaml_writer *writer, bool literal) {
    struct error error = {0};
    struct yaml_tree *tree =
        yaml_tree_read(&(struct yaml_source){.name = "written",
                                             .text = buffer_slice(&writer->text),
                                             .literal = literal,
                                             .lines = writer->lines,
                                             .line_count = writer->line_count},
                       &error);

    if (tree == NULL)
        fail_msg("%s\n%s", error.text, buffer_text(&writer->text));
    return tree;
}

/* ---- Texts ---- */

static void assert_comes_back(const char *text) {
    struct yaml_writer writer = {0};

    yaml_writer_text(&writer, text[0] == '\0' ? "k" : text, text, 7);
    struct yaml_tree *tree = read_back(&writer, false);
    const struct yaml_node *root = yaml_tree_root(tree);
    assert_int_equal(root->count, 1);
    assert_string_equal(root->children[0].key, text[0] == '\0' ? "k" : text);
    assert_string_equal(root->children[0].text, text);
    assert_false(root->children[0].plain);
    assert_int_equal(root->children[0].line, 7);
    yaml_tree_free(tree);
    yaml_writer_free(&writer);
}

static void test_any_text_comes_back(void **state) {
    static const char *const texts[] = {
        "",
        " ",
        "null",
        "- a",
        "a: b",
        "a #b",
        "*a",
        "&a",
        "!a",
        "{a",
        "[a",
        "%a",
        "---",
        "...",
        "<<",
        "$",
        "$$",
        "${HOME}",
        "$${",
        "a\\b\"c'd",
        "line\nbreak\r\n\ttab",
        "\xc2\x80\xc2\x85\xc2\x9f\xc2\xa0", /* the controls above ASCII, and no-break */
        "\xe2\x80\xa8\xe2\x80\xa9",         /* line and paragraph separators */
        "\xef\xbb\xbf\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf", /* byte order mark, replacement, no
                                                               characters */
        "\xf0\x9f\x98\x80 \xe9\xb3\xa9",
    };
    char byte[2] = {0};
    (void)state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_comes_back(texts[i]);
    for (int i = 1; i < 0x80; i++) {
        byte[0] = (char)i;
        assert_comes_back(byte);
    }
}

/* ---- Trees ---- */

static void assert_same(const struct yaml_node *one, const struct yaml_node *other) {
    assert_int_equal(one->kind, other->kind);
    assert_int_equal(one->count, other->count);
    assert_int_equal(one->line, other->line);
    if (one->key != NULL)
        assert_string_equal(one->key, other->key);
    if (one->kind == YAML_TEXT && !yaml_is_null(one)) {
        assert_string_equal(one->text, other->text);
        assert_int_equal(one->plain, other->plain);
    }
    assert_int_equal(yaml_is_null(one), yaml_is_null(other));
    for (size_t i = 0; i < one->count; i++)
        assert_same(&one->children[i], &other->children[i]);
}

static void test_a_comment_has_nothing_that_ends_it_or_is_no_text(void **state) {
    struct yaml_writer writer = {0};
    char long_text[1000] = "";
    (void)state;

    yaml_writer_comment(&writer, "%s",
                        "a\nb\tc\x7f \xc2\x8f \xe2\x80\xa8 \xef\xbb\xbf \xc3\xa9 \xff");
    assert_true(slice_is(buffer_slice(&writer.text), "# a?b?c? ?? ??? ??? \xc3\xa9 ?\n"));
    writer.text.size = 0;
    for (size_t i = 0; i + 3 < sizeof long_text; i += 3)
        strcat(long_text, "\xe2\x82\xac");
    yaml_writer_comment(&writer, "%s", long_text);
    struct yaml_tree *again = read_back(&writer, true);
    yaml_tree_free(again);
    yaml_writer_free(&writer);
}

static void test_any_tree_comes_back_with_its_lines(void **state) {
    static const char yaml[] = "a: {b: [1, two, 'three', [], {}, [[x], {y: z}]],\n"
                               "  c: ~, d: null, e: '', f: 'null', \"g h\": '${HOME}',\n"
                               "  i: \"$$\", j: 'it''s', k: a'b, l: http://h:1/?q=1&r#x}\n"
                               "\n"
                               "v: ${HOME}\n"
                               "m:\n"
                               "  - n: 1\n"
                               "    o: |\n"
                               "      two\n"
                               "      lines\n"
                               "  - plain over\n"
                               "    two lines\n";
    struct error error = {0};
    struct yaml_writer writer = {0};
    const struct yaml_source source = {.name = "f", .text = slice_of(yaml), .literal = true};
    (void)state;

    struct yaml_tree *tree = yaml_tree_read(&source, &error);
    assert_non_null(tree);
    const struct yaml_node *root = yaml_tree_root(tree);
    yaml_writer_comment(&writer, "a %s", "comment\nof one line");
    yaml_writer_comment(&writer, "%s", "");
    for (size_t i = 0; i < root->count; i++)
        yaml_writer_node(&writer, root->children[i].key, &root->children[i], YAML_WORDS_OURS);
    struct yaml_tree *again = read_back(&writer, true);
    assert_same(root, yaml_tree_root(again));
    yaml_tree_free(again);
    yaml_tree_free(tree);
    yaml_writer_free(&writer);
}

static void test_literal_words_are_those_of_yaml_1_1(void **state) {
    static const char yaml[] = "{a: yes, b: 'yes', c: Off, d: yesterday, e: $x, f: '${HOME}'}";
    struct error error = {0};
    struct yaml_writer writer = {0};
    const struct yaml_source source = {.name = "f", .text = slice_of(yaml), .literal = true};
    (void)state;

    struct yaml_tree *tree = yaml_tree_read(&source, &error);
    assert_non_null(tree);
    yaml_writer_node(&writer, "k", yaml_tree_root(tree), YAML_WORDS_LITERAL);
    assert_string_equal(buffer_text(&writer.text), "k:\n"
                                                   "  a: true\n"
                                                   "  b: \"yes\"\n"
                                                   "  c: false\n"
                                                   "  d: yesterday\n"
                                                   "  e: $$x\n"
                                                   "  f: \"$${HOME}\"\n");
    yaml_tree_free(tree);
    yaml_writer_free(&writer);
}

static void test_what_was_written_can_be_forgotten(void **state) {
    struct yaml_writer writer = {0};
    (void)state;

    yaml_writer_raw(&writer, "kept", "1", 3);
    const struct yaml_writer before = writer;
    yaml_writer_open(&writer, "gone", 4);
    for (int i = 0; i < 200; i++)
        yaml_writer_raw(&writer, "k", "v", 5);
    yaml_writer_rewind(&writer, &before);
    yaml_writer_raw(&writer, "next", "2", 6);
    assert_string_equal(buffer_text(&writer.text), "kept: 1\nnext: 2\n");
    assert_int_equal(writer.line_count, 2);
    assert_int_equal(writer.lines[1], 6);
    yaml_writer_free(&writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_text_comes_back),
        cmocka_unit_test(test_a_comment_has_nothing_that_ends_it_or_is_no_text),
        cmocka_unit_test(test_any_tree_comes_back_with_its_lines),
        cmocka_unit_test(test_literal_words_are_those_of_yaml_1_1),
        cmocka_unit_test(test_what_was_written_can_be_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
