#include "common/push/gate_entry.h"

#include "common/base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_LIMIT = 4 };

static const char *const state_names[GATE_ENTRY_STATE_COUNT] = {
    [GATE_ENTRY_CLOSED] = "closed", [GATE_ENTRY_LATCHED] = "latched"};

void gate_entry_name(const char *pattern, const char *fingerprint, char out[GATE_NAME_SIZE]) {
    int room = GATE_NAME_SIZE - 2 - (int)strlen(fingerprint);

    snprintf(out, GATE_NAME_SIZE, "%.*s|%s", room, pattern, fingerprint);
}

bool gate_entry_is_operators(const struct gate_entry *entry) {
    const char *bar = strrchr(entry->name, '|');

    return bar != NULL && strcmp(bar + 1, GATE_OPERATOR) == 0;
}

bool gate_entry_holds(const struct gate_entry *entry, int64_t now_ms) {
    return entry->until_ms == 0 || entry->until_ms > now_ms;
}

const char *gate_entry_state_name(enum gate_entry_state state) {
    return state_names[state];
}

static void append_text(const char *name, const char *text, struct buffer *out) {
    buffer_append_format(out, ",\"%s\":\"", name);
    buffer_append_json_escaped(out, slice_of(text));
    buffer_append_byte(out, '"');
}

void gate_entry_write(const struct gate_entry *entry, struct buffer *out) {
    buffer_append_format(out, "{\"state\":\"%s\",\"until\":%" PRId64, state_names[entry->state],
                         entry->until_ms);
    append_text("reason", entry->reason, out);
    append_text("by", entry->by, out);
    if (entry->cause != GATE_CAUSE_NONE)
        append_text("cause", gate_cause_name(entry->cause), out);
    buffer_append_format(out, ",\"at\":%" PRId64 "}", entry->at_ms);
}

/* Whoever wrote it may know no causes, or others. */
static const enum gate_cause fallbacks[GATE_ENTRY_STATE_COUNT] = {
    [GATE_ENTRY_CLOSED] = GATE_CAUSE_WAIT, [GATE_ENTRY_LATCHED] = GATE_CAUSE_REFUSED};

static bool read_state(struct slice word, enum gate_entry_state *out) {
    for (size_t i = 0; i < GATE_ENTRY_STATE_COUNT; i++)
        if (slice_is(word, state_names[i])) {
            *out = (enum gate_entry_state)i;
            return true;
        }
    return false;
}

static void copy_text(struct slice text, size_t size, char *out) {
    size_t length = slice_utf8_prefix(text, size - 1);

    if (length > 0)
        memcpy(out, text.data, length);
    out[length] = '\0';
}

bool gate_entry_read(struct slice text, struct gate_entry *out) {
    struct json_object *tree = json_parse(text, DEPTH_LIMIT, NULL);
    enum gate_entry_state state = GATE_ENTRY_CLOSED;
    int64_t until_ms = 0;

    bool understood = read_state(json_member_text(tree, "state"), &state) &&
                      json_member_integer(tree, "until", &until_ms) && until_ms >= 0;
    if (understood) {
        out->state = state;
        out->until_ms = until_ms;
        out->at_ms = 0;
        json_member_integer(tree, "at", &out->at_ms);
        copy_text(json_member_text(tree, "reason"), sizeof out->reason, out->reason);
        copy_text(json_member_text(tree, "by"), sizeof out->by, out->by);
        if (!gate_cause_read(json_member_text(tree, "cause"), &out->cause))
            out->cause = fallbacks[state];
    }
    json_object_put(tree);
    return understood;
}
