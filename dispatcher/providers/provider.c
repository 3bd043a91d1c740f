#include "dispatcher/providers/provider.h"

#include "common/base/base64.h"
#include "common/base/hash.h"
#include "common/base/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY_MS = 24 * 3600 * 1000, TOKEN_BYTES_MAX = 4096 };

static const struct provider *const providers[] = {
    &provider_apns, &provider_fcm, &provider_hms, &provider_unifiedpush, &provider_webpush,
};

const struct provider *provider_for(enum provider_kind kind) {
    for (size_t i = 0; i < sizeof providers / sizeof providers[0]; i++)
        if (providers[i]->kind == kind)
            return providers[i];
    return NULL;
}

bool encode_default_payload(const struct device *device, struct json_object **out,
                            const char **reason) {
    *out = json_member(device->data, "default_payload");
    if (*out == NULL || json_object_is_type(*out, json_type_object))
        return true;
    *reason = "default_payload_not_object";
    return false;
}

struct slice encode_collapse_id(const struct encode_input *input, enum collapse by,
                                struct arena *arena) {
    struct slice subject = {0};
    unsigned char hash[HASH_SHA256_BYTES];
    struct buffer data = {0};
    struct buffer id = {0};

    if (by == COLLAPSE_ROOM)
        subject = input->notification->room_id;
    if (subject.size == 0 && by != COLLAPSE_NONE)
        subject = notification_event(input->notification);
    if (subject.size == 0)
        return subject;
    json_write_sorted(input->device->data, &data);
    hash_sha256((const struct slice[]){subject, {.data = "", .size = 1}, buffer_slice(&data)}, 3,
                hash);
    base64url_encode((struct slice){.data = (const char *)hash, .size = sizeof hash}, &id);
    const struct slice out =
        arena_copy(arena, (struct slice){.data = id.data, .size = ENCODE_COLLAPSE_ID_SIZE});
    buffer_free(&data);
    buffer_free(&id);
    return out;
}

const char *check_token(struct slice pushkey) {
    if (pushkey.size == 0)
        return "pushkey_empty";
    if (pushkey.size > TOKEN_BYTES_MAX)
        return "pushkey_too_long";
    for (size_t i = 0; i < pushkey.size; i++)
        if ((unsigned char)pushkey.data[i] < 0x20 || pushkey.data[i] == 0x7F)
            return "pushkey_control_character";
    return NULL;
}

struct slice encode_base_url(const struct app *app, const char *own) {
    struct slice base = slice_of(app->base_url == NULL ? own : app->base_url);

    while (base.size > 0 && base.data[base.size - 1] == '/')
        base.size--;
    return base;
}

bool encode_has_nothing(const struct encode_input *input) {
    const struct notification *notification = input->notification;
    const bool has_counts = notification->has_unread || notification->has_missed_calls;

    /* What is encrypted (MSC3013) may be counts that only the client can read. */
    return notification_is_badge_only(notification) &&
           !(has_counts && input->app->send_badge_counts) &&
           json_member_text(notification->tree, "ciphertext").size == 0;
}

int64_t encode_ttl_seconds(const struct app *app, int64_t fallback_seconds) {
    return app->ttl_ms > 0 ? (app->ttl_ms + 999) / 1000 : fallback_seconds;
}

void answer_reason_write(struct slice word, int status, char out[ANSWER_REASON_SIZE]) {
    bool is_word = word.size > 0 && word.size < ANSWER_REASON_SIZE;

    for (size_t i = 0; is_word && i < word.size; i++) {
        const char c = word.data[i];
        is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-';
    }
    if (is_word)
        snprintf(out, ANSWER_REASON_SIZE, "%.*s", (int)word.size, word.data);
    else
        snprintf(out, ANSWER_REASON_SIZE, "http_%d", status);
}

/* The three forms of RFC 9110, 5.6.7: IMF-fixdate, RFC 850, asctime. */
static bool http_date_ms(struct slice header, int64_t now_ms, int64_t *out) {
    static const char *const forms[] = {
        "%a, %d %b %Y %H:%M:%S GMT",
        "%A, %d-%b-%y %H:%M:%S GMT",
        "%a %b %e %H:%M:%S %Y",
    };
    char text[48];
    const time_t now = (time_t)(now_ms / 1000);
    struct tm today;

    if (header.size == 0 || header.size >= sizeof text)
        return false;
    memcpy(text, header.data, header.size);
    text[header.size] = '\0';
    gmtime_r(&now, &today);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm date = {0};
        const char *end = strptime(text, forms[i], &date);
        if (end == NULL || *end != '\0')
            continue;
        /* A year of two digits that seems more than 50 years ahead is of the last century. */
        if (i == 1 && date.tm_year > today.tm_year + 50)
            date.tm_year -= 100;
        *out = (int64_t)timegm(&date) * 1000;
        return true;
    }
    return false;
}

static struct slice trimmed(struct slice text) {
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* Only digits, however many. */
static bool delta_seconds_ms(struct slice header, int64_t *out) {
    int64_t total_ms = 0;

    for (size_t i = 0; i < header.size; i++) {
        if (header.data[i] < '0' || header.data[i] > '9')
            return false;
        total_ms = total_ms * 10 + (int64_t)(header.data[i] - '0') * 1000;
        if (total_ms > DAY_MS)
            total_ms = DAY_MS;
    }
    *out = total_ms;
    return header.size > 0;
}

int64_t retry_after_ms(struct slice header, int64_t now_ms) {
    struct slice text = trimmed(header);
    int64_t delay_ms = 0;
    int64_t until_ms = 0;

    if (delta_seconds_ms(text, &delay_ms))
        return delay_ms;
    if (!http_date_ms(text, now_ms, &until_ms) || until_ms <= now_ms)
        return 0;
    return until_ms - now_ms < DAY_MS ? until_ms - now_ms : DAY_MS;
}

bool answer_date_ms(const struct http_response *response, int64_t now_ms, int64_t *out) {
    return http_date_ms(trimmed(response->date), now_ms, out);
}

int64_t answer_retry_after_ms(const struct http_response *response, int64_t now_ms) {
    int64_t server_now_ms = now_ms;

    if (!answer_date_ms(response, now_ms, &server_now_ms))
        server_now_ms = now_ms;
    return retry_after_ms(response->retry_after, server_now_ms);
}

void answer_take_retry_after(const struct classify_input *input, int64_t otherwise_ms,
                             struct answer *out) {
    if (out->meaning != ANSWER_RETRY_PUSHKEY && out->meaning != ANSWER_RETRY_APP &&
        out->meaning != ANSWER_RETRY_HOST)
        return;
    out->retry_after_ms = answer_retry_after_ms(input->response, input->now_ms);
    if (out->retry_after_ms == 0)
        out->retry_after_ms = otherwise_ms;
}
