/* Runs the golden files of a folder: encodes what each says it was given, and compares with what it
 * says is sent; together they have to show every shape of coverage.c. With COLUMBA_GOLDEN_UPDATE
 * set it writes what is sent into the files instead. */
#include "coverage.h"
#include "golden_file.h"

#include "common/base/arena.h"
#include "common/base/json.h"
#include "common/push/notification.h"
#include "dispatcher/providers/provider.h"
#include "tests/unit/dispatcher/subscription.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATA_LIMIT_BYTES = 4096, BODY_LIMIT_BYTES = 4096, VOIP_LIMIT_BYTES = 5120, LIST_MAX = 8 };

static const char *const authorizations[PROVIDER_KIND_COUNT] = {
    [PROVIDER_APNS] = "bearer a-signed-token",
    [PROVIDER_FCM] = "Bearer an-access-token",
    [PROVIDER_HMS] = "Bearer an-access-token",
    [PROVIDER_WEBPUSH] = "vapid t=a-signed-token, k=a-public-key",
};
static const char *const result_names[] = {
    [ENCODE_SEND] = "send",
    [ENCODE_DROP] = "drop",
    [ENCODE_REJECT] = "reject",
    [ENCODE_DEAD] = "dead",
};

static char *text_option(struct json_object *options, const char *name) {
    return (char *)json_member_text(options, name).data;
}

/* The texts of an array go to out, which keeps a NULL behind them. NULL where there is no array. */
static char **text_list(struct json_object *options, const char *name, char *out[LIST_MAX + 1]) {
    struct json_object *array = json_member_array(options, name);

    if (array == NULL)
        return NULL;
    for (size_t i = 0; i < json_object_array_length(array) && i < LIST_MAX; i++)
        out[i] = (char *)json_text(json_object_array_get_idx(array, i)).data;
    return out;
}

static unsigned choice(struct json_object *options, const char *name, const char *const *names) {
    for (unsigned i = 0; names[i] != NULL; i++)
        if (slice_is(json_member_text(options, name), names[i]))
            return i;
    return 0;
}

/* What an app of a golden file cannot keep in itself. */
struct app_lists {
    char *endpoints[LIST_MAX + 1];
    char *networks[LIST_MAX + 1];
};

static const char *const targets[] = {
    [FCM_TARGET_TOKEN] = "token",
    [FCM_TARGET_FID] = "fid",
    [FCM_TARGET_AUTO] = "auto",
    NULL,
};
static const char *const payloads[] = {
    [FCM_PAYLOAD_SYGNAL] = "sygnal",
    [FCM_PAYLOAD_FLUFFYCHAT] = "fluffychat",
    NULL,
};
static const char *const contents[] = {
    [FCM_CONTENT_FLAT] = "flat",
    [FCM_CONTENT_JSON] = "json",
    [FCM_CONTENT_NONE] = "none",
    NULL,
};
static const char *const collapses[] = {
    [COLLAPSE_EVENT] = "event",
    [COLLAPSE_ROOM] = "room",
    [COLLAPSE_NONE] = "none",
    NULL,
};
static const char *const urgencies[] = {
    [HMS_URGENCY_AUTO] = "auto",
    [HMS_URGENCY_HIGH] = "high",
    [HMS_URGENCY_NORMAL] = "normal",
    NULL,
};
static const char *const platforms[] = {
    [APNS_PRODUCTION] = "production", [APNS_SANDBOX] = "sandbox", [APNS_PROD] = "prod", NULL};
static const char *const ports[] = {[APNS_PORT_443] = "443", [APNS_PORT_2197] = "2197", NULL};
static const char *const push_types[] = {
    [APNS_ALERT] = "alert",
    [APNS_BACKGROUND] = "background",
    [APNS_VOIP] = "voip",
    [APNS_PUSHTOTALK] = "pushtotalk",
    [APNS_COMPLICATION] = "complication",
    [APNS_FILEPROVIDER] = "fileprovider",
    [APNS_LOCATION] = "location",
    [APNS_LIVEACTIVITY] = "liveactivity",
    [APNS_WIDGETS] = "widgets",
    [APNS_CONTROLS] = "controls",
    [APNS_MDM] = "mdm",
    NULL,
};

/* The app as a golden file describes it. It points into the file and the lists. */
static struct app read_app(struct json_object *options, struct app_lists *lists) {
    struct json_object *counts = json_member(options, "send_badge_counts");
    struct json_object *converts = json_member(options, "convert_device_token_to_hex");
    struct app app = {
        .kind = PROVIDER_FCM,
        .pattern = text_option(options, "app_id"),
        .base_url = text_option(options, "base_url"),
        .send_badge_counts = counts == NULL || json_object_get_boolean(counts),
        .fcm.project_id = text_option(options, "project_id"),
        .fcm.options = json_member(options, "fcm_options"),
        .fcm.target = choice(options, "target", targets),
        .fcm.payload = choice(options, "payload", payloads),
        .fcm.content = choice(options, "content", contents),
        .collapse = choice(options, "collapse", collapses),
        .apns.topic = text_option(options, "topic"),
        .apns.voip_topic = text_option(options, "voip_topic"),
        .apns.platform = choice(options, "platform", platforms),
        .apns.port = choice(options, "port", ports),
        .apns.push_type = choice(options, "push_type", push_types),
        .apns.converts_token = converts == NULL || json_object_get_boolean(converts),
        .route.certificate_file = text_option(options, "certfile"),
        .hms.client_id = text_option(options, "client_id"),
        .hms.urgency = choice(options, "urgency", urgencies),
        .webpush.allowed_endpoints = text_list(options, "allowed_endpoints", lists->endpoints),
        .unifiedpush.allow_http = json_member_is_true(options, "allow_http"),
        .route.allowed_networks = text_list(options, "allow_networks", lists->networks),
    };

    json_member_integer(options, "ttl_ms", &app.ttl_ms);
    provider_kind_parse(json_member_text(options, "type"), &app.kind);
    return app;
}

static struct json_object *text_object(struct slice text) {
    return json_object_new_string_len(text.data, (int)text.size);
}

static struct json_object *refusal(enum encode_result result, const char *reason) {
    struct json_object *out = json_object_new_object();

    json_object_object_add(out, "result", json_object_new_string(result_names[result]));
    json_object_object_add(out, "reason", json_object_new_string(reason));
    return out;
}

/* Names and values of the data together, as FCM counts them. -1 where a value is not a text. */
static int64_t data_bytes(struct json_object *body) {
    struct json_object *data = json_member_object(json_member(body, "message"), "data");
    int64_t total = 0;

    if (data == NULL)
        return -1;
    json_object_object_foreach(data, name, value) {
        if (!json_object_is_type(value, json_type_string))
            return -1;
        total += (int64_t)(strlen(name) + json_text(value).size);
    }
    return total;
}

/* The data of a message for Huawei are JSON in a text: shown as what they hold. */
static bool open_data(struct slice body, struct buffer *out) {
    struct json_object *tree = json_parse(body, 80, NULL);
    struct json_object *message = json_member_object(tree, "message");
    const struct slice written = json_member_text(message, "data");
    struct json_object *data = json_parse(written, 80, NULL);
    struct buffer again = {0};
    bool done = false;

    if (data != NULL) {
        json_write(data, &again);
        done = slice_equal(written, buffer_slice(&again));
        json_object_object_add(message, "data", data);
        json_write(tree, out);
    }
    buffer_free(&again);
    json_object_put(tree);
    return done;
}

/* What the phone reads: the body, without what only the way to it needs. */
static bool read_body(const struct app *app, struct slice body, struct buffer *out) {
    if (app->kind == PROVIDER_WEBPUSH)
        return subscription_open(body, out);
    if (app->kind == PROVIDER_HMS)
        return open_data(body, out);
    buffer_append(out, body);
    return true;
}

static struct json_object *request_object(const struct app *app, const struct http_request *request,
                                          struct slice text) {
    struct json_object *out = json_object_new_object();
    struct json_object *headers = json_object_new_object();
    struct json_object *body = json_parse(text, 80, NULL);
    const size_t bytes = app->kind == PROVIDER_WEBPUSH ? text.size : request->body.size;

    for (size_t i = 0; i < request->header_count; i++)
        json_object_object_add(headers, request->headers[i].name,
                               text_object(request->headers[i].value));
    json_object_object_add(out, "result", json_object_new_string(result_names[ENCODE_SEND]));
    json_object_object_add(out, "url", json_object_new_string(request->url));
    json_object_object_add(out, "headers", headers);
    if (app->kind == PROVIDER_FCM)
        json_object_object_add(out, "data_bytes", json_object_new_int64(data_bytes(body)));
    else
        json_object_object_add(out, "body_bytes", json_object_new_int64((int64_t)bytes));
    json_object_object_add(out, "body", body);
    return out;
}

static size_t body_limit(const struct http_request *request) {
    const struct slice type =
        header_find(request->headers, request->header_count, "apns-push-type");

    return slice_is(type, "voip") ? VOIP_LIMIT_BYTES : BODY_LIMIT_BYTES;
}

/* What holds for every request whatever the file says. */
static const char *broken_rule(const struct app *app, const struct http_request *first,
                               const struct http_request *second, struct slice body,
                               struct json_object *request) {
    struct json_object *tree = json_member(request, "body");
    struct buffer text = {0};
    const char *fault = NULL;
    int64_t bytes = 0;

    json_member_integer(request, "data_bytes", &bytes);
    if (tree == NULL)
        return "the body is not JSON";
    json_write(tree, &text);
    if (!slice_equal(buffer_slice(&text), body))
        fault = "the body names a member twice, or is not compact";
    else if (bytes < 0)
        fault = "a value of the data is not a text";
    else if (bytes > DATA_LIMIT_BYTES)
        fault = "the data is larger than FCM takes";
    else if (app->kind != PROVIDER_FCM && first->body.size > body_limit(first))
        fault = "the body is larger than the provider takes";
    else if (!slice_equal(first->body, second->body))
        fault = "the same push is encoded otherwise when it is sent again";
    buffer_free(&text);
    return fault;
}

/* What becomes of the push that the file gives; NULL where it breaks a rule. */
static struct json_object *encode_case(struct json_object *file, const char *name) {
    struct app_lists lists = {0};
    const struct app app = read_app(json_member(file, "app"), &lists);
    const struct provider *provider = provider_for(app.kind);
    struct arena *arena = arena_new(4096);
    struct notification *notification = NULL;
    struct encode_output out[2] = {0};
    struct json_object *seen = NULL;
    struct buffer body = {0};
    struct buffer text = {0};
    struct error error = {0};
    unsigned char random[ENCODE_RANDOM_BYTES];

    memset(random, 42, sizeof random);
    json_write(json_member(file, "notify"), &body);
    if (notification_parse(buffer_slice(&body), 1, &notification, &error) != NOTIFICATION_OK) {
        printf("FAIL %s: notify: %s\n", name, error.text);
        goto out;
    }
    const struct encode_input input = {
        .app = &app,
        .notification = notification,
        .device = &notification->devices[0],
        .authorization =
            slice_of(app.route.certificate_file == NULL ? authorizations[app.kind] : NULL),
        .record_id = "0f4a3c1e-5a0b-4c8e-9f1d-2b7c6d5e4f30",
        .now_ms = 1700000000000,
        .random = random,
    };
    const char *fault = provider->check(&app, input.device);
    if (fault != NULL) {
        seen = refusal(ENCODE_REJECT, fault);
        goto out;
    }
    const enum encode_result result = provider->encode(&input, arena, &out[0]);
    if (result != ENCODE_SEND) {
        seen = refusal(result, out[0].reason);
        goto out;
    }
    provider->encode(&input, arena, &out[1]);
    if (!read_body(&app, out[0].request.body, &text)) {
        printf("FAIL %s: nobody can read the body\n", name);
        goto out;
    }
    seen = request_object(&app, &out[0].request, buffer_slice(&text));
    fault = broken_rule(&app, &out[0].request, &out[1].request, buffer_slice(&text), seen);
    if (fault != NULL) {
        printf("FAIL %s: %s\n%s\n", name, fault, buffer_text(&text));
        json_object_put(seen);
        seen = NULL;
    }
out:
    notification_free(notification);
    arena_free(arena);
    buffer_free(&body);
    buffer_free(&text);
    return seen;
}

static const char *pretty(struct json_object *tree) {
    return json_object_to_json_string_ext(tree, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                    JSON_C_TO_STRING_NOSLASHESCAPE);
}

/* Structure first, since its difference is the one to be shown, then the order of members. */
static bool compare(const char *name, struct json_object *expected, struct json_object *seen) {
    if (!json_object_equal(expected, seen)) {
        printf("FAIL %s\n--- expected\n%s\n--- seen\n%s\n", name, pretty(expected), pretty(seen));
        return false;
    }
    if (strcmp(pretty(expected), pretty(seen)) != 0) {
        printf("FAIL %s: the same members in another order\n%s\n", name, pretty(seen));
        return false;
    }
    printf("ok   %s\n", name);
    return true;
}

static bool run_case(const char *path, bool is_update, struct coverage *coverage) {
    struct json_object *written = NULL;
    struct json_object *file = golden_file_read(path, &written);
    struct json_object *seen = NULL;
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    bool passed = false;

    if (file == NULL || written == NULL)
        goto out;
    coverage_note(coverage, json_member(file, "notify"));
    seen = encode_case(file, name);
    if (seen == NULL)
        goto out;
    if (is_update) {
        json_object_object_del(written, "expect");
        json_object_object_add(written, "expect", json_object_get(seen));
        passed = golden_file_write(path, written);
    } else {
        passed = compare(name, json_member(file, "expect"), seen);
    }
out:
    json_object_put(seen);
    json_object_put(file);
    json_object_put(written);
    return passed;
}

int main(int argc, char **argv) {
    const bool is_update = getenv("COLUMBA_GOLDEN_UPDATE") != NULL;
    struct buffer pattern = {0};
    struct coverage coverage = {0};
    glob_t files = {0};
    size_t failed = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s <folder of golden files>\n", argv[0]);
        return 2;
    }
    buffer_append_format(&pattern, "%s/*.json", argv[1]);
    glob(buffer_text(&pattern), 0, NULL, &files);
    for (size_t i = 0; i < files.gl_pathc; i++)
        if (!run_case(files.gl_pathv[i], is_update, &coverage))
            failed++;
    printf("%zu golden files, %zu failed\n", files.gl_pathc, failed);
    globfree(&files);
    buffer_free(&pattern);
    return coverage_is_whole(&coverage) && failed == 0 ? 0 : 1;
}
