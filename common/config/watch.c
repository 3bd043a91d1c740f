#include "common/config/watch.h"

#include "common/base/memory.h"

#include <stdlib.h>
#include <sys/stat.h>

/* What tells without reading that a file may be another. */
struct sight {
    bool exists;
    dev_t device;
    ino_t inode;
    off_t size_bytes;
    struct timespec modified;
};

struct config_watch {
    int64_t period_ms;
    struct timer *tick;
    struct sources sources;
    struct sight *sights; /* one for each of sources */
    bool settles;         /* one looked another: read when all look the same again */
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

static bool all_rest(struct config_watch *watch) {
    bool rest = true;

    for (size_t i = 0; i < watch->sources.count; i++) {
        const struct sight sight = look(watch->sources.items[i].path);
        rest = looks_alike(&sight, &watch->sights[i]) && rest;
        watch->sights[i] = sight;
    }
    return rest;
}

static bool is_another(struct config_watch *watch) {
    bool is = false;

    for (size_t i = 0; i < watch->sources.count; i++)
        is = sources_is_another(&watch->sources.items[i]) || is;
    return is;
}

static void on_tick(void *context) {
    struct config_watch *watch = context;
    const bool rests = all_rest(watch);
    const bool is_due = rests && watch->settles;

    watch->settles = !rests;
    timer_start(watch->tick, watch->period_ms);
    if (is_due && is_another(watch))
        watch->changed(watch->context);
}

void config_watch_set(struct config_watch *watch, const struct sources *sources) {
    sources_copy(&watch->sources, sources);
    free(watch->sights);
    watch->sights = memory_new_array(sources->count, sizeof *watch->sights);
    for (size_t i = 0; i < sources->count; i++)
        watch->sights[i] = look(sources->items[i].path);
    /* It may be another since it was read. */
    watch->settles = true;
}

struct config_watch *config_watch_open(struct loop *loop, const struct sources *sources,
                                       int64_t period_ms, loop_callback *changed, void *context) {
    struct config_watch *watch = memory_new(sizeof *watch);

    watch->period_ms = period_ms;
    watch->changed = changed;
    watch->context = context;
    config_watch_set(watch, sources);
    watch->tick = timer_new(loop, on_tick, watch);
    timer_start(watch->tick, period_ms);
    return watch;
}

void config_watch_close(struct config_watch *watch) {
    if (watch == NULL)
        return;
    timer_free(watch->tick);
    sources_free(&watch->sources);
    free(watch->sights);
    free(watch);
}
