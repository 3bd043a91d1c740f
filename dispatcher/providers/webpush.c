/* Web Push: POST to the subscription's endpoint (RFC 8030), encrypted for the browser (RFC 8291),
 * signed for its push service (RFC 8292). The pushkey is the browser's public key, p256dh; endpoint
 * and auth are in the pusher's data. */
#include "common/base/base64.h"
#include "common/base/json.h"
#include "dispatcher/providers/aes128gcm.h"
#include "dispatcher/providers/endpoint.h"
#include "dispatcher/providers/endpoint_answers.h"
#include "dispatcher/providers/provider.h"
#include "dispatcher/providers/webpush_payload.h"

#include <string.h>

_Static_assert((int)ENCODE_RANDOM_BYTES >= (int)AES128GCM_RANDOM_BYTES, "a salt and a key");

_Static_assert((int)ENCODE_COLLAPSE_ID_SIZE <= 32, "the most that a Topic may have");

enum { DEFAULT_TTL_SECONDS = 15 * 60 };

static bool decode_exactly(struct slice text, unsigned char *out, size_t size) {
    struct buffer bytes = {0};
    const bool is_whole = base64_decode(text, &bytes) && bytes.size == size;

    if (is_whole)
        memcpy(out, bytes.data, size);
    buffer_free(&bytes);
    return is_whole;
}

/* NULL, or why nothing can ever be sent to it. */
static const char *read_subscription(const struct app *app, const struct device *device,
                                     struct endpoint *endpoint,
                                     struct aes128gcm_subscription *subscription) {
    const struct endpoint_rules rules = {.allowed_networks = app->route.allowed_networks};
    const char *fault =
        endpoint_check(json_member_text(device->data, "endpoint"), &rules, endpoint);

    if (fault != NULL)
        return fault;
    if (!decode_exactly(device->pushkey, subscription->point, sizeof subscription->point) ||
        !aes128gcm_is_point(subscription->point))
        return "p256dh_malformed";
    if (!decode_exactly(json_member_text(device->data, "auth"), subscription->auth,
                        sizeof subscription->auth))
        return "auth_malformed";
    return NULL;
}

/* Whether the app sends to that host: a word of the configuration, which may be mistyped, and so
 * says nothing of the pushkey. */
static bool is_allowed(const struct app *app, const struct device *device) {
    const struct endpoint_rules rules = {
        .allowed_hosts = app->webpush.allowed_endpoints,
        .allowed_networks = app->route.allowed_networks,
    };
    struct endpoint endpoint;

    return endpoint_check(json_member_text(device->data, "endpoint"), &rules, &endpoint) == NULL;
}

static const char *check(const struct app *app, const struct device *device) {
    struct endpoint endpoint;
    struct aes128gcm_subscription subscription;

    return read_subscription(app, device, &endpoint, &subscription);
}

static struct slice audience(const struct app *app, const struct device *device,
                             struct arena *arena) {
    struct endpoint endpoint;
    struct aes128gcm_subscription subscription;

    if (read_subscription(app, device, &endpoint, &subscription) != NULL)
        return (struct slice){0};
    return endpoint_origin(&endpoint, arena);
}

/* What a later push takes the place of, while the browser is away. */
static struct slice topic(const struct encode_input *input, struct arena *arena) {
    const bool by_room = input->notification->room_id.size > 0 &&
                         json_member_is_true(input->device->data, "only_last_per_room");

    return encode_collapse_id(input, by_room ? COLLAPSE_ROOM : input->app->collapse, arena);
}

/* Apple delivers at once only what is of high urgency. */
static const char *urgency(const struct encode_input *input, const struct endpoint *endpoint) {
    if (input->notification->low_priority)
        return "low";
    return endpoint_is_of(endpoint, "push.apple.com") ? "high" : "normal";
}

static void write_request(const struct encode_input *input, const struct endpoint *endpoint,
                          struct slice body, struct arena *arena, struct http_request *out) {
    const long long ttl_seconds = encode_ttl_seconds(input->app, DEFAULT_TTL_SECONDS);

    out->url = arena_copy(arena, json_member_text(input->device->data, "endpoint")).data;
    http_request_add(out, "authorization", arena_copy(arena, input->authorization));
    http_request_add(out, "ttl", arena_format(arena, "%lld", ttl_seconds));
    http_request_add(out, "urgency", slice_of(urgency(input, endpoint)));
    http_request_add(out, "topic", topic(input, arena));
    http_request_add(out, "content-encoding", slice_of("aes128gcm"));
    http_request_add(out, "content-type", slice_of("application/octet-stream"));
    out->body = arena_copy(arena, body);
}

static enum encode_result encode(const struct encode_input *input, struct arena *arena,
                                 struct encode_output *out) {
    struct endpoint endpoint;
    struct aes128gcm_subscription subscription;
    struct buffer payload = {0};
    struct buffer message = {0};

    *out = (struct encode_output){0};
    out->reason = read_subscription(input->app, input->device, &endpoint, &subscription);
    if (out->reason != NULL)
        return ENCODE_REJECT;
    if (!is_allowed(input->app, input->device)) {
        out->reason = "endpoint_not_allowed";
        return ENCODE_DEAD;
    }
    enum encode_result result =
        webpush_payload_write(input, AES128GCM_PLAINTEXT_MAX, arena, &payload, &out->reason);
    if (result != ENCODE_SEND)
        goto out;
    if (!aes128gcm_encrypt(&subscription, input->random, buffer_slice(&payload), &message)) {
        out->reason = "encryption_failed";
        result = ENCODE_DEAD;
        goto out;
    }
    write_request(input, &endpoint, buffer_slice(&message), arena, &out->request);
out:
    buffer_free(&payload);
    buffer_free(&message);
    return result;
}

const struct provider provider_webpush = {
    .kind = PROVIDER_WEBPUSH,
    .credential = CREDENTIAL_VAPID,
    .check = check,
    .audience = audience,
    .host = audience,
    .encode = encode,
    .classify = endpoint_answers_webpush,
};
