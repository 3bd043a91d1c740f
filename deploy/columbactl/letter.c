#include "deploy/columbactl/letter.h"

#include "common/push/notification.h"
#include "deploy/columbactl/place.h"
#include "deploy/columbactl/report.h"

#include <string.h>

enum { DEPTH_LIMIT = NOTIFICATION_DEPTH_LIMIT };

static void name(struct slice app_id, struct slice pushkey, struct letter *out) {
    size_t length = slice_utf8_prefix(app_id, sizeof out->app_id - 1);

    memcpy(out->app_id, app_id.data, length);
    out->app_id[length] = '\0';
    identity_pushkey(app_id, pushkey, out->pushkey);
}

static void name_by_body(struct slice value, struct letter *out) {
    struct notification *notification;

    if (notification_parse(value, 1, &notification, NULL) != NOTIFICATION_OK)
        return;
    if (notification->devices[0].app_id.size > 0)
        name(notification->devices[0].app_id, notification->devices[0].pushkey, out);
    notification_free(notification);
}

void letter_read(const struct queue_record *record, struct letter *out) {
    const char *nul =
        record->key.size == 0 ? NULL : memchr(record->key.data, '\0', record->key.size);

    *out = (struct letter){.app_id = ""};
    record_meta_read(record->headers, record->header_count, &out->meta);
    out->accepted_ms = out->meta.accepted_ms > 0 ? out->meta.accepted_ms : record->timestamp_ms;
    if (nul == NULL) {
        name_by_body(record->value, out);
        return;
    }
    size_t length = (size_t)(nul - record->key.data);
    name((struct slice){.data = record->key.data, .size = length},
         (struct slice){.data = nul + 1, .size = record->key.size - length - 1}, out);
}

/* As text in which nothing can steer a terminal. */
static void write_escaped(struct slice text, struct buffer *out) {
    buffer_append_json_escaped(out, text);
    buffer_append_text(out, "\n");
}

void letter_write(const struct queue_record *record, struct buffer *out) {
    struct json_object *body = json_parse(record->value, DEPTH_LIMIT, NULL);
    char place[PLACE_TEXT_SIZE];
    char time[REPORT_TEXT_SIZE];

    place_write(record->topic, record->partition, record->offset, place);
    report_time(record->timestamp_ms, time);
    buffer_append_format(out, "%s, written %s\n", place, time);
    for (size_t i = 0; i < record->header_count; i++) {
        buffer_append_json_escaped(out, slice_of(record->headers[i].name));
        buffer_append_text(out, ": ");
        write_escaped(record->headers[i].value, out);
    }
    buffer_append_text(out, "key: ");
    write_escaped(record->key, out);
    buffer_append_text(out, "\n");
    if (body != NULL)
        buffer_append_format(out, "%s\n",
                             json_object_to_json_string_ext(body, JSON_C_TO_STRING_PRETTY |
                                                                      JSON_C_TO_STRING_SPACED));
    else
        write_escaped(record->value, out);
    json_object_put(body);
}

/* Bytes that are no text are replaced on the way. */
static void add_bytes(struct json_object *object, const char *name_of, struct slice bytes) {
    struct buffer text = {0};

    buffer_append_json_text(&text, bytes);
    json_object_object_add(object, name_of, json_parse(buffer_slice(&text), 1, NULL));
    buffer_free(&text);
}

struct json_object *letter_json(const struct queue_record *record) {
    struct json_object *whole = json_object_new_object();
    struct json_object *headers = json_object_new_object();
    struct json_object *body = json_parse(record->value, DEPTH_LIMIT, NULL);
    char place[PLACE_TEXT_SIZE];

    place_write(record->topic, record->partition, record->offset, place);
    report_text(whole, "place", place);
    report_number(whole, "timestamp_ms", record->timestamp_ms);
    for (size_t i = 0; i < record->header_count; i++)
        add_bytes(headers, record->headers[i].name, record->headers[i].value);
    json_object_object_add(whole, "headers", headers);
    add_bytes(whole, "key", record->key);
    if (body != NULL)
        json_object_object_add(whole, "body", body);
    else
        add_bytes(whole, "text", record->value);
    return whole;
}
