#include "deploy/columbactl/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_written(struct table *table, const char *expected) {
    struct buffer out = {0};

    table_write(table, &out);
    assert_string_equal(buffer_text(&out), expected);
    buffer_free(&out);
    table_free(table);
}

static void test_columns_are_as_wide_as_their_longest_cell(void **state) {
    struct table *table = table_new((const char *const[]){"NAME", ">N", "STATE", NULL});

    (void)state;
    table_text(table, "a");
    table_number(table, 1234567);
    table_text(table, "ok");
    table_text(table, "longer");
    table_number(table, -1);
    table_text(table, "faulty");
    assert_written(table, "NAME          N  STATE\n"
                          "a       1234567  ok\n"
                          "longer       -1  faulty\n");
}

static void test_no_row_is_only_the_headings(void **state) {
    (void)state;
    assert_written(table_new((const char *const[]){"A", ">B", NULL}), "A  B\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_as_wide_as_their_longest_cell),
        cmocka_unit_test(test_no_row_is_only_the_headings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
