/* A page that is made from a table of the program: is the one in the tree the one it makes? With
 * COLUMBA_WRITE_REFERENCE in the environment it is written first. */
#ifndef COLUMBA_TESTS_GENERATED_PAGE_H
#define COLUMBA_TESTS_GENERATED_PAGE_H

#include "common/base/buffer.h"
#include "common/config/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { GENERATED_PAGE_BYTES_MAX = 1 << 20 };

static inline void assert_page_is_current(const char *path, struct slice made) {
    struct buffer current = {0};
    struct error error = {0};

    if (getenv("COLUMBA_WRITE_REFERENCE") != NULL) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(made.data, 1, made.size, file), made.size);
        fclose(file);
    }
    bool found = file_read(path, GENERATED_PAGE_BYTES_MAX, &current, &error);
    if (!found || !slice_equal(buffer_slice(&current), made))
        fail_msg("%s is not current: run this test once with COLUMBA_WRITE_REFERENCE=1 in the "
                 "environment, and commit the page",
                 path);
    buffer_free(&current);
}

#endif
