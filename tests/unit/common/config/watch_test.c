#include "common/config/watch.h"

#include "watched_file.h"

enum { MANY = 2000, FEW = 12 };

static struct config_watch *watch_of(struct watched_file *file) {
    return config_watch_open(file->loop, file->path, PERIOD_MS, counted, file);
}

/* One change is told of, once. */
static void assert_told(struct watched_file *file, int changes) {
    turn(file, MANY);
    assert_int_equal(file->changes, changes);
    turn(file, FEW);
    assert_int_equal(file->changes, changes);
}

static void assert_silent(struct watched_file *file) {
    const int before = file->changes;

    turn(file, FEW);
    assert_int_equal(file->changes, before);
}

static void other_content_is_told_of_once(void **state) {
    struct watched_file file;

    (void)state;
    watched_file_open(&file, "one");
    struct config_watch *watch = watch_of(&file);
    assert_silent(&file);
    write_text(file.path, "w", "other");
    assert_told(&file, 1);
    replace(&file, "third");
    assert_told(&file, 2);
    config_watch_close(watch);
    config_watch_close(NULL);
    watched_file_close(&file);
}

static void another_file_of_the_same_content_is_none(void **state) {
    struct watched_file file;

    (void)state;
    watched_file_open(&file, "one");
    struct config_watch *watch = watch_of(&file);
    replace(&file, "one");
    assert_silent(&file);
    config_watch_close(watch);
    watched_file_close(&file);
}

/* ..data -> 1; columba.yaml -> ..data/columba.yaml; the swap renames another ..data over it. */
static void a_swapped_folder_is_told_of(void **state) {
    struct watched_file file;
    char data[PATH_SIZE];
    char fresh[PATH_SIZE];
    char folder[PATH_SIZE];
    char content[PATH_SIZE];

    (void)state;
    watched_file_open(&file, "");
    unlink(file.path);
    path_of(&file, "..data", data);
    path_of(&file, "..data_tmp", fresh);
    for (int i = 0; i < 2; i++) {
        char name[4] = {(char)('1' + i), '\0'};
        path_of(&file, name, folder);
        assert_int_equal(mkdir(folder, 0700), 0);
        strcat(name, "/c");
        path_of(&file, name, content);
        write_text(content, "w", i == 0 ? "old" : "new");
    }
    assert_int_equal(symlink("1", data), 0);
    assert_int_equal(symlink("..data/c", file.path), 0);

    struct config_watch *watch = watch_of(&file);
    assert_silent(&file);
    assert_int_equal(symlink("2", fresh), 0);
    assert_int_equal(rename(fresh, data), 0);
    assert_told(&file, 1);
    config_watch_close(watch);

    unlink(data);
    for (const char *name = "12"; *name != '\0'; name++) {
        char text[4] = {*name, '\0'};
        path_of(&file, text, folder);
        strcat(text, "/c");
        path_of(&file, text, content);
        unlink(content);
        assert_int_equal(rmdir(folder), 0);
    }
    watched_file_close(&file);
}

struct writer {
    struct watched_file *file;
    struct timer *again;
    int left;
};

static void write_on(void *context) {
    struct writer *writer = context;

    write_text(writer->file->path, "a", "more ");
    if (--writer->left > 0)
        timer_start(writer->again, 1);
}

/* Each piece sooner than a period after the one before: nothing is told until the last one. */
static void a_file_that_is_being_written_is_left_alone(void **state) {
    struct watched_file file;
    struct writer writer = {.file = &file, .left = 30};

    (void)state;
    watched_file_open(&file, "one");
    struct config_watch *watch =
        config_watch_open(file.loop, file.path, 20 * PERIOD_MS, counted, &file);
    writer.again = timer_new(file.loop, write_on, &writer);
    write_on(&writer);
    turn(&file, MANY);
    assert_int_equal(file.changes, 1);
    assert_int_equal(writer.left, 0);
    timer_free(writer.again);
    config_watch_close(watch);
    watched_file_close(&file);
}

static void vanishing_and_returning_are_changes(void **state) {
    struct watched_file file;

    (void)state;
    watched_file_open(&file, "one");
    struct config_watch *watch = watch_of(&file);
    assert_int_equal(unlink(file.path), 0);
    assert_told(&file, 1);
    write_text(file.path, "w", "one");
    assert_told(&file, 2);
    config_watch_close(watch);
    watched_file_close(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_content_is_told_of_once),
        cmocka_unit_test(another_file_of_the_same_content_is_none),
        cmocka_unit_test(a_swapped_folder_is_told_of),
        cmocka_unit_test(a_file_that_is_being_written_is_left_alone),
        cmocka_unit_test(vanishing_and_returning_are_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
