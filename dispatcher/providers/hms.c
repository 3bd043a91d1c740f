/* Huawei's Push Kit: POST <base_url>/v1/<client_id>/messages:send.
 * Source: Huawei, Push Kit, "Downlink message sending". */
#include "dispatcher/providers/fcm_data.h"
#include "dispatcher/providers/hms_answers.h"
#include "dispatcher/providers/provider.h"

enum {
    BODY_BYTES_MAX = 4096, /* Huawei does not count the token, but what else is not said */
    TTL_SECONDS_MAX = 15 * 24 * 3600,
};

static const char default_base_url[] = "https://push-api.cloud.huawei.com";

static const char *check(const struct app *app, const struct device *device) {
    (void)app;
    return check_token(device->pushkey);
}

static const char *urgency_of(const struct encode_input *input) {
    static const char *const names[] = {
        [HMS_URGENCY_HIGH] = "HIGH",
        [HMS_URGENCY_NORMAL] = "NORMAL",
    };
    enum hms_urgency urgency = input->app->hms.urgency;

    if (urgency == HMS_URGENCY_AUTO)
        urgency = input->notification->low_priority ? HMS_URGENCY_NORMAL : HMS_URGENCY_HIGH;
    return names[urgency];
}

static void write_start(const struct encode_input *input, struct buffer *out) {
    int64_t ttl_seconds = encode_ttl_seconds(input->app, 0);

    if (ttl_seconds > TTL_SECONDS_MAX)
        ttl_seconds = TTL_SECONDS_MAX;
    buffer_append_format(out, "{\"message\":{\"android\":{\"urgency\":\"%s\"", urgency_of(input));
    if (ttl_seconds > 0)
        buffer_append_format(out, ",\"ttl\":\"%llds\"", (long long)ttl_seconds);
    buffer_append_text(out, "},\"data\":");
}

/* The data as one text that holds JSON. */
static void write_data(const struct fcm_data *data, struct buffer *out) {
    struct buffer json = {0};

    fcm_data_write(data, &json);
    buffer_append_json_text(out, buffer_slice(&json));
    buffer_free(&json);
}

/* Whether the data, fitted into the limit, is still too long as it is written: quotes within quotes
 * are more than what fcm_data_fit counts. */
static bool overflows(struct fcm_data *data, size_t limit_bytes, size_t room_bytes) {
    struct buffer text = {0};

    if (fcm_data_fit(data, limit_bytes))
        write_data(data, &text);
    const bool is_over = text.size > room_bytes;
    buffer_free(&text);
    return is_over;
}

/* Fits the data into the greatest limit with which it does not overflow. */
static bool fit(struct fcm_data *data, size_t room_bytes) {
    size_t good = 0;
    size_t bad = room_bytes;

    if (!overflows(data, room_bytes, room_bytes))
        return fcm_data_fit(data, room_bytes);
    while (bad - good > 1) {
        const size_t middle = good + (bad - good) / 2;
        if (overflows(data, middle, room_bytes))
            bad = middle;
        else
            good = middle;
    }
    return fcm_data_fit(data, good);
}

static void write_end(const struct encode_input *input, struct buffer *out) {
    buffer_append_text(out, ",\"token\":[");
    buffer_append_json_text(out, input->device->pushkey);
    buffer_append_text(out, "]}}");
}

/* The message. False when it cannot be made to fit. */
static bool write_message(const struct encode_input *input, struct fcm_data *data,
                          struct buffer *out) {
    struct buffer end = {0};

    write_start(input, out);
    write_end(input, &end);
    const size_t frame_bytes = out->size + end.size;
    const bool done = frame_bytes < BODY_BYTES_MAX && fit(data, BODY_BYTES_MAX - frame_bytes);
    if (done) {
        write_data(data, out);
        buffer_append(out, buffer_slice(&end));
    }
    buffer_free(&end);
    return done;
}

static enum encode_result encode(const struct encode_input *input, struct arena *arena,
                                 struct encode_output *out) {
    struct fcm_data *data = NULL;
    struct buffer body = {0};

    *out = (struct encode_output){0};
    if (input->app->hms.client_id == NULL) {
        out->reason = "client_id_missing";
        return ENCODE_DEAD;
    }
    enum encode_result result = fcm_data_collect(input, arena, &data, &out->reason);
    if (result != ENCODE_SEND)
        return result;
    if (write_message(input, data, &body)) {
        const struct slice base = encode_base_url(input->app, default_base_url);
        out->request = (struct http_request){
            .url = arena_format(arena, "%.*s/v1/%s/messages:send", (int)base.size, base.data,
                                input->app->hms.client_id)
                       .data,
            .headers = {{"authorization", arena_copy(arena, input->authorization)},
                        {"content-type", slice_of("application/json")}},
            .header_count = 2,
            .body = arena_copy(arena, buffer_slice(&body)),
        };
    } else {
        out->reason = "payload_too_large";
        result = ENCODE_DEAD;
    }
    buffer_free(&body);
    return result;
}

const struct provider provider_hms = {
    .kind = PROVIDER_HMS,
    .credential = CREDENTIAL_HMS_OAUTH,
    .check = check,
    .encode = encode,
    .classify = hms_answers_classify,
};
