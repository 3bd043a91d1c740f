#include "coverage.h"

#include "common/base/json.h"

#include <stdio.h>
#include <string.h>

enum { LEAST_FILES = 25 };

/* What is looked at: the notification of a body, its one device's data, its content. */
struct body {
    struct json_object *notification;
    struct json_object *content;
    struct json_object *data;
};

static bool says(struct json_object *map, const char *name, const char *value) {
    return slice_is(json_member_text(map, name), value);
}

static bool has_null(struct json_object *node) {
    if (node == NULL)
        return true;
    if (json_object_is_type(node, json_type_object)) {
        json_object_object_foreach(node, name, value) {
            (void)name;
            if (has_null(value))
                return true;
        }
    }
    for (size_t i = 0;
         json_object_is_type(node, json_type_array) && i < json_object_array_length(node); i++)
        if (has_null(json_object_array_get_idx(node, i)))
            return true;
    return false;
}

static bool is_with_nulls(const struct body *body) {
    return has_null(body->notification);
}

static bool is_low_priority(const struct body *body) {
    return says(body->notification, "prio", "low");
}

static bool has_event(const struct body *body) {
    return json_member_text(body->notification, "event_id").size > 0;
}

static bool has_type(const struct body *body) {
    return json_member_text(body->notification, "type").size > 0;
}

static bool is_badge_only(const struct body *body) {
    return !has_event(body) && !has_type(body);
}

static bool is_event_id_only(const struct body *body) {
    return has_event(body) && !has_type(body);
}

static bool is_message(const struct body *body) {
    return says(body->notification, "type", "m.room.message");
}

static bool is_invite(const struct body *body) {
    return says(body->notification, "type", "m.room.member") &&
           says(body->notification, "membership", "invite");
}

static bool is_call(const struct body *body) {
    const struct slice type = json_member_text(body->notification, "type");
    static const char start[] = "m.call.";

    return type.size > strlen(start) && memcmp(type.data, start, strlen(start)) == 0;
}

static bool is_edit(const struct body *body) {
    return says(json_member(body->content, "m.relates_to"), "rel_type", "m.replace");
}

static bool is_image(const struct body *body) {
    return says(body->content, "msgtype", "m.image");
}

static bool is_emote(const struct body *body) {
    return says(body->content, "msgtype", "m.emote");
}

static bool is_encrypted(const struct body *body) {
    return says(body->notification, "type", "m.room.encrypted");
}

static bool has_counts_of_text(const struct body *body) {
    return json_member_text(json_member(body->notification, "counts"), "unread").size > 0;
}

/* Whether a run of such characters is there, long enough to be cut somewhere: a lead byte beneath
 * mask is lead. */
static bool has_long_run(const struct body *body, unsigned char mask, unsigned char lead,
                         size_t bytes) {
    enum { RUN = 200 };
    const char *text = json_object_to_json_string_ext(body->notification, JSON_C_TO_STRING_PLAIN);
    size_t run = 0;

    for (const char *at = text; *at != '\0' && run < RUN;)
        if (((unsigned char)*at & mask) == lead) {
            run++;
            at += bytes;
        } else {
            run = 0;
            at++;
        }
    return run == RUN;
}

static bool is_long_of_two_bytes(const struct body *body) {
    return has_long_run(body, 0xE0, 0xC0, 2);
}

static bool is_long_of_three_bytes(const struct body *body) {
    return has_long_run(body, 0xF0, 0xE0, 3);
}

static bool is_long_of_four_bytes(const struct body *body) {
    return has_long_run(body, 0xF8, 0xF0, 4);
}

static bool default_payload_is(const struct body *body, enum json_type type) {
    struct json_object *payload = NULL;

    return json_object_is_type(body->data, json_type_object) &&
           json_object_object_get_ex(body->data, "default_payload", &payload) &&
           json_object_get_type(payload) == type;
}

static bool has_default_object(const struct body *body) {
    return default_payload_is(body, json_type_object);
}

static bool has_default_array(const struct body *body) {
    return default_payload_is(body, json_type_array);
}

static bool has_default_text(const struct body *body) {
    return default_payload_is(body, json_type_string);
}

static bool has_default_number(const struct body *body) {
    return default_payload_is(body, json_type_int) || default_payload_is(body, json_type_double);
}

static bool has_default_boolean(const struct body *body) {
    return default_payload_is(body, json_type_boolean);
}

static bool has_default_null(const struct body *body) {
    return default_payload_is(body, json_type_null);
}

static const struct {
    const char *name;
    bool (*is)(const struct body *body);
} shapes[] = {
    {"null values", is_with_nulls},
    {"low priority", is_low_priority},
    {"a badge alone", is_badge_only},
    {"an event id alone", is_event_id_only},
    {"a message", is_message},
    {"an invite", is_invite},
    {"a call", is_call},
    {"an edit", is_edit},
    {"an image", is_image},
    {"an emote", is_emote},
    {"an encrypted event", is_encrypted},
    {"counts as text", has_counts_of_text},
    {"a long text of two bytes a character", is_long_of_two_bytes},
    {"a long text of three bytes a character", is_long_of_three_bytes},
    {"a long text of four bytes a character", is_long_of_four_bytes},
    {"a default_payload that is an object", has_default_object},
    {"a default_payload that is an array", has_default_array},
    {"a default_payload that is a text", has_default_text},
    {"a default_payload that is a number", has_default_number},
    {"a default_payload that is a boolean", has_default_boolean},
    {"a default_payload that is null", has_default_null},
};

enum { SHAPE_COUNT = sizeof shapes / sizeof shapes[0] };

void coverage_note(struct coverage *coverage, struct json_object *notify) {
    struct json_object *notification = json_member_object(notify, "notification");
    struct json_object *device =
        json_object_array_get_idx(json_member_array(notification, "devices"), 0);
    const struct body body = {.notification = notification,
                              .content = json_member_object(notification, "content"),
                              .data = json_member(device, "data")};

    coverage->count++;
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        if (shapes[i].is(&body))
            coverage->seen |= UINT64_C(1) << i;
}

bool coverage_is_whole(const struct coverage *coverage) {
    bool is_whole = coverage->count >= LEAST_FILES;

    if (!is_whole)
        printf("FAIL only %zu files, of at least %d\n", coverage->count, LEAST_FILES);
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        if ((coverage->seen & UINT64_C(1) << i) == 0) {
            printf("FAIL no file shows %s\n", shapes[i].name);
            is_whole = false;
        }
    return is_whole;
}
