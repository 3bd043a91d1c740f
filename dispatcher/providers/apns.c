/* APNs: POST <base_url>/3/device/<token in hex>, HTTP/2.
 * Source: Apple, "Sending notification requests to APNs". */
#include "common/base/base64.h"
#include "dispatcher/providers/apns_alert.h"
#include "dispatcher/providers/apns_answers.h"
#include "dispatcher/providers/apns_payload.h"
#include "dispatcher/providers/provider.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

enum { PUSHKEY_BYTES_MAX = 1024 };

static const char *const base_urls[][2] = {
    [APNS_PRODUCTION] = {[APNS_PORT_443] = "https://api.push.apple.com",
                         [APNS_PORT_2197] = "https://api.push.apple.com:2197"},
    [APNS_SANDBOX] = {[APNS_PORT_443] = "https://api.sandbox.push.apple.com",
                      [APNS_PORT_2197] = "https://api.sandbox.push.apple.com:2197"},
    [APNS_PROD] = {[APNS_PORT_443] = "https://api.push.apple.com",
                   [APNS_PORT_2197] = "https://api.push.apple.com:2197"},
};

static const struct push_type {
    const char *name;
    const char *suffix; /* of the topic */
    size_t limit_bytes; /* of the payload */
} push_types[] = {
    [APNS_ALERT] = {"alert", "", 4096},
    [APNS_BACKGROUND] = {"background", "", 4096},
    [APNS_VOIP] = {"voip", ".voip", 5120},
    [APNS_PUSHTOTALK] = {"pushtotalk", ".voip-ptt", 4096},
    [APNS_COMPLICATION] = {"complication", ".complication", 4096},
    [APNS_FILEPROVIDER] = {"fileprovider", ".pushkit.fileprovider", 4096},
    [APNS_LOCATION] = {"location", ".location-query", 4096},
    [APNS_LIVEACTIVITY] = {"liveactivity", ".push-type.liveactivity", 4096},
    [APNS_WIDGETS] = {"widgets", ".push-type.widgets", 4096},
    [APNS_CONTROLS] = {"controls", ".push-type.controls", 4096},
    [APNS_MDM] = {"mdm", "", 4096},
};

/* ---- The pushkey ---- */

static bool is_hex(struct slice text) {
    for (size_t i = 0; i < text.size; i++)
        if (isxdigit((unsigned char)text.data[i]) == 0)
            return false;
    return text.size % 2 == 0;
}

/* Appends the token in hex; false when the pushkey is none. A client that sends base64 although the
 * app is said to send hex is understood: a wrong option must not unregister anyone. */
static bool write_token(const struct app *app, struct slice pushkey, struct buffer *out) {
    struct buffer token = {0};

    if (!app->apns.converts_token && is_hex(pushkey)) {
        buffer_append(out, pushkey);
        return true;
    }
    const bool is_decoded = base64_decode(pushkey, &token);
    for (size_t i = 0; i < token.size; i++)
        buffer_append_format(out, "%02x", (unsigned)(unsigned char)token.data[i]);
    buffer_free(&token);
    return is_decoded;
}

static const char *check(const struct app *app, const struct device *device) {
    struct buffer token = {0};
    const char *fault = NULL;

    if (device->pushkey.size > PUSHKEY_BYTES_MAX)
        return "pushkey_too_long";
    if (!write_token(app, device->pushkey, &token))
        fault = app->apns.converts_token ? "pushkey_not_base64" : "pushkey_not_hex";
    else if (token.size == 0)
        fault = "pushkey_empty";
    buffer_free(&token);
    return fault;
}

/* ---- The request ---- */

static bool is_voip_call(const struct encode_input *input) {
    return input->app->apns.voip_topic != NULL && apns_alert_is_call(input->notification);
}

static const struct push_type *push_type_of(const struct encode_input *input) {
    return &push_types[is_voip_call(input) ? APNS_VOIP : input->app->apns.push_type];
}

/* The topic with the suffix of the push type, which the configuration may have already. Empty where
 * the certificate alone says it. */
static struct slice topic_of(const struct encode_input *input, struct arena *arena) {
    const struct app *app = input->app;
    const struct slice topic =
        slice_of(is_voip_call(input) ? app->apns.voip_topic : app->apns.topic);
    const struct slice suffix = slice_of(push_type_of(input)->suffix);

    if (topic.size == 0 ||
        (topic.size > suffix.size &&
         memcmp(topic.data + topic.size - suffix.size, suffix.data, suffix.size) == 0))
        return topic;
    return arena_format(arena, "%s%s", topic.data, suffix.data);
}

/* A call that rings when it is long over is worse than none, so VoIP is tried but once by Apple. */
static struct slice expiration_of(const struct encode_input *input, struct arena *arena) {
    const int64_t until_seconds = input->now_ms / 1000 + encode_ttl_seconds(input->app, 0);

    if (input->app->ttl_ms > 0)
        return arena_format(arena, "%" PRId64, until_seconds);
    return slice_of(push_type_of(input) == &push_types[APNS_VOIP] ? "0" : NULL);
}

static const char *priority_of(const struct encode_input *input) {
    const bool is_background = push_type_of(input) == &push_types[APNS_BACKGROUND];

    return input->notification->low_priority || is_background ? "5" : "10";
}

/* A count takes the place of the count before it. */
static struct slice collapse_id_of(const struct encode_input *input, struct arena *arena) {
    const enum collapse collapse = input->app->collapse;

    if (collapse != COLLAPSE_NONE && notification_is_badge_only(input->notification))
        return slice_of("badge");
    return encode_collapse_id(input, collapse, arena);
}

static const char *write_url(const struct encode_input *input, struct arena *arena) {
    const struct app *app = input->app;
    struct buffer url = {0};

    buffer_append(&url, encode_base_url(app, base_urls[app->apns.platform][app->apns.port]));
    buffer_append_text(&url, "/3/device/");
    write_token(app, input->device->pushkey, &url);
    const char *out = arena_copy(arena, buffer_slice(&url)).data;
    buffer_free(&url);
    return out;
}

static void write_request(const struct encode_input *input, struct slice body, struct arena *arena,
                          struct http_request *out) {
    out->url = write_url(input, arena);
    http_request_add(out, "authorization", arena_copy(arena, input->authorization));
    http_request_add(out, "apns-id", arena_copy(arena, slice_of(input->record_id)));
    http_request_add(out, "apns-topic", topic_of(input, arena));
    http_request_add(out, "apns-push-type", slice_of(push_type_of(input)->name));
    http_request_add(out, "apns-priority", slice_of(priority_of(input)));
    http_request_add(out, "apns-expiration", expiration_of(input, arena));
    http_request_add(out, "apns-collapse-id", collapse_id_of(input, arena));
    http_request_add(out, "content-type", slice_of("application/json"));
    out->body = arena_copy(arena, body);
}

static enum encode_result encode(const struct encode_input *input, struct arena *arena,
                                 struct encode_output *out) {
    struct buffer body = {0};

    *out = (struct encode_output){0};
    const enum encode_result result =
        apns_payload_write(input, push_type_of(input)->limit_bytes, &body, &out->reason);
    if (result == ENCODE_SEND)
        write_request(input, buffer_slice(&body), arena, &out->request);
    buffer_free(&body);
    return result;
}

const struct provider provider_apns = {
    .kind = PROVIDER_APNS,
    .credential = CREDENTIAL_APNS_TOKEN,
    .check = check,
    .encode = encode,
    .classify = apns_answers_classify,
};
