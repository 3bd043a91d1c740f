#include "deploy/columbactl/id_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { COUNT = 20000 };

static bool add(struct id_set *set, int number) {
    char id[40];

    snprintf(id, sizeof id, "%08x-1111-4222-8333-444455556666", (unsigned)number);
    return id_set_add(set, slice_of(id));
}

static void test_each_is_new_once(void **state) {
    struct id_set set = {0};

    (void)state;
    for (int i = 0; i < COUNT; i++)
        assert_true(add(&set, i));
    for (int i = 0; i < COUNT; i++)
        assert_false(add(&set, i));
    assert_int_equal(set.count, COUNT);
    assert_true(set.capacity <= (size_t)COUNT * 4);
    id_set_free(&set);
    assert_true(add(&set, 0));
    id_set_free(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_new_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
