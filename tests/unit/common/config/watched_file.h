/* A file in a folder of its own that tests change, and a loop of which they turn as many periods as
 * they like. */
#ifndef COLUMBA_TESTS_CONFIG_WATCHED_FILE_H
#define COLUMBA_TESTS_CONFIG_WATCHED_FILE_H

#include "common/base/loop.h"
#include "parse.h"

#include <sys/stat.h>
#include <unistd.h>

enum { PERIOD_MS = 5, PATH_SIZE = 256 };

struct watched_file {
    struct loop *loop;
    struct timer *end;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    int changes;
};

static inline void path_of(const struct watched_file *file, const char *name, char out[PATH_SIZE]) {
    assert_true(snprintf(out, PATH_SIZE, "%s/%s", file->folder, name) < PATH_SIZE);
}

static inline void write_text(const char *path, const char *mode, const char *text) {
    FILE *file = fopen(path, mode);

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* Written beside it, and renamed over it: a file of another inode. */
static inline void replace(const struct watched_file *file, const char *text) {
    char other[PATH_SIZE];

    path_of(file, "other", other);
    write_text(other, "w", text);
    assert_int_equal(rename(other, file->path), 0);
}

static inline void loop_ends(void *context) {
    struct watched_file *file = context;

    loop_stop(file->loop);
}

static inline void counted(void *context) {
    struct watched_file *file = context;

    file->changes++;
    loop_stop(file->loop);
}

/* Turns the loop for so many periods, or until a change is told of. */
static inline void turn(struct watched_file *file, int periods) {
    timer_start(file->end, (int64_t)periods * PERIOD_MS);
    loop_run(file->loop);
    timer_stop(file->end);
}

static inline void watched_file_open(struct watched_file *file, const char *text) {
    *file = (struct watched_file){.folder = "/tmp/columba-watch-XXXXXX"};
    assert_non_null(mkdtemp(file->folder));
    path_of(file, "columba.yaml", file->path);
    write_text(file->path, "w", text);
    file->loop = loop_new();
    file->end = timer_new(file->loop, loop_ends, file);
}

static inline void watched_file_close(struct watched_file *file) {
    timer_free(file->end);
    loop_free(file->loop);
    unlink(file->path);
    assert_int_equal(rmdir(file->folder), 0);
}

#endif
