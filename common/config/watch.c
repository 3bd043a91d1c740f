#include "common/config/watch.h"

#include "common/base/hash.h"
#include "common/base/memory.h"
#include "common/config/file.h"
#include "common/config/secret.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_BYTES_MAX = 4 * 1024 * 1024 };

/* What tells without reading that a file may be another. */
struct sight {
    bool exists;
    dev_t device;
    ino_t inode;
    off_t size_bytes;
    struct timespec modified;
};

struct config_watch {
    char *path;
    int64_t period_ms;
    struct timer *tick;
    struct sight sight;
    bool settles; /* it looked another last time: read when it looks the same again */
    unsigned char digest[HASH_SHA256_BYTES]; /* zeros: there was nothing to read */
    loop_callback *changed;
    void *context;
};

static struct sight look(const char *path) {
    struct stat status;

    if (stat(path, &status) != 0)
        return (struct sight){0};
    return (struct sight){.exists = true,
                          .device = status.st_dev,
                          .inode = status.st_ino,
                          .size_bytes = status.st_size,
                          .modified = status.st_mtim};
}

static bool looks_alike(const struct sight *a, const struct sight *b) {
    return a->exists == b->exists && a->device == b->device && a->inode == b->inode &&
           a->size_bytes == b->size_bytes && a->modified.tv_sec == b->modified.tv_sec &&
           a->modified.tv_nsec == b->modified.tv_nsec;
}

static void digest_content(const char *path, unsigned char out[HASH_SHA256_BYTES]) {
    struct buffer content = {0};
    struct error error;

    memset(out, 0, HASH_SHA256_BYTES);
    if (file_read(path, FILE_BYTES_MAX, &content, &error)) {
        const struct slice text = buffer_slice(&content);
        hash_sha256(&text, 1, out);
    }
    secret_free(&content);
}

static bool has_other_content(struct config_watch *watch) {
    unsigned char digest[HASH_SHA256_BYTES];

    digest_content(watch->path, digest);
    if (memcmp(digest, watch->digest, sizeof digest) == 0)
        return false;
    memcpy(watch->digest, digest, sizeof digest);
    return true;
}

static void on_tick(void *context) {
    struct config_watch *watch = context;
    const struct sight sight = look(watch->path);
    const bool rests = looks_alike(&sight, &watch->sight);
    const bool is_due = rests && watch->settles;

    watch->sight = sight;
    watch->settles = !rests;
    timer_start(watch->tick, watch->period_ms);
    if (is_due && has_other_content(watch))
        watch->changed(watch->context);
}

struct config_watch *config_watch_open(struct loop *loop, const char *path, int64_t period_ms,
                                       loop_callback *changed, void *context) {
    struct config_watch *watch = memory_new(sizeof *watch);

    watch->path = memory_copy_text(path);
    watch->period_ms = period_ms;
    watch->changed = changed;
    watch->context = context;
    watch->sight = look(path);
    digest_content(path, watch->digest);
    watch->tick = timer_new(loop, on_tick, watch);
    timer_start(watch->tick, period_ms);
    return watch;
}

void config_watch_close(struct config_watch *watch) {
    if (watch == NULL)
        return;
    timer_free(watch->tick);
    free(watch->path);
    free(watch);
}
