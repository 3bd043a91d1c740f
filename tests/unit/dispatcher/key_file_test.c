#include "dispatcher/key_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[64];
static char path[128];

static int make_directory(void **state) {
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/key_file_test.XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/key.json", directory);
    return 0;
}

static int remove_directory(void **state) {
    (void)state;
    unlink(path);
    return rmdir(directory);
}

static void write_file(const char *at, const char *text, size_t size) {
    FILE *file = fopen(at, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void test_content_and_identity(void **state) {
    struct buffer text = {0};
    struct key_file_identity identity = {0};
    struct error error = {0};

    (void)state;
    assert_true(key_file_has_changed(path, &identity));
    write_file(path, "one", 3);
    assert_true(key_file_has_changed(path, &identity));
    assert_true(key_file_read(path, &text, &identity, &error));
    assert_true(slice_is(buffer_slice(&text), "one"));
    assert_false(key_file_has_changed(path, &identity));
    buffer_free(&text);
}

static void test_every_way_to_change_is_seen(void **state) {
    struct buffer text = {0};
    struct key_file_identity identity = {0};
    char other[128];

    (void)state;
    write_file(path, "one", 3);
    assert_true(key_file_read(path, &text, &identity, NULL));
    write_file(path, "three", 5);
    assert_true(key_file_has_changed(path, &identity));

    assert_true(key_file_read(path, &text, &identity, NULL));
    snprintf(other, sizeof other, "%s/other", directory);
    write_file(other, "seven", 5);
    assert_int_equal(rename(other, path), 0);
    assert_true(key_file_has_changed(path, &identity));

    assert_true(key_file_read(path, &text, &identity, NULL));
    assert_false(key_file_has_changed(path, &identity));
    const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_true(key_file_has_changed(path, &identity));

    assert_true(key_file_read(path, &text, &identity, NULL));
    assert_int_equal(unlink(path), 0);
    assert_true(key_file_has_changed(path, &identity));
    buffer_free(&text);
}

static void expect_failure(const char *at, const char *expected) {
    struct buffer text = {0};
    struct key_file_identity identity = {0};
    struct error error = {0};

    assert_false(key_file_read(at, &text, &identity, &error));
    if (strstr(error.text, expected) == NULL || strstr(error.text, at) == NULL)
        fail_msg("%s", error.text);
    buffer_free(&text);
}

static void test_what_cannot_be_read_is_named(void **state) {
    static char large[KEY_FILE_BYTES_MAX + 1];

    (void)state;
    unlink(path);
    expect_failure(path, "No such file");
    expect_failure(directory, "not a file");
    /* Opening a pipe that nobody writes to must not block the loop. */
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_failure(path, "not a file");
    unlink(path);
    write_file(path, large, sizeof large);
    expect_failure(path, "larger");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content_and_identity),
        cmocka_unit_test(test_every_way_to_change_is_seen),
        cmocka_unit_test(test_what_cannot_be_read_is_named),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
