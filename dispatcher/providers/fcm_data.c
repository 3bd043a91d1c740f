#include "dispatcher/providers/fcm_data.h"

#include "common/base/json.h"

#include <stddef.h>
#include <string.h>

/* More members than these cannot fit, so nothing is lost by looking at no more of them. */
enum { DEFAULT_PAYLOAD_MEMBERS_MAX = 2048, CONTENT_MEMBERS_MAX = 512, OWN_FIELDS_MAX = 16 };

/* Shorter, the texts of the content are no use to anybody. */
enum { CONTENT_TEXT_BYTES_MIN = 32 };

static const char content_prefix[] = "content_";

#define ELLIPSIS "\xE2\x80\xA6"

/* What may happen to a field when there is not enough room. */
enum field_kind {
    FIELD_WHOLE, /* nothing: half an id, half a ciphertext or half a secret is worth nothing */
    FIELD_TEXT,  /* it is cut */
    FIELD_CONTENT_TEXT, /* it is cut or, with the rest of the content, left out */
    FIELD_CONTENT,      /* it is left out with the rest of the content */
};

struct field {
    const char *prefix; /* of the name */
    struct slice name;
    struct slice value;
    enum field_kind kind;
};

struct fcm_data {
    struct field *fields;
    size_t count;
    size_t text_bytes; /* how long a text may be */
    bool has_content;
};

/* The texts of a notification that are passed on as they are. */
static const struct {
    const char *name;
    size_t offset;
    enum field_kind kind;
} texts[] = {
    {"event_id", offsetof(struct notification, event_id), FIELD_WHOLE},
    {"room_id", offsetof(struct notification, room_id), FIELD_WHOLE},
    {"type", offsetof(struct notification, type), FIELD_TEXT},
    {"sender", offsetof(struct notification, sender), FIELD_TEXT},
    {"sender_display_name", offsetof(struct notification, sender_display_name), FIELD_TEXT},
    {"room_name", offsetof(struct notification, room_name), FIELD_TEXT},
    {"room_alias", offsetof(struct notification, room_alias), FIELD_TEXT},
    {"membership", offsetof(struct notification, membership), FIELD_TEXT},
};

/* The parts of an encrypted push (MSC3013). */
static const char *const encrypted[] = {"ephemeral", "ciphertext", "mac"};

static void add(struct fcm_data *data, struct field field) {
    data->fields[data->count++] = field;
}

static void add_whole(struct fcm_data *data, const char *name, struct slice value) {
    add(data, (struct field){"", slice_of(name), value, FIELD_WHOLE});
}

static void add_texts(struct fcm_data *data, const struct notification *notification) {
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct slice value;
        memcpy(&value, (const char *)notification + texts[i].offset, sizeof value);
        if (value.data != NULL)
            add(data, (struct field){"", slice_of(texts[i].name), value, texts[i].kind});
    }
    for (size_t i = 0; i < sizeof encrypted / sizeof encrypted[0]; i++) {
        const struct slice value = json_member_text(notification->tree, encrypted[i]);
        if (value.data != NULL)
            add_whole(data, encrypted[i], value);
    }
}

static void add_count(struct fcm_data *data, struct arena *arena, const char *name, int64_t count) {
    if (count > 0)
        add_whole(data, name, arena_format(arena, "%lld", (long long)count));
}

/* The flat form of the counts: numbers in text. */
static void add_flat_counts(struct fcm_data *data, const struct encode_input *input,
                            struct arena *arena) {
    const struct notification *notification = input->notification;

    add_whole(data, "prio", slice_of(notification->low_priority ? "normal" : "high"));
    if (!input->app->send_badge_counts)
        return;
    if (notification->has_unread)
        add_count(data, arena, "unread", notification->unread);
    if (notification->has_missed_calls)
        add_count(data, arena, "missed_calls", notification->missed_calls);
}

static void add_flat_content(struct fcm_data *data, struct json_object *content) {
    size_t members = 0;

    if (content == NULL)
        return;
    json_object_object_foreach(content, name, value) {
        const struct slice text = json_text(value);
        if (text.data == NULL)
            continue;
        if (++members > CONTENT_MEMBERS_MAX)
            break;
        add(data, (struct field){content_prefix, slice_of(name), text, FIELD_CONTENT_TEXT});
    }
}

/* The encoded form is for apps of that kind, and for clients that ask for it by `data_message` in
 * their pusher's data: prio, counts, devices and content as JSON in a text. They decode the whole
 * push at once, so a part of another type than expected is left out rather than passed on. */
static bool is_encoded(const struct encode_input *input) {
    const struct slice wish = json_member_text(input->device->data, "data_message");

    return input->app->fcm.payload == FCM_PAYLOAD_FLUFFYCHAT || slice_is(wish, "android") ||
           slice_is(wish, "ios");
}

static enum fcm_content content_form(const struct encode_input *input, bool encoded) {
    const enum fcm_content form = input->app->fcm.content;

    return encoded && form == FCM_CONTENT_FLAT ? FCM_CONTENT_JSON : form;
}

static struct slice keep(struct buffer *text, struct arena *arena) {
    const struct slice copy = arena_copy(arena, buffer_slice(text));

    buffer_free(text);
    return copy;
}

static struct slice encoded_device(const struct device *device, struct arena *arena) {
    struct buffer text = {0};

    buffer_append_text(&text, "[{\"app_id\":\"");
    buffer_append_json_escaped(&text, device->app_id);
    buffer_append_text(&text, "\",\"pushkey\":\"");
    buffer_append_json_escaped(&text, device->pushkey);
    buffer_append_byte(&text, '"');
    if (device->pushkey_ts != 0)
        buffer_append_format(&text, ",\"pushkey_ts\":%lld", (long long)device->pushkey_ts);
    buffer_append_text(&text, ",\"data\":");
    json_write(device->data, &text);
    if (json_object_is_type(device->tweaks, json_type_object)) {
        buffer_append_text(&text, ",\"tweaks\":");
        json_write(device->tweaks, &text);
    }
    buffer_append_text(&text, "}]");
    return keep(&text, arena);
}

static struct slice encoded_counts(const struct notification *notification, struct arena *arena) {
    struct buffer text = {0};
    const char *separator = "{";

    if (notification->has_unread) {
        buffer_append_format(&text, "{\"unread\":%lld", (long long)notification->unread);
        separator = ",";
    }
    if (notification->has_missed_calls)
        buffer_append_format(&text, "%s\"missed_calls\":%lld", separator,
                             (long long)notification->missed_calls);
    buffer_append_byte(&text, '}');
    return keep(&text, arena);
}

static void add_encoded_counts(struct fcm_data *data, const struct encode_input *input,
                               struct arena *arena) {
    const struct notification *notification = input->notification;

    add_whole(data, "prio", slice_of(notification->low_priority ? "\"low\"" : "\"high\""));
    add_whole(data, "devices", encoded_device(input->device, arena));
    if (input->app->send_badge_counts &&
        (notification->has_unread || notification->has_missed_calls))
        add_whole(data, "counts", encoded_counts(notification, arena));
}

static void add_json_content(struct fcm_data *data, struct json_object *content,
                             struct arena *arena) {
    struct buffer text = {0};

    if (content == NULL)
        return;
    json_write(content, &text);
    add(data, (struct field){"", slice_of("content"), keep(&text, arena), FIELD_CONTENT});
}

static bool begins_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

/* FCM refuses a message with such a name, or its SDK would hide the field from the client. */
static bool is_reserved(const char *name) {
    static const char *const names[] = {"", "from", "message_type", "gcm"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return begins_with(name, "google.") || begins_with(name, "gcm.");
}

/* Whether the push itself has a field of that name: it wins over the pusher's. */
static bool is_own(const struct fcm_data *data, size_t own_count, struct json_object *flat_content,
                   const char *name) {
    for (size_t i = 0; i < own_count; i++)
        if (slice_is(data->fields[i].name, name))
            return true;
    return begins_with(name, content_prefix) &&
           json_member_text(flat_content, name + strlen(content_prefix)).data != NULL;
}

static struct slice value_as_text(struct json_object *value) {
    struct slice text = json_text(value);

    if (text.data == NULL)
        text.data = json_object_to_json_string_length(
            value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &text.size);
    return text;
}

static void add_default_payload(struct fcm_data *data, struct json_object *payload,
                                struct json_object *flat_content) {
    const size_t own_count = data->count;

    if (payload == NULL)
        return;
    json_object_object_foreach(payload, name, value) {
        if (value != NULL && !is_reserved(name) && !is_own(data, own_count, flat_content, name))
            add_whole(data, name, value_as_text(value));
    }
}

/* An encrypted push may carry counts that only the client can read. */
static bool has_news(const struct notification *notification) {
    return !notification_is_badge_only(notification) ||
           json_member_text(notification->tree, "ciphertext").size > 0;
}

/* A client of the encoded form clears its badge at zero; one of the flat form is never told zero.
 */
static bool has_counts(const struct encode_input *input, bool encoded) {
    const struct notification *notification = input->notification;

    if (!input->app->send_badge_counts)
        return false;
    if (encoded)
        return notification->has_unread || notification->has_missed_calls;
    return (notification->has_unread && notification->unread > 0) ||
           (notification->has_missed_calls && notification->missed_calls > 0);
}

static size_t member_count(struct json_object *object, size_t most) {
    const size_t count = object == NULL ? 0 : (size_t)json_object_object_length(object);

    return count < most ? count : most;
}

static size_t fields_max(struct json_object *payload, struct json_object *content) {
    return OWN_FIELDS_MAX + member_count(payload, DEFAULT_PAYLOAD_MEMBERS_MAX) +
           member_count(content, CONTENT_MEMBERS_MAX);
}

enum encode_result fcm_data_collect(const struct encode_input *input, struct arena *arena,
                                    struct fcm_data **out, const char **reason) {
    struct json_object *content = input->notification->content;
    struct json_object *payload = NULL;
    const bool encoded = is_encoded(input);
    const enum fcm_content form = content_form(input, encoded);
    struct json_object *flat_content = form == FCM_CONTENT_FLAT ? content : NULL;
    struct fcm_data *data = arena_allocate(arena, sizeof *data);

    if (!encode_default_payload(input->device, &payload, reason))
        return ENCODE_REJECT;
    if (!has_news(input->notification) && !has_counts(input, encoded)) {
        *reason = "nothing_to_show";
        return ENCODE_DROP;
    }
    if (payload != NULL && json_object_object_length(payload) > DEFAULT_PAYLOAD_MEMBERS_MAX) {
        *reason = "payload_too_large";
        return ENCODE_DEAD;
    }
    data->fields = arena_allocate(arena, fields_max(payload, content) * sizeof *data->fields);
    add_texts(data, input->notification);
    (encoded ? add_encoded_counts : add_flat_counts)(data, input, arena);
    if (form == FCM_CONTENT_JSON)
        add_json_content(data, content, arena);
    add_default_payload(data, payload, flat_content);
    add_flat_content(data, flat_content);
    *out = data;
    return ENCODE_SEND;
}

static bool is_content(const struct field *field) {
    return field->kind == FIELD_CONTENT || field->kind == FIELD_CONTENT_TEXT;
}

static bool is_cut(const struct field *field, size_t text_bytes) {
    return field->value.size > text_bytes &&
           (field->kind == FIELD_TEXT || field->kind == FIELD_CONTENT_TEXT);
}

/* What is left of a text that is cut, before the ellipsis. */
static size_t cut_bytes(const struct field *field, size_t text_bytes) {
    return slice_utf8_prefix(field->value, text_bytes - strlen(ELLIPSIS));
}

static size_t value_bytes(const struct field *field, size_t text_bytes) {
    if (!is_cut(field, text_bytes))
        return field->value.size;
    return text_bytes < strlen(ELLIPSIS) ? 0 : cut_bytes(field, text_bytes) + strlen(ELLIPSIS);
}

static size_t total_bytes(const struct fcm_data *data, size_t text_bytes, bool with_content) {
    size_t total = 0;

    for (size_t i = 0; i < data->count; i++) {
        const struct field *field = &data->fields[i];
        if (with_content || !is_content(field))
            total += strlen(field->prefix) + field->name.size + value_bytes(field, text_bytes);
    }
    return total;
}

/* The longest a text may be so that all fits: total_bytes never falls when text_bytes grows. */
static size_t longest_fitting(const struct fcm_data *data, size_t least_bytes, bool with_content,
                              size_t limit_bytes) {
    size_t fits = least_bytes;
    size_t most = FCM_DATA_TEXT_BYTES;

    while (fits < most) {
        const size_t middle = most - (most - fits) / 2;
        if (total_bytes(data, middle, with_content) <= limit_bytes)
            fits = middle;
        else
            most = middle - 1;
    }
    return fits;
}

bool fcm_data_fit(struct fcm_data *data, size_t limit_bytes) {
    static const struct {
        bool with_content;
        size_t least_bytes;
    } attempts[] = {{true, CONTENT_TEXT_BYTES_MIN}, {false, 0}};

    data->text_bytes = FCM_DATA_TEXT_BYTES;
    data->has_content = true;
    if (total_bytes(data, FCM_DATA_TEXT_BYTES, true) <= limit_bytes)
        return true;
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        const size_t least = attempts[i].least_bytes;
        data->has_content = attempts[i].with_content;
        if (total_bytes(data, least, data->has_content) <= limit_bytes) {
            data->text_bytes = longest_fitting(data, least, data->has_content, limit_bytes);
            return true;
        }
    }
    return false;
}

static void write_value(const struct field *field, size_t text_bytes, struct buffer *out) {
    if (!is_cut(field, text_bytes)) {
        buffer_append_json_escaped(out, field->value);
    } else if (text_bytes >= strlen(ELLIPSIS)) {
        buffer_append_json_escaped(out,
                                   (struct slice){field->value.data, cut_bytes(field, text_bytes)});
        buffer_append_text(out, ELLIPSIS);
    }
}

void fcm_data_write(const struct fcm_data *data, struct buffer *out) {
    const char *separator = "";

    buffer_append_byte(out, '{');
    for (size_t i = 0; i < data->count; i++) {
        const struct field *field = &data->fields[i];
        if (is_content(field) && !data->has_content)
            continue;
        buffer_append_text(out, separator);
        buffer_append_byte(out, '"');
        buffer_append_text(out, field->prefix);
        buffer_append_json_escaped(out, field->name);
        buffer_append_text(out, "\":\"");
        write_value(field, data->text_bytes, out);
        buffer_append_byte(out, '"');
        separator = ",";
    }
    buffer_append_byte(out, '}');
}
