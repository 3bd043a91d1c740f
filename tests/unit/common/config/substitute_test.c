#include "common/config/substitute.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int set_environment(void **state) {
    (void)state;
    setenv("COLUMBA_TEST_A", "value", 1);
    setenv("COLUMBA_TEST_EMPTY", "", 1);
    setenv("COLUMBA_TEST_DOLLAR", "${COLUMBA_TEST_A}$$", 1);
    unsetenv("COLUMBA_TEST_UNSET");
    return 0;
}

static void test_replaced(void **state) {
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"${COLUMBA_TEST_A}", "value"},
        {"<${COLUMBA_TEST_A}/${COLUMBA_TEST_A}>", "<value/value>"},
        {"${COLUMBA_TEST_EMPTY}", ""},
        {"${COLUMBA_TEST_A:-other}", "value"},
        {"${COLUMBA_TEST_UNSET:-other}", "other"},
        {"${COLUMBA_TEST_EMPTY:-other}", "other"},
        {"${COLUMBA_TEST_UNSET:-}", ""},
        {"${COLUMBA_TEST_UNSET:-a:-b $ c}", "a:-b $ c"},
        {"$$", "$"},
        {"$${COLUMBA_TEST_A}", "${COLUMBA_TEST_A}"},
        {"$$$$", "$$"},
        {"$", "$"},
        {"pa$word", "pa$word"},
        {"a}b", "a}b"},
        /* What a variable holds is not looked at again. */
        {"${COLUMBA_TEST_DOLLAR}", "${COLUMBA_TEST_A}$$"},
    };
    struct buffer out = {0};
    struct error error = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buffer_clear(&out);
        assert_true(substitute_environment(slice_of(cases[i].text), &out, &error));
        assert_string_equal(buffer_text(&out), cases[i].expected);
    }
    buffer_free(&out);
}

static void test_refused(void **state) {
    static const char malformed[] = "has a malformed variable, expected ${NAME} or "
                                    "${NAME:-default} ($$ writes one dollar)";
    static const char open_brace[] =
        "has a ${ without a }, expected ${NAME} ($$ writes one dollar)";
    static const struct {
        const char *text;
        const char *error;
    } cases[] = {
        {"${COLUMBA_TEST_UNSET}",
         "the environment variable COLUMBA_TEST_UNSET is not set, expected it, or a default as in "
         "${COLUMBA_TEST_UNSET:-default}"},
        {"${", open_brace},
        {"a ${COLUMBA_TEST_A", open_brace},
        {"${}", malformed},
        {"${:-default}", malformed},
        {"${1A}", malformed},
        {"${A B}", malformed},
        {"${A:default}", malformed},
        {"${A-default}", malformed},
        {"${ A}", malformed},
    };
    struct buffer out = {0};
    struct error error = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(substitute_environment(slice_of(cases[i].text), &out, &error));
        assert_string_equal(error.text, cases[i].error);
    }
    buffer_free(&out);
}

static void test_every_prefix_ends(void **state) {
    static const char text[] = "a$$b${COLUMBA_TEST_A}c${COLUMBA_TEST_UNSET:-d}$e";
    struct buffer out = {0};
    struct error error = {0};

    (void)state;
    for (size_t size = 0; size < sizeof text; size++) {
        char *exact = malloc(size + 1);
        memcpy(exact, text, size);
        substitute_environment((struct slice){.data = exact, .size = size}, &out, &error);
        free(exact);
    }
    buffer_free(&out);
}

static void test_long_names_are_no_names(void **state) {
    char text[512];
    struct buffer out = {0};
    struct error error = {0};

    (void)state;
    memset(text, 'A', sizeof text);
    memcpy(text, "${", 2);
    text[sizeof text - 1] = '}';
    const struct slice slice = {.data = text, .size = sizeof text};
    assert_false(substitute_environment(slice, &out, &error));
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_every_prefix_ends),
        cmocka_unit_test(test_long_names_are_no_names),
    };

    return cmocka_run_group_tests(tests, set_environment, NULL);
}
