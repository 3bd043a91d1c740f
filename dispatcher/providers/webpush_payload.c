#include "dispatcher/providers/webpush_payload.h"

#include "common/base/json.h"

#include <stddef.h>
#include <string.h>

enum {
    BODY_CHARACTERS_MAX = 1000,
    CIPHERTEXT_CHARACTERS_MAX = 2000,
    TEXT_BYTES_MIN = 32, /* shorter, a text of the content is no use to anybody */
    FIELDS_MAX = 16,
};

#define ELLIPSIS "\xE2\x80\xA6"

enum field_kind {
    FIELD_WHOLE,   /* a text of which a half is worth nothing */
    FIELD_TEXT,    /* it may be cut */
    FIELD_LITERAL, /* JSON as it is */
    FIELD_CONTENT,
};

/* What the push itself says; it wins over the pusher's default_payload. */
struct field {
    const char *name;
    enum field_kind kind;
    struct slice value; /* of all but the content */
};

struct payload {
    struct field fields[FIELDS_MAX];
    size_t count;
    struct json_object *content; /* NULL when none */
};

enum content_form { CONTENT_WHOLE, CONTENT_TEXT, CONTENT_NONE };

/* How a payload is written: what of its content, and how long a text may be. */
struct shape {
    enum content_form content;
    size_t text_bytes;
};

static const struct {
    const char *name;
    size_t offset;
    enum field_kind kind;
} texts[] = {
    {"room_id", offsetof(struct notification, room_id), FIELD_WHOLE},
    {"event_id", offsetof(struct notification, event_id), FIELD_WHOLE},
    {"room_name", offsetof(struct notification, room_name), FIELD_TEXT},
    {"room_alias", offsetof(struct notification, room_alias), FIELD_TEXT},
    {"membership", offsetof(struct notification, membership), FIELD_TEXT},
    {"sender", offsetof(struct notification, sender), FIELD_TEXT},
    {"sender_display_name", offsetof(struct notification, sender_display_name), FIELD_TEXT},
    {"type", offsetof(struct notification, type), FIELD_TEXT},
};

/* The parts of an encrypted push (MSC3013). */
static const char *const encrypted[] = {"ephemeral", "ciphertext", "mac"};

/* ---- What is in it ---- */

static void add(struct payload *payload, const char *name, enum field_kind kind,
                struct slice value) {
    payload->fields[payload->count++] = (struct field){name, kind, value};
}

static void add_count(struct payload *payload, struct arena *arena, const char *name,
                      int64_t count) {
    add(payload, name, FIELD_LITERAL, arena_format(arena, "%lld", (long long)count));
}

static void collect(const struct encode_input *input, struct arena *arena,
                    struct payload *payload) {
    const struct notification *notification = input->notification;
    struct json_object *content = notification->content;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct slice text;
        memcpy(&text, (const char *)notification + texts[i].offset, sizeof text);
        if (text.size > 0)
            add(payload, texts[i].name, texts[i].kind, text);
    }
    for (size_t i = 0; i < sizeof encrypted / sizeof encrypted[0]; i++) {
        const struct slice text = json_member_text(notification->tree, encrypted[i]);
        if (text.size > 0)
            add(payload, encrypted[i], FIELD_WHOLE, text);
    }
    if (notification->user_is_target)
        add(payload, "user_is_target", FIELD_LITERAL, slice_of("true"));
    if (input->app->send_badge_counts && notification->has_unread)
        add_count(payload, arena, "unread", notification->unread);
    if (input->app->send_badge_counts && notification->has_missed_calls)
        add_count(payload, arena, "missed_calls", notification->missed_calls);
    if (content != NULL && json_object_object_length(content) > 0) {
        add(payload, "content", FIELD_CONTENT, (struct slice){0});
        payload->content = content;
    }
}

/* ---- How it is written: members, each with a comma before it, until an object is closed ---- */

/* A text that is longer, or was so before, ends with an ellipsis inside of text_bytes. */
static void write_text(const char *name, struct slice text, bool was_longer, size_t text_bytes,
                       struct buffer *out) {
    const bool is_marked = was_longer || text.size > text_bytes;
    const bool has_room = text_bytes >= strlen(ELLIPSIS);

    if (is_marked)
        text.size = slice_utf8_prefix(text, has_room ? text_bytes - strlen(ELLIPSIS) : 0);
    json_write_name(name, out);
    buffer_append_byte(out, '"');
    buffer_append_json_escaped(out, text);
    buffer_append_text(out, is_marked && has_room ? ELLIPSIS "\"" : "\"");
}

static void write_body(struct slice body, size_t text_bytes, struct buffer *out) {
    const bool is_long = slice_utf8_characters(body, BODY_CHARACTERS_MAX) < body.size;

    if (is_long)
        body.size = slice_utf8_characters(body, BODY_CHARACTERS_MAX - 1);
    write_text("body", body, is_long, text_bytes, out);
}

static void write_content(struct json_object *content, const struct shape *shape,
                          struct buffer *out) {
    const struct slice body = json_member_text(content, "body");
    const struct slice type = json_member_text(content, "msgtype");
    const struct slice ciphertext = json_member_text(content, "ciphertext");
    const char *left_out[4] = {"formatted_body"}; /* which no notification can show */
    size_t count = 1;

    if (shape->content == CONTENT_NONE || (shape->content == CONTENT_TEXT && body.data == NULL))
        return;
    json_write_name("content", out);
    const size_t start = out->size;
    if (body.data != NULL)
        left_out[count++] = "body";
    if (slice_utf8_characters(ciphertext, CIPHERTEXT_CHARACTERS_MAX) < ciphertext.size)
        left_out[count++] = "ciphertext";
    if (shape->content == CONTENT_WHOLE)
        json_write_members(content, left_out, out);
    else if (type.data != NULL)
        write_text("msgtype", type, false, shape->text_bytes, out);
    if (body.data != NULL)
        write_body(body, shape->text_bytes, out);
    json_close_object(start, out);
}

static void write_field(const struct payload *payload, const struct field *field,
                        const struct shape *shape, struct buffer *out) {
    switch (field->kind) {
    case FIELD_WHOLE:
        write_text(field->name, field->value, false, field->value.size, out);
        break;
    case FIELD_TEXT:
        write_text(field->name, field->value, false, shape->text_bytes, out);
        break;
    case FIELD_LITERAL:
        json_write_name(field->name, out);
        buffer_append(out, field->value);
        break;
    case FIELD_CONTENT:
        write_content(payload->content, shape, out);
        break;
    }
}

static void write_default_payload(struct json_object *defaults, const struct payload *payload,
                                  struct buffer *out) {
    const char *names[FIELDS_MAX + 1] = {0};

    for (size_t i = 0; i < payload->count; i++)
        names[i] = payload->fields[i].name;
    json_write_members(defaults, names, out);
}

/* ---- How it is made to fit ---- */

/* Where it is to go, and what is there already. */
struct place {
    struct buffer *out;
    size_t start;       /* of the object */
    size_t after_start; /* behind the default_payload */
};

/* Writes the fields in that shape, in place of those there. Returns the size of the object. */
static size_t write_shape(const struct payload *payload, const struct shape *shape,
                          const struct place *place) {
    place->out->size = place->after_start;
    for (size_t i = 0; i < payload->count; i++)
        write_field(payload, &payload->fields[i], shape, place->out);
    json_close_object(place->start, place->out);
    return place->out->size - place->start;
}

/* Texts as long as fit: the size never falls when text_bytes grows. */
static void write_longest(const struct payload *payload, struct shape shape, size_t limit_bytes,
                          const struct place *place) {
    size_t most = limit_bytes;

    while (shape.text_bytes < most) {
        const struct shape middle = {shape.content, most - (most - shape.text_bytes) / 2};
        if (write_shape(payload, &middle, place) <= limit_bytes)
            shape = middle;
        else
            most = middle.text_bytes - 1;
    }
    write_shape(payload, &shape, place);
}

static bool write_fitting(const struct payload *payload, size_t limit_bytes,
                          const struct place *place) {
    static const struct shape smallest[] = {
        {CONTENT_WHOLE, TEXT_BYTES_MIN},
        {CONTENT_TEXT, TEXT_BYTES_MIN},
        {CONTENT_NONE, 0},
    };
    const struct shape whole = {CONTENT_WHOLE, limit_bytes};

    if (write_shape(payload, &whole, place) <= limit_bytes)
        return true;
    for (size_t i = 0; i < sizeof smallest / sizeof smallest[0]; i++)
        if (write_shape(payload, &smallest[i], place) <= limit_bytes) {
            write_longest(payload, smallest[i], limit_bytes, place);
            return true;
        }
    return false;
}

enum encode_result webpush_payload_write(const struct encode_input *input, size_t limit_bytes,
                                         struct arena *arena, struct buffer *out,
                                         const char **reason) {
    struct json_object *defaults = NULL;
    struct payload payload = {0};
    struct place place = {.out = out, .start = out->size};

    if (!encode_default_payload(input->device, &defaults, reason))
        return ENCODE_REJECT;
    if (json_member_is_true(input->device->data, "events_only") &&
        notification_is_badge_only(input->notification)) {
        *reason = "events_only";
        return ENCODE_DROP;
    }
    if (encode_has_nothing(input)) {
        *reason = "nothing_to_show";
        return ENCODE_DROP;
    }
    collect(input, arena, &payload);
    write_default_payload(defaults, &payload, out);
    place.after_start = out->size;
    if (write_fitting(&payload, limit_bytes, &place))
        return ENCODE_SEND;
    *reason = "payload_too_large";
    return ENCODE_DEAD;
}
