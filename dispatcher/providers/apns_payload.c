#include "dispatcher/providers/apns_payload.h"

#include "common/base/json.h"
#include "dispatcher/providers/apns_alert.h"

#include <stdint.h>

/* What is in a payload. Own fields win over those of the client's own payload. */
struct payload {
    struct json_object *base; /* default_payload; NULL when none */
    struct apns_alert alert;
    bool has_badge;
    int64_t badge;
    struct slice room_id; /* empty fields are left to the base */
    struct slice event_id;
    bool has_unread;
    int64_t unread;
    bool has_missed_calls;
    int64_t missed_calls;
    struct json_object *encrypted; /* where ephemeral, ciphertext and mac are; NULL when not */
};

/* How far texts are cut: to level_bytes, and of those that then have just so many the first few by
 * one character more. This is where cutting the longest by a character at a time comes to. */
struct cut {
    size_t level_bytes;
    size_t shorten_count;
    size_t at_level_count; /* how many had just so many, once all is written */
};

/* ---- Writing: members, each with a comma before it, until an object is closed ---- */

static void write_value(const char *name, struct json_object *value, struct buffer *out) {
    if (value == NULL)
        return;
    json_write_name(name, out);
    json_write(value, out);
}

static void write_text(const char *name, struct slice text, struct json_object *base,
                       struct buffer *out) {
    if (text.size == 0) {
        write_value(name, json_member(base, name), out);
        return;
    }
    json_write_name(name, out);
    buffer_append_json_text(out, text);
}

static void write_number(const char *name, bool is_there, int64_t number, struct json_object *base,
                         struct buffer *out) {
    if (!is_there) {
        write_value(name, json_member(base, name), out);
        return;
    }
    json_write_name(name, out);
    buffer_append_format(out, "%lld", (long long)number);
}

/* ---- The alert, of which the texts may be cut ---- */

static void write_cut(struct slice text, struct cut *cut, struct buffer *out) {
    size_t size = slice_utf8_prefix(text, cut->level_bytes);

    if (size > 0 && size == cut->level_bytes && cut->at_level_count++ < cut->shorten_count)
        size = slice_utf8_prefix(text, size - 1);
    buffer_append_json_text(out, (struct slice){.data = text.data, .size = size});
}

static void write_any(struct json_object *value, struct cut *cut, struct buffer *out) {
    if (json_object_is_type(value, json_type_string))
        write_cut(json_text(value), cut, out);
    else
        json_write(value, out);
}

static void write_own_arguments(const struct apns_alert *alert, struct cut *cut,
                                struct buffer *out) {
    for (size_t i = 0; i < alert->argument_count; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        write_cut(alert->arguments[i], cut, out);
    }
}

static void write_base_arguments(struct json_object *arguments, struct cut *cut,
                                 struct buffer *out) {
    const size_t count = json_object_array_length(arguments);

    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        write_any(json_object_array_get_idx(arguments, i), cut, out);
    }
}

static void write_arguments(const struct apns_alert *alert, struct json_object *base,
                            struct cut *cut, struct buffer *out) {
    struct json_object *arguments = json_member_array(base, "loc-args");

    if (alert->loc_key == NULL && arguments == NULL) {
        write_value("loc-args", json_member(base, "loc-args"), out);
        return;
    }
    json_write_name("loc-args", out);
    buffer_append_byte(out, '[');
    if (alert->loc_key != NULL)
        write_own_arguments(alert, cut, out);
    else
        write_base_arguments(arguments, cut, out);
    buffer_append_byte(out, ']');
}

/* A text for an alert makes way for a loc-key; of any other type the phone could read nothing. */
static void write_alert(const struct apns_alert *alert, struct json_object *aps, struct cut *cut,
                        struct buffer *out) {
    static const char *const named[] = {"loc-key", "body", "loc-args", NULL};
    struct json_object *base = json_member_object(aps, "alert");
    struct json_object *body = json_member(base, "body");
    const struct slice text = json_member_text(aps, "alert");

    if (alert->loc_key == NULL && text.data != NULL) {
        json_write_name("alert", out);
        write_cut(text, cut, out);
    } else if (alert->loc_key != NULL || base != NULL) {
        json_write_name("alert", out);
        const size_t start = out->size;
        json_write_members(base, named, out);
        write_text("loc-key", slice_of(alert->loc_key), base, out);
        if (body != NULL) {
            json_write_name("body", out);
            write_any(body, cut, out);
        }
        write_arguments(alert, base, cut, out);
        json_close_object(start, out);
    }
}

/* ---- The payload ---- */

static void write_aps(const struct payload *payload, struct cut *cut, struct buffer *out) {
    static const char *const named[] = {"alert", "badge", NULL};
    struct json_object *base = json_member_object(payload->base, "aps");

    if (base == NULL && payload->alert.loc_key == NULL && !payload->has_badge)
        return;
    json_write_name("aps", out);
    const size_t start = out->size;
    json_write_members(base, named, out);
    write_alert(&payload->alert, base, cut, out);
    write_number("badge", payload->has_badge, payload->badge, base, out);
    json_close_object(start, out);
}

static void write_payload(const struct payload *payload, struct cut *cut, struct buffer *out) {
    static const char *const encrypted[] = {"ephemeral", "ciphertext", "mac"};
    static const char *const named[] = {"aps",          "room_id",      "event_id",
                                        "unread_count", "missed_calls", "ephemeral",
                                        "ciphertext",   "mac",          NULL};
    const size_t start = out->size;

    json_write_members(payload->base, named, out);
    write_aps(payload, cut, out);
    write_text("room_id", payload->room_id, payload->base, out);
    write_text("event_id", payload->event_id, payload->base, out);
    write_number("unread_count", payload->has_unread, payload->unread, payload->base, out);
    write_number("missed_calls", payload->has_missed_calls, payload->missed_calls, payload->base,
                 out);
    for (size_t i = 0; i < sizeof encrypted / sizeof encrypted[0]; i++)
        write_text(encrypted[i], json_member_text(payload->encrypted, encrypted[i]), payload->base,
                   out);
    json_close_object(start, out);
}

/* ---- Fitting ---- */

static size_t write_at(const struct payload *payload, size_t level_bytes, size_t *at_level_count,
                       size_t shorten_count, size_t start, struct buffer *out) {
    struct cut cut = {.level_bytes = level_bytes, .shorten_count = shorten_count};

    out->size = start;
    write_payload(payload, &cut, out);
    *at_level_count = cut.at_level_count;
    return out->size - start;
}

/* The size never falls when the level rises, nor when fewer are shortened. */
static bool write_fitting(const struct payload *payload, size_t limit_bytes, struct buffer *out) {
    const size_t start = out->size;
    size_t count = 0;
    size_t fits = 0;
    size_t above = limit_bytes; /* a text of that many leaves no room for what is around it */

    if (write_at(payload, SIZE_MAX, &count, 0, start, out) <= limit_bytes)
        return true;
    if (write_at(payload, 0, &count, 0, start, out) > limit_bytes) {
        out->size = start;
        return false;
    }
    while (above - fits > 1) {
        const size_t middle = fits + (above - fits) / 2;
        if (write_at(payload, middle, &count, 0, start, out) <= limit_bytes)
            fits = middle;
        else
            above = middle;
    }
    write_at(payload, above, &count, 0, start, out);
    size_t too_few = 0;
    while (count - too_few > 1) {
        const size_t middle = too_few + (count - too_few) / 2;
        size_t ignored = 0;
        if (write_at(payload, above, &ignored, middle, start, out) <= limit_bytes)
            count = middle;
        else
            too_few = middle;
    }
    return write_at(payload, above, &too_few, count, start, out) <= limit_bytes;
}

/* ---- What is in it ---- */

/* The client fetches the event itself, or decrypts what it was sent (MSC3013): it gets ids, counts
 * and what it has put into its pusher. */
static bool is_for_client(const struct notification *notification) {
    return notification->type.size == 0 &&
           (notification->event_id.size > 0 ||
            json_member_text(notification->tree, "ciphertext").size > 0);
}

static void collect_for_client(const struct encode_input *input, struct payload *payload) {
    const struct notification *notification = input->notification;
    const bool sends_counts = input->app->send_badge_counts;

    payload->room_id = notification->room_id;
    payload->event_id = notification->event_id;
    payload->has_unread = sends_counts && notification->has_unread;
    payload->unread = notification->unread;
    payload->has_missed_calls = sends_counts && notification->has_missed_calls;
    payload->missed_calls = notification->missed_calls;
    payload->encrypted = notification->tree;
}

static void collect_for_phone(const struct encode_input *input, struct payload *payload) {
    const struct notification *notification = input->notification;

    if (notification->type.size == 0)
        payload->base = NULL;
    apns_alert_choose(notification, &payload->alert);
    payload->has_badge = input->app->send_badge_counts &&
                         (notification->has_unread || notification->has_missed_calls);
    payload->badge = notification->unread + notification->missed_calls;
    if (payload->alert.loc_key != NULL) {
        payload->room_id = notification->room_id;
        payload->event_id = notification->event_id;
    }
}

enum encode_result apns_payload_write(const struct encode_input *input, size_t limit_bytes,
                                      struct buffer *out, const char **reason) {
    struct payload payload = {0};

    if (!encode_default_payload(input->device, &payload.base, reason))
        return ENCODE_REJECT;
    if (is_for_client(input->notification)) {
        collect_for_client(input, &payload);
    } else {
        collect_for_phone(input, &payload);
        if (payload.alert.loc_key == NULL && !payload.has_badge) {
            *reason = "nothing_to_show";
            return ENCODE_DROP;
        }
    }
    if (write_fitting(&payload, limit_bytes, out))
        return ENCODE_SEND;
    *reason = "payload_too_large";
    return ENCODE_DEAD;
}
