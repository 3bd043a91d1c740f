#include "common/base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_set_says_false_code_and_sentence(void **state) {
    struct error error = {0};

    (void)state;
    assert_false(error_set(&error, ERROR_PARSE, "byte %d of %s", 7, "body"));
    assert_int_equal(error.code, ERROR_PARSE);
    assert_string_equal(error.text, "byte 7 of body");
}

static void test_prefix_keeps_the_code(void **state) {
    struct error error = {0};

    (void)state;
    error_set(&error, ERROR_SYSTEM, "no such file");
    assert_false(error_prefix(&error, "%s:%d", "a.yaml", 3));
    assert_int_equal(error.code, ERROR_SYSTEM);
    assert_string_equal(error.text, "a.yaml:3: no such file");
    error_prefix(&error, "reload of %s", error.text);
    assert_string_equal(error.text, "reload of a.yaml:3: no such file: a.yaml:3: no such file");
}

static void test_nobody_has_to_listen(void **state) {
    (void)state;
    assert_false(error_set(NULL, ERROR_TIMEOUT, "%s", "unheard"));
    assert_false(error_prefix(NULL, "%s", "unheard"));
}

static void test_long_texts_are_cut(void **state) {
    struct error error = {0};
    char text[2000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error_set(&error, ERROR_CONFIG, "%s", text);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    error_prefix(&error, "file");
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    assert_memory_equal(error.text, "file: xxx", 9);
    error_prefix(&error, "%s", text);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_says_false_code_and_sentence),
        cmocka_unit_test(test_prefix_keeps_the_code),
        cmocka_unit_test(test_nobody_has_to_listen),
        cmocka_unit_test(test_long_texts_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
