#include "common/push/notification.h"

#include "common/base/json.h"
#include "common/base/memory.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What a notification keeps to itself, around what its users see. */
struct parsed {
    struct notification view;
    struct json_object *body;
    struct buffer frame; /* the common part of what write_single writes; empty until asked for */
    size_t frame_split;  /* where in it the device goes */
    struct device devices[];
};

static const struct {
    const char *name;
    size_t offset;
} text_fields[] = {
    {"event_id", offsetof(struct notification, event_id)},
    {"id", offsetof(struct notification, id)},
    {"room_id", offsetof(struct notification, room_id)},
    {"type", offsetof(struct notification, type)},
    {"sender", offsetof(struct notification, sender)},
    {"sender_display_name", offsetof(struct notification, sender_display_name)},
    {"room_name", offsetof(struct notification, room_name)},
    {"room_alias", offsetof(struct notification, room_alias)},
    {"membership", offsetof(struct notification, membership)},
};
enum { TEXT_FIELD_COUNT = sizeof text_fields / sizeof *text_fields };

/* Above it a JSON number is not exact, and two counts might not add up. */
static const int64_t count_max = INT64_C(9007199254740991);

static bool read_count(struct json_object *counts, const char *name, int64_t *out) {
    int64_t count = 0;

    if (!json_member_integer(counts, name, &count) || count < 0)
        return false;
    *out = count < count_max ? count : count_max;
    return true;
}

static void read_fields(struct json_object *tree, struct notification *out) {
    struct json_object *counts = json_member(tree, "counts");

    for (size_t i = 0; i < TEXT_FIELD_COUNT; i++) {
        struct slice text = json_member_text(tree, text_fields[i].name);
        memcpy((char *)out + text_fields[i].offset, &text, sizeof text);
    }
    out->user_is_target = json_member_is_true(tree, "user_is_target");
    out->low_priority = slice_is(json_member_text(tree, "prio"), "low");
    out->has_unread = read_count(counts, "unread", &out->unread);
    out->has_missed_calls = read_count(counts, "missed_calls", &out->missed_calls);
    out->content = json_member_object(tree, "content");
    out->tree = tree;
}

static bool has_nul(struct slice text) {
    return text.size > 0 && memchr(text.data, '\0', text.size) != NULL;
}

static const char *find_fault(const struct device *device) {
    if (!json_object_is_type(device->tree, json_type_object) || device->tree == NULL)
        return "the device is not an object";
    if (device->app_id.size == 0)
        return "app_id is missing, empty or not a string";
    if (device->pushkey.size == 0)
        return "pushkey is missing, empty or not a string";
    if (has_nul(device->app_id))
        return "app_id holds a NUL";
    if (has_nul(device->pushkey))
        return "pushkey holds a NUL";
    return NULL;
}

/* Beeper has sent the second spelling. */
static const char *spelling(struct json_object *device, const char *name, const char *other) {
    return json_member(device, name) == NULL ? other : name;
}

static void read_device(struct json_object *tree, struct device *out) {
    struct json_object *tweaks = json_member(tree, "tweaks");
    bool has_tweaks = tweaks != NULL && (json_object_is_type(tweaks, json_type_object) ||
                                         json_object_is_type(tweaks, json_type_array));

    out->tree = tree;
    out->app_id = json_member_text(tree, "app_id");
    out->pushkey = json_member_text(tree, spelling(tree, "pushkey", "push_key"));
    json_member_integer(tree, spelling(tree, "pushkey_ts", "push_key_ts"), &out->pushkey_ts);
    out->data = json_member_object(tree, "data");
    out->tweaks = has_tweaks ? tweaks : NULL;
    out->fault = find_fault(out);
}

static enum notification_fault fail(enum notification_fault fault, struct error *error,
                                    const char *text) {
    error_set(error, ERROR_PARSE, "%s", text);
    return fault;
}

/* Finds the two parts every body has. */
static enum notification_fault dissect(struct json_object *body, struct json_object **tree,
                                       struct json_object **devices, struct error *error) {
    if (body == NULL || !json_object_is_type(body, json_type_object))
        return fail(NOTIFICATION_BAD_JSON, error, "the body is not an object");
    *tree = json_member(body, "notification");
    if (*tree == NULL)
        return fail(NOTIFICATION_MISSING_PARAM, error, "notification is missing");
    if (!json_object_is_type(*tree, json_type_object))
        return fail(NOTIFICATION_BAD_JSON, error, "notification is not an object");
    *devices = json_member(*tree, "devices");
    if (*devices == NULL)
        return fail(NOTIFICATION_MISSING_PARAM, error, "notification.devices is missing");
    if (!json_object_is_type(*devices, json_type_array))
        return fail(NOTIFICATION_BAD_JSON, error, "notification.devices is not an array");
    if (json_object_array_length(*devices) == 0)
        return fail(NOTIFICATION_MISSING_PARAM, error, "notification.devices is empty");
    return NOTIFICATION_OK;
}

static struct notification *build_take(struct json_object *body, struct json_object *tree,
                                       struct json_object *devices) {
    size_t count = json_object_array_length(devices);
    struct parsed *parsed = memory_new(sizeof *parsed + count * sizeof *parsed->devices);

    parsed->body = body;
    read_fields(tree, &parsed->view);
    for (size_t i = 0; i < count; i++)
        read_device(json_object_array_get_idx(devices, i), &parsed->devices[i]);
    parsed->view.devices = parsed->devices;
    parsed->view.device_count = count;
    parsed->view.footprint_bytes = sizeof *parsed + count * sizeof *parsed->devices;
    return &parsed->view;
}

static enum notification_fault fail_too_many(struct error *error, const char *what, size_t limit) {
    error_set(error, ERROR_TOO_LARGE, "more %s than the %zu allowed", what, limit);
    return NOTIFICATION_TOO_MANY;
}

enum notification_fault notification_parse(struct slice text, size_t device_limit,
                                           struct notification **out, struct error *error) {
    struct json_object *tree = NULL;
    struct json_object *devices = NULL;
    struct json_shape shape;

    if (!json_check(text, NOTIFICATION_DEPTH_LIMIT, &shape))
        return fail(NOTIFICATION_NOT_JSON, error,
                    "the body is not one JSON value in UTF-8, or is nested too deep");
    size_t footprint_bytes = json_footprint_bytes(text, &shape);
    if (footprint_bytes > NOTIFICATION_FOOTPRINT_LIMIT_BYTES)
        return fail_too_many(error, "bytes of memory for the values of the body",
                             NOTIFICATION_FOOTPRINT_LIMIT_BYTES);
    struct json_object *body = json_build(text, &shape, NULL);
    enum notification_fault fault = dissect(body, &tree, &devices, error);
    if (fault == NOTIFICATION_OK && device_limit > 0 &&
        json_object_array_length(devices) > device_limit)
        fault = fail_too_many(error, "devices", device_limit);
    if (fault == NOTIFICATION_OK) {
        *out = build_take(body, tree, devices);
        (*out)->footprint_bytes += footprint_bytes;
    } else {
        json_object_put(body);
    }
    return fault;
}

void notification_free(struct notification *notification) {
    struct parsed *parsed = (struct parsed *)notification;

    if (parsed == NULL)
        return;
    buffer_free(&parsed->frame);
    json_object_put(parsed->body);
    free(parsed);
}

/* Appends the object as JSON without that member and without the closing brace; the member is
 * back, as the last one, when this returns. */
static void write_open(struct json_object *object, const char *member, struct buffer *out) {
    struct json_object *value = json_object_get(json_member(object, member));

    json_object_object_del(object, member);
    json_write(object, out);
    out->size--;
    json_object_object_add(object, member, value);
}

static void build_frame(struct parsed *parsed) {
    struct buffer *frame = &parsed->frame;

    buffer_append_text(frame, "{\"notification\":");
    write_open(parsed->view.tree, "devices", frame);
    if (frame->data[frame->size - 1] != '{')
        buffer_append_byte(frame, ',');
    buffer_append_text(frame, "\"devices\":[");
    parsed->frame_split = frame->size;
    buffer_append_text(frame, "]}");
    size_t brace = frame->size;
    write_open(parsed->body, "notification", frame);
    if (frame->size > brace + 1)
        frame->data[brace] = ',';
    else
        frame->size = brace;
    buffer_append_byte(frame, '}');
}

void notification_write_single(struct notification *notification, size_t device,
                               struct buffer *out) {
    struct parsed *parsed = (struct parsed *)notification;

    if (parsed->frame.size == 0)
        build_frame(parsed);
    struct slice frame = buffer_slice(&parsed->frame);
    size_t split = parsed->frame_split;
    buffer_append(out, (struct slice){.data = frame.data, .size = split});
    json_write(notification->devices[device].tree, out);
    buffer_append(out, (struct slice){.data = frame.data + split, .size = frame.size - split});
}

struct slice notification_event(const struct notification *notification) {
    struct slice event =
        notification->event_id.size > 0 ? notification->event_id : notification->id;

    if (slice_is(event, "$THIS_IS_A_FAKE_EVENT_ID"))
        return (struct slice){0};
    return event;
}

bool notification_is_badge_only(const struct notification *notification) {
    for (size_t i = 0; i < TEXT_FIELD_COUNT; i++) {
        struct slice text;
        memcpy(&text, (const char *)notification + text_fields[i].offset, sizeof text);
        if (text.size > 0)
            return false;
    }
    /* MSC3013: what is encrypted may be an event. */
    if (json_member(notification->tree, "ciphertext") != NULL &&
        !json_member_is_true(notification->tree, "is_counts_only"))
        return false;
    return notification->content == NULL;
}
