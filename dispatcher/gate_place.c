#include "dispatcher/gate_place.h"

#include "common/base/log.h"
#include "common/base/memory.h"
#include "dispatcher/fingerprint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_EVERY_MS = 10 * 1000,
    MIXED_MS = 3 * LOOK_EVERY_MS, /* until all have looked, and what set out before is answered */
    SHOWN_MAX = 100,
};

/* An app, whatever its configuration, and where its gate is. */
struct app_place {
    char *pattern;
    const struct app *app; /* as it was asked for last; NULL: in another configuration */
    char *key_file;        /* its, or "" */
    struct fingerprint fingerprint;
    int64_t look_ms;
    int64_t mixed_until_ms;
    struct place *place;
    UT_hash_handle hh;
};

struct gate_places {
    struct place *all;
    struct app_place *apps;
    int64_t tidy_ms;
};

struct gate_places *gate_places_new(void) {
    return memory_new(sizeof(struct gate_places));
}

void gate_places_reconfigure(struct gate_places *places) {
    for (struct app_place *at = places->apps; at != NULL; at = at->hh.next)
        at->app = NULL;
}

static void app_place_free(struct gate_places *places, struct app_place *at) {
    HASH_DEL(places->apps, at);
    free(at->pattern);
    free(at->key_file);
    free(at);
}

static void place_free(struct gate_places *places, struct place *place) {
    HASH_DEL(places->all, place);
    free(place);
}

void gate_places_free(struct gate_places *places) {
    struct app_place *at = NULL;
    struct app_place *next_app = NULL;
    struct place *place = NULL;
    struct place *next = NULL;

    HASH_ITER(hh, places->apps, at, next_app)
    app_place_free(places, at);
    HASH_ITER(hh, places->all, place, next)
    place_free(places, place);
    free(places);
}

/* Makes room among the hosts: first those that nobody has heard of, then any that rest. */
static void make_room(struct gate_places *places) {
    struct place *place = NULL;
    struct place *next = NULL;

    for (int spares_known = 1; spares_known >= 0; spares_known--)
        HASH_ITER(hh, places->all, place, next) {
            bool rests = place->ticket_count == 0;
            if (HASH_COUNT(places->all) <= GATES_PLACES_MAX * 3 / 4)
                return;
            if (place->is_host && rests && !(spares_known && place->gate.has_succeeded))
                place_free(places, place);
        }
}

static struct place *find(struct gate_places *places, const char *name, const char *title,
                          int64_t now_ms) {
    struct place *place = NULL;

    HASH_FIND_STR(places->all, name, place);
    if (place != NULL)
        return place;
    if (HASH_COUNT(places->all) >= GATES_PLACES_MAX)
        make_room(places);
    place = memory_new(sizeof *place);
    snprintf(place->name, sizeof place->name, "%s", name);
    snprintf(place->title, sizeof place->title, "%s", title);
    gate_init(&place->gate, now_ms);
    TAILQ_INIT(&place->line);
    HASH_ADD_STR(places->all, name, place);
    return place;
}

static void look(struct gate_places *places, struct app_place *at, int64_t now_ms) {
    const struct fingerprint before = at->fingerprint;
    char name[GATE_NAME_SIZE];

    fingerprint_look(&at->fingerprint, at->app);
    gate_entry_name(at->pattern, at->fingerprint.text, name);
    at->place = find(places, name, at->pattern, now_ms);
    if (before.text[0] != '\0' &&
        memcmp(before.file, at->fingerprint.file, sizeof before.file) != 0)
        at->mixed_until_ms = now_ms + MIXED_MS;
    at->look_ms = now_ms + LOOK_EVERY_MS;
}

/* After a reload there are deliveries of either configuration for a while. What is shown for them
 * is mixed up only where it comes out of one file. */
static void take(struct app_place *at, const struct app *app) {
    const char *key_file = fingerprint_key_file(app);

    if (at->key_file == NULL || strcmp(at->key_file, key_file) != 0) {
        free(at->key_file);
        at->key_file = memory_copy_text(key_file);
        at->fingerprint = (struct fingerprint){0};
    }
    at->app = app;
}

static struct app_place *find_app(struct gate_places *places, const struct app *app,
                                  int64_t now_ms) {
    struct app_place *at = NULL;

    HASH_FIND_STR(places->apps, app->pattern, at);
    if (at == NULL) {
        at = memory_new(sizeof *at);
        at->pattern = memory_copy_text(app->pattern);
        HASH_ADD_KEYPTR(hh, places->apps, at->pattern, strlen(at->pattern), at);
    }
    bool is_another = at->app != app;
    if (is_another)
        take(at, app);
    if (is_another || now_ms >= at->look_ms)
        look(places, at, now_ms);
    return at;
}

struct place *gate_places_app(struct gate_places *places, const struct app *app, bool is_judged,
                              int64_t now_ms) {
    const struct app_place *at = find_app(places, app, now_ms);

    at->place->is_judged = is_judged;
    at->place->used_ms = now_ms;
    return at->place;
}

bool gate_places_is_certain(struct gate_places *places, const struct app *app,
                            const struct place *place, bool spends, int64_t now_ms) {
    struct app_place *at = find_app(places, app, now_ms);

    if (spends)
        look(places, at, now_ms);
    return at->place == place && now_ms >= at->mixed_until_ms;
}

bool gate_places_app_is_shut(const struct gate_places *places, const struct app *app) {
    const struct app_place *at = NULL;

    HASH_FIND_STR(places->apps, app->pattern, at);
    return at != NULL && at->app == app && gate_is_shut(&at->place->gate);
}

struct place *gate_places_host(struct gate_places *places, const struct app *app, struct slice host,
                               int64_t now_ms) {
    const struct app_place *at = find_app(places, app, now_ms);
    char name[GATE_NAME_SIZE];
    char title[GATE_NAME_SIZE];

    snprintf(title, sizeof title, "%.*s", (int)host.size, host.data == NULL ? "" : host.data);
    snprintf(name, sizeof name, "%s %.*s", at->fingerprint.text,
             (int)(sizeof name - GATE_FINGERPRINT_SIZE - 1), title);
    struct place *place = find(places, name, title, now_ms);
    place->is_host = true;
    place->is_judged = true;
    place->used_ms = now_ms;
    return place;
}

static bool has_app(const struct apps *apps, const char *lane, const char *pattern) {
    for (size_t i = 0; i < apps->count; i++)
        if (strcmp(apps->list[i].pattern, pattern) == 0)
            return strcmp(apps->list[i].lane, lane) == 0;
    return false;
}

bool gate_places_tidy(struct gate_places *places, const struct apps *apps, const char *lane,
                      int64_t now_ms) {
    struct place *place = NULL;
    struct place *next = NULL;
    bool was_shut = false;

    if (now_ms < places->tidy_ms)
        return false;
    places->tidy_ms = now_ms + LOOK_EVERY_MS;
    HASH_ITER(hh, places->all, place, next) {
        struct app_place *at = NULL;
        if (place->is_host || place->ticket_count > 0 || now_ms - place->used_ms < MIXED_MS)
            continue;
        HASH_FIND_STR(places->apps, place->title, at);
        if (at == NULL || (at->place == place && has_app(apps, lane, at->pattern)))
            continue;
        if (at->place == place)
            app_place_free(places, at);
        was_shut = was_shut || gate_is_shut(&place->gate);
        place_free(places, place);
    }
    return was_shut;
}

/* A probe that fails leaves things as they were, which was said before. */
static enum log_level level_of(enum gate_state from, enum gate_state to) {
    static const enum log_level levels[GATE_STATE_COUNT] = {
        [GATE_OPEN] = LOG_LEVEL_INFO,
        [GATE_CLOSED] = LOG_LEVEL_WARNING,
        [GATE_LATCHED] = LOG_LEVEL_ERROR,
        [GATE_PROBING] = LOG_LEVEL_DEBUG,
    };

    return from == GATE_PROBING && to != GATE_OPEN ? LOG_LEVEL_DEBUG : levels[to];
}

void gate_place_log(const struct place *place, const char *lane, enum gate_state before) {
    enum gate_state state = place->gate.state;

    log_with(level_of(before, state), "gate", log_text("lane", lane),
             log_text(place->is_host ? "host" : "app_id", place->title),
             log_text("from", gate_state_name(before)), log_text("to", gate_state_name(state)),
             log_text("reason", place->gate.reason[0] == '\0' ? NULL : place->gate.reason),
             log_number("waiting", (int64_t)place->waiting));
}

void gate_places_each(struct gate_places *places, gate_places_visit *visit, void *context) {
    struct place *place = NULL;
    struct place *next = NULL;

    HASH_ITER(hh, places->all, place, next)
    visit(context, place);
}

void gate_places_count(const struct gate_places *places,
                       size_t counts[GATE_STATE_COUNT][GATE_CAUSE_COUNT]) {
    for (const struct place *place = places->all; place != NULL; place = place->hh.next)
        counts[place->gate.state][place->gate.cause]++;
}

static void write_text(const char *name, const char *text, struct buffer *out) {
    buffer_append_format(out, "\"%s\":", name);
    if (text == NULL) {
        buffer_append_text(out, "null,");
        return;
    }
    buffer_append_byte(out, '"');
    buffer_append_json_escaped(out, slice_of(text));
    buffer_append_text(out, "\",");
}

static void write_place(const struct place *place, int64_t now_ms, int64_t wall_ms,
                        struct buffer *out) {
    const struct gate *gate = &place->gate;
    int64_t until_ms = gate_is_shut(gate) && gate->probe_ms < GATE_NEVER_MS
                           ? gate->probe_ms - now_ms + wall_ms
                           : 0;

    buffer_append_byte(out, '{');
    write_text("app", place->is_host ? NULL : place->title, out);
    write_text("host", place->is_host ? place->title : NULL, out);
    write_text("state", gate_state_name(gate->state), out);
    write_text("cause", gate_is_shut(gate) ? gate_cause_name(gate->cause) : NULL, out);
    write_text("reason", gate_is_shut(gate) ? gate->reason : NULL, out);
    buffer_append_format(out,
                         "\"until_ms\":%lld,\"waiting\":%zu,\"in_flight\":%zu,"
                         "\"latency_ms\":%lld,\"earned\":%u}",
                         (long long)until_ms, place->waiting, gate->in_flight,
                         (long long)gate->latency_ms, gate->earned);
}

/* Those that need an eye first. */
void gate_places_write(const struct gate_places *places, int64_t now_ms, int64_t wall_ms,
                       struct buffer *out) {
    size_t shown = 0;

    buffer_append_byte(out, '[');
    for (int calm = 0; calm <= 1; calm++)
        for (const struct place *place = places->all; place != NULL && shown < SHOWN_MAX;
             place = place->hh.next) {
            bool is_calm = place->gate.state == GATE_OPEN && place->waiting == 0;
            if (is_calm != (calm == 1))
                continue;
            if (shown++ > 0)
                buffer_append_byte(out, ',');
            write_place(place, now_ms, wall_ms, out);
        }
    buffer_append_byte(out, ']');
}
