#include "common/config/watch.h"

#include "watched_file.h"

enum { MANY = 2000, FEW = 12 };

static void note(struct sources *sources, const char *path) {
    struct buffer content = {0};
    struct error error;

    sources_read(sources, path, 1000, &content, &error);
    buffer_free(&content);
}

static struct config_watch *watch_slowly(struct watched_file *file, int64_t period_ms) {
    struct sources sources = {0};

    note(&sources, file->path);
    struct config_watch *watch = config_watch_open(file->loop, &sources, period_ms, counted, file);
    sources_free(&sources);
    return watch;
}

static struct config_watch *watch_of(struct watched_file *file) {
    return watch_slowly(file, PERIOD_MS);
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
    struct config_watch *watch = watch_slowly(&file, 20 * PERIOD_MS);
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

/* Between its reading and the first look. */
static void what_changed_before_the_watch_began_is_told_of(void **state) {
    struct watched_file file;
    struct sources sources = {0};

    (void)state;
    watched_file_open(&file, "one");
    note(&sources, file.path);
    write_text(file.path, "w", "two");
    struct config_watch *watch = config_watch_open(file.loop, &sources, PERIOD_MS, counted, &file);
    assert_told(&file, 1);
    config_watch_close(watch);
    sources_free(&sources);
    watched_file_close(&file);
}

static void any_of_several_is_told_of_and_those_that_change_together_once(void **state) {
    struct watched_file file;
    struct sources sources = {0};
    char second[PATH_SIZE];

    (void)state;
    watched_file_open(&file, "one");
    path_of(&file, "secret", second);
    note(&sources, file.path);
    note(&sources, second); /* not there yet */
    struct config_watch *watch = config_watch_open(file.loop, &sources, PERIOD_MS, counted, &file);
    assert_silent(&file);
    write_text(second, "w", "s3cret");
    assert_told(&file, 1);
    write_text(second, "w", "other");
    write_text(file.path, "w", "two");
    assert_told(&file, 2);

    sources.count = 1;
    config_watch_set(watch, &sources);
    assert_told(&file, 3); /* the first is another than was noted */
    write_text(second, "w", "third");
    assert_silent(&file);
    sources.count = 2;
    config_watch_close(watch);
    unlink(second);
    sources_free(&sources);
    watched_file_close(&file);
}

/* Larger than what is read of it is as good as gone, and not a change each time. */
static void a_file_that_is_too_large_is_told_of_once(void **state) {
    struct watched_file file;
    char large[2000];

    (void)state;
    memset(large, 'x', sizeof large);
    large[sizeof large - 1] = '\0';
    watched_file_open(&file, "one");
    struct config_watch *watch = watch_of(&file);
    write_text(file.path, "w", large);
    assert_told(&file, 1);
    write_text(file.path, "a", "y");
    assert_silent(&file);
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
        cmocka_unit_test(what_changed_before_the_watch_began_is_told_of),
        cmocka_unit_test(any_of_several_is_told_of_and_those_that_change_together_once),
        cmocka_unit_test(a_file_that_is_too_large_is_told_of_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
