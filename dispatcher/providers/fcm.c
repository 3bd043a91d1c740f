/* FCM HTTP v1: POST <base_url>/v1/projects/<project>/messages:send.
 * Source: the REST reference of projects.messages. */
#include "common/base/json.h"
#include "dispatcher/providers/fcm_answers.h"
#include "dispatcher/providers/fcm_data.h"
#include "dispatcher/providers/provider.h"

#include <string.h>

enum {
    INSTALLATION_ID_BYTES = 22,
    TTL_SECONDS_MAX = 28 * 24 * 3600, /* FCM refuses more than four weeks */
};

static const char default_base_url[] = "https://fcm.googleapis.com";

static const char *check(const struct app *app, const struct device *device) {
    (void)app;
    return check_token(device->pushkey);
}

/* A Firebase installation id: 22 base64url characters of which the first carries the header bits
 * 0111, so that it is c, d, e or f. */
static bool is_installation_id(struct slice pushkey) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    if (pushkey.size != INSTALLATION_ID_BYTES || pushkey.data[0] < 'c' || pushkey.data[0] > 'f')
        return false;
    for (size_t i = 0; i < pushkey.size; i++)
        if (memchr(alphabet, pushkey.data[i], sizeof alphabet - 1) == NULL)
            return false;
    return true;
}

static const char *target_name(const struct app *app, struct slice pushkey) {
    if (app->fcm.target == FCM_TARGET_FID ||
        (app->fcm.target == FCM_TARGET_AUTO && is_installation_id(pushkey)))
        return "fid";
    return "token";
}

/* What the app's fcm_options say, in so far as the push does not say it itself. */
static void write_options(const struct app *app, struct buffer *out) {
    static const char *const ours[] = {"token", "fid",     "topic", "condition",
                                       "data",  "android", NULL};

    json_write_members(app->fcm.options, ours, out);
}

static void write_android(const struct encode_input *input, struct buffer *out) {
    /* An android.data would take the place of the data. */
    static const char *const ours[] = {"priority", "data", "ttl", NULL};
    static const char *const ours_without_ttl[] = {"priority", "data", NULL};
    const struct app *app = input->app;
    int64_t ttl_seconds = encode_ttl_seconds(app, 0);

    if (ttl_seconds > TTL_SECONDS_MAX)
        ttl_seconds = TTL_SECONDS_MAX;
    buffer_append_text(out, ",\"android\":{\"priority\":\"");
    buffer_append_text(out, input->notification->low_priority ? "normal\"" : "high\"");
    if (ttl_seconds > 0)
        buffer_append_format(out, ",\"ttl\":\"%llds\"", (long long)ttl_seconds);
    json_write_members(json_member(app->fcm.options, "android"),
                       ttl_seconds > 0 ? ours : ours_without_ttl, out);
    buffer_append_byte(out, '}');
}

/* The message. False when it cannot be made to fit. */
static bool write_message(const struct encode_input *input, struct fcm_data *data,
                          struct buffer *out) {
    buffer_append_text(out, "{\"message\":{\"");
    buffer_append_text(out, target_name(input->app, input->device->pushkey));
    buffer_append_text(out, "\":\"");
    buffer_append_json_escaped(out, input->device->pushkey);
    buffer_append_byte(out, '"');
    write_android(input, out);

    /* A notification that the options show shares the limit with the data. */
    const size_t before_bytes = out->size;
    write_options(input->app, out);
    const size_t options_bytes = out->size - before_bytes;
    if (options_bytes >= FCM_DATA_LIMIT_BYTES ||
        !fcm_data_fit(data, FCM_DATA_LIMIT_BYTES - options_bytes))
        return false;
    buffer_append_text(out, ",\"data\":");
    fcm_data_write(data, out);
    buffer_append_text(out, "}}");
    return true;
}

static const char *write_url(const struct app *app, struct arena *arena) {
    const struct slice base = encode_base_url(app, default_base_url);

    return arena_format(arena, "%.*s/v1/projects/%s/messages:send", (int)base.size, base.data,
                        app->fcm.project_id)
        .data;
}

static enum encode_result encode(const struct encode_input *input, struct arena *arena,
                                 struct encode_output *out) {
    struct fcm_data *data = NULL;
    struct buffer body = {0};

    *out = (struct encode_output){0};
    if (input->app->fcm.project_id == NULL) {
        out->reason = "project_id_missing";
        return ENCODE_DEAD;
    }
    enum encode_result result = fcm_data_collect(input, arena, &data, &out->reason);
    if (result != ENCODE_SEND)
        return result;
    if (!write_message(input, data, &body)) {
        out->reason = "payload_too_large";
        result = ENCODE_DEAD;
        goto out;
    }
    out->request = (struct http_request){
        .url = write_url(input->app, arena),
        .headers = {{"authorization", arena_copy(arena, input->authorization)},
                    {"content-type", slice_of("application/json")}},
        .header_count = 2,
        .body = arena_copy(arena, buffer_slice(&body)),
    };
out:
    buffer_free(&body);
    return result;
}

const struct provider provider_fcm = {
    .kind = PROVIDER_FCM,
    .credential = CREDENTIAL_GOOGLE_OAUTH,
    .check = check,
    .encode = encode,
    .classify = fcm_answers_classify,
};
