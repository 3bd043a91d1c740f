#include "deploy/columbactl/backlog.h"

#include "common/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void backlog_begin(const struct config *config, const char *lane, struct backlog *out) {
    *out = (struct backlog){.lane = lane, .delays_ms = config->retry.delays.items_ms};
    out->topics = memory_new_array(BACKLOG_TOPIC_LIMIT, sizeof *out->topics);
    topic_group(&config->queue, lane, out->group);
    topic_name(&config->queue, TOPIC_PUSH, lane, 0, out->topics[out->topic_count++]);
    for (size_t i = 0; i < config->retry.delays.count; i++)
        topic_name(&config->queue, TOPIC_RETRY, lane, config->retry.delays.items_ms[i],
                   out->topics[out->topic_count++]);
}

void backlog_free(struct backlog *backlog) {
    struct backlog_app *app;
    struct backlog_app *next;

    HASH_ITER(hh, backlog->apps, app, next) {
        HASH_DEL(backlog->apps, app);
        free(app);
    }
    id_set_free(&backlog->ids);
    free(backlog->topics);
    *backlog = (struct backlog){0};
}

static struct backlog_app *entry_new(struct backlog *backlog, const char *name, bool is_served) {
    struct backlog_app *entry = memory_new(sizeof *entry);

    snprintf(entry->name, sizeof entry->name, "%s", name);
    entry->is_served = is_served;
    HASH_ADD_STR(backlog->apps, name, entry);
    return entry;
}

static struct backlog_app *entry_of(struct backlog *backlog, const char *name, bool is_served) {
    struct backlog_app *entry = NULL;

    HASH_FIND_STR(backlog->apps, name, entry);
    if (entry != NULL)
        return entry;
    if (HASH_COUNT(backlog->apps) < BACKLOG_APP_LIMIT)
        return entry_new(backlog, name, is_served);
    if (backlog->others == NULL)
        backlog->others = entry_new(backlog, "other", false);
    return backlog->others;
}

void backlog_add(struct backlog *backlog, const struct apps *apps, size_t topic,
                 const struct queue_record *record) {
    struct backlog_app *entry;
    const struct app *app;
    struct letter letter;

    letter_read(record, &letter);
    if (letter.meta.id[0] != '\0' && !id_set_add(&backlog->ids, slice_of(letter.meta.id))) {
        backlog->double_count++;
        return;
    }
    app = apps_find(apps, slice_of(letter.app_id));
    entry = entry_of(backlog, app == NULL ? letter.app_id : app->pattern, app != NULL);
    if (letter.accepted_ms > 0 && (entry->oldest_ms == 0 || letter.accepted_ms < entry->oldest_ms))
        entry->oldest_ms = letter.accepted_ms;
    if (entry->count == 0 || letter.meta.attempt < entry->attempt_least)
        entry->attempt_least = letter.meta.attempt;
    if (letter.meta.attempt > entry->attempt_most)
        entry->attempt_most = letter.meta.attempt;
    entry->count++;
    entry->counts[topic]++;
    backlog->count++;
}

static int most_first(const struct backlog_app *a, const struct backlog_app *b) {
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return strcmp(a->name, b->name);
}

void backlog_sort(struct backlog *backlog) {
    HASH_SORT(backlog->apps, most_first);
}
