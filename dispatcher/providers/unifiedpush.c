/* UnifiedPush: POST of the notify body, without its devices, to the endpoint that the pushkey is.
 * Source: the server and gateway specifications of UnifiedPush. */
#include "common/base/json.h"
#include "dispatcher/providers/endpoint.h"
#include "dispatcher/providers/endpoint_answers.h"
#include "dispatcher/providers/provider.h"

enum { BODY_BYTES_MAX = 4096, DEFAULT_TTL_SECONDS = 24 * 3600 };

static const char *read_endpoint(const struct app *app, const struct device *device,
                                 struct endpoint *endpoint) {
    const struct endpoint_rules rules = {
        .allow_http = app->unifiedpush.allow_http,
        .allowed_networks = app->route.allowed_networks,
    };

    return endpoint_check(device->pushkey, &rules, endpoint);
}

static const char *check(const struct app *app, const struct device *device) {
    struct endpoint endpoint;

    return read_endpoint(app, device, &endpoint);
}

static struct slice host(const struct app *app, const struct device *device, struct arena *arena) {
    struct endpoint endpoint;

    if (read_endpoint(app, device, &endpoint) != NULL)
        return (struct slice){0};
    return endpoint_origin(&endpoint, arena);
}

/* How much of the notification is sent. */
enum form { FORM_WHOLE, FORM_WITHOUT_CONTENT, FORM_ESSENTIAL, FORM_COUNT };

static void write_essential(struct json_object *tree, bool has_counts, struct buffer *out) {
    static const char *const names[] = {"event_id", "room_id", "counts"};
    const size_t count = sizeof names / sizeof names[0] - (has_counts ? 0 : 1);

    for (size_t i = 0; i < count; i++) {
        struct json_object *value = json_member(tree, names[i]);
        if (value == NULL)
            continue;
        buffer_append_format(out, ",\"%s\":", names[i]);
        json_write(value, out);
    }
}

/* The body, or nothing where the form leaves nothing to send. */
static void write_body(const struct encode_input *input, enum form form, struct buffer *out) {
    static const char start[] = "{\"notification\":";
    const char *left_out[4] = {"devices"};
    size_t count = 1;

    if (!input->app->send_badge_counts)
        left_out[count++] = "counts";
    if (form == FORM_WITHOUT_CONTENT)
        left_out[count++] = "content";
    buffer_append_text(out, start);
    const size_t first = out->size;
    if (form == FORM_ESSENTIAL)
        write_essential(input->notification->tree, input->app->send_badge_counts, out);
    else
        json_write_members(input->notification->tree, left_out, out);
    if (out->size == first) {
        buffer_clear(out);
        return;
    }
    out->data[first] = '{';
    buffer_append_text(out, "}}");
}

/* False when even the ids and counts are too large, or there are none. */
static bool write_fitting(const struct encode_input *input, struct buffer *out) {
    for (int form = FORM_WHOLE; form < FORM_COUNT; form++) {
        buffer_clear(out);
        write_body(input, (enum form)form, out);
        if (out->size > 0 && out->size <= BODY_BYTES_MAX)
            return true;
    }
    return false;
}

static enum encode_result encode(const struct encode_input *input, struct arena *arena,
                                 struct encode_output *out) {
    const long long ttl_seconds = encode_ttl_seconds(input->app, DEFAULT_TTL_SECONDS);
    struct endpoint endpoint;
    struct buffer body = {0};
    enum encode_result result = ENCODE_SEND;

    *out = (struct encode_output){0};
    out->reason = read_endpoint(input->app, input->device, &endpoint);
    if (out->reason != NULL)
        return ENCODE_REJECT;
    if (encode_has_nothing(input)) {
        out->reason = "nothing_to_show";
        return ENCODE_DROP;
    }
    if (!write_fitting(input, &body)) {
        out->reason = "payload_too_large";
        result = ENCODE_DEAD;
        goto out;
    }
    /* ntfy takes a body so encoded as the message itself, whatever is in it. */
    out->request = (struct http_request){
        .url = arena_copy(arena, input->device->pushkey).data,
        .headers = {{"ttl", arena_format(arena, "%lld", ttl_seconds)},
                    {"content-encoding", slice_of("aes128gcm")},
                    {"content-type", slice_of("application/octet-stream")}},
        .header_count = 3,
        .body = arena_copy(arena, buffer_slice(&body)),
    };
out:
    buffer_free(&body);
    return result;
}

const struct provider provider_unifiedpush = {
    .kind = PROVIDER_UNIFIEDPUSH,
    .credential = CREDENTIAL_NONE,
    .check = check,
    .host = host,
    .encode = encode,
    .classify = endpoint_answers_unifiedpush,
};
