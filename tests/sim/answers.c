#include "tests/sim/answers.h"

#include "common/base/base64.h"
#include "common/base/json.h"
#include "common/base/memory.h"
#include "tests/unit/dispatcher/subscription.h"

#include <stdlib.h>

/* ---- What is said ---- */

#define FCM_DEAD                                                                                   \
    "{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\",\"details\":[{\"@type\":\"type.googleapis." \
    "com/google.firebase.fcm.v1.FcmError\",\"errorCode\":\"UNREGISTERED\"}]}}"
#define HMS_DEAD                                                                                   \
    "{\"code\":\"80100000\",\"msg\":\"{\\\"success\\\":0,\\\"failure\\\":1,"                       \
    "\\\"illegal_tokens\\\":[\\\"%s\\\"]}\"}"
#define PAGE "<html><body>Please log in</body></html>"
#define GOOGLE(status) "{\"error\":{\"status\":\"" status "\"}}"

static const struct answer_text texts[PROVIDER_KIND_COUNT][FAULT_COUNT + 1] =
    {
        [PROVIDER_FCM] =
            {
                [FAULT_COUNT] = {200, NULL, "{\"name\":\"projects/demo/messages/1\"}"},
                [FAULT_DEAD] = {404, NULL, FCM_DEAD},
                [FAULT_AMBIGUOUS] = {404, NULL, GOOGLE("NOT_FOUND")},
                [FAULT_CONFIGURATION] = {403, NULL, GOOGLE("PERMISSION_DENIED")},
                [FAULT_STALE_CREDENTIAL] = {401, NULL, GOOGLE("UNAUTHENTICATED")},
                [FAULT_RATE_LIMIT] = {429, NULL, GOOGLE("RESOURCE_EXHAUSTED")},
                [FAULT_RATE_LIMIT_AFTER] = {429, "45", GOOGLE("RESOURCE_EXHAUSTED")},
                [FAULT_SERVER_ERROR] = {500, NULL, GOOGLE("INTERNAL")},
                [FAULT_UNAVAILABLE_AFTER] = {503, "60", GOOGLE("UNAVAILABLE")},
                [FAULT_HTML] = {200, NULL, PAGE},
            },
        [PROVIDER_APNS] =
            {
                [FAULT_COUNT] = {200, NULL, ""},
                [FAULT_DEAD] = {410, NULL, "{\"reason\":\"Unregistered\"}"},
                [FAULT_AMBIGUOUS] = {400, NULL, "{\"reason\":\"BadDeviceToken\"}"},
                [FAULT_CONFIGURATION] = {403, NULL, "{\"reason\":\"InvalidProviderToken\"}"},
                [FAULT_STALE_CREDENTIAL] = {403, NULL, "{\"reason\":\"ExpiredProviderToken\"}"},
                [FAULT_RATE_LIMIT] = {429, NULL, "{\"reason\":\"TooManyRequests\"}"},
                [FAULT_RATE_LIMIT_AFTER] = {429, "30",
                                            "{\"reason\":\"TooManyProviderTokenUpdates\"}"},
                [FAULT_SERVER_ERROR] = {500, NULL, "{\"reason\":\"InternalServerError\"}"},
                [FAULT_UNAVAILABLE_AFTER] = {503, "60", "{\"reason\":\"ServiceUnavailable\"}"},
                [FAULT_HTML] = {502, NULL, PAGE},
            },
        [PROVIDER_HMS] =
            {
                [FAULT_COUNT] = {200, NULL, "{\"code\":\"80000000\",\"msg\":\"Success\"}"},
                [FAULT_DEAD] = {200, NULL, HMS_DEAD},
                [FAULT_AMBIGUOUS] = {200, NULL, "{\"code\":\"80300007\"}"},
                [FAULT_CONFIGURATION] = {200, NULL, "{\"code\":\"80300002\"}"},
                [FAULT_STALE_CREDENTIAL] = {200, NULL, "{\"code\":\"80200003\"}"},
                [FAULT_RATE_LIMIT] = {429, NULL, ""},
                [FAULT_RATE_LIMIT_AFTER] = {503, "90", ""},
                [FAULT_SERVER_ERROR] = {500, NULL, ""},
                [FAULT_UNAVAILABLE_AFTER] = {503, "60", ""},
                [FAULT_HTML] = {200, NULL, PAGE},
            },
        [PROVIDER_UNIFIEDPUSH] =
            {
                [FAULT_COUNT] = {200, NULL, ""},
                [FAULT_DEAD] = {410, NULL, ""},
                [FAULT_AMBIGUOUS] = {404, NULL, ""},
                [FAULT_CONFIGURATION] = {401, NULL, ""},
                [FAULT_STALE_CREDENTIAL] = {403, NULL, ""},
                [FAULT_RATE_LIMIT] = {429, NULL, ""},
                [FAULT_RATE_LIMIT_AFTER] = {429, "100", ""},
                [FAULT_SERVER_ERROR] = {500, NULL, ""},
                [FAULT_UNAVAILABLE_AFTER] = {503, "60", ""},
                [FAULT_HTML] = {502, NULL, PAGE},
            },
        [PROVIDER_WEBPUSH] =
            {
                [FAULT_COUNT] = {201, NULL, ""},
                [FAULT_DEAD] = {410, NULL, ""},
                [FAULT_AMBIGUOUS] = {404, NULL, ""},
                [FAULT_CONFIGURATION] = {401, NULL, ""},
                [FAULT_STALE_CREDENTIAL] = {403, NULL, "{\"reason\":\"ExpiredJwtToken\"}"},
                [FAULT_RATE_LIMIT] = {429, NULL, ""},
                [FAULT_RATE_LIMIT_AFTER] = {429, "100", ""},
                [FAULT_SERVER_ERROR] = {500, NULL, ""},
                [FAULT_UNAVAILABLE_AFTER] = {503, "60", ""},
                [FAULT_HTML] = {502, NULL, PAGE},
            },
};

const struct answer_text *answers_find(enum provider_kind kind, enum fault fault) {
    const struct answer_text *text = &texts[kind][fault];

    return text->status == 0 ? NULL : text;
}

/* ---- What is sent ---- */

/* The number that the text ends with; -1 without one. */
static long long last_number(struct slice text, int base) {
    size_t start = text.size;

    while (start > 0 &&
           strchr(base == 16 ? "0123456789abcdef" : "0123456789", text.data[start - 1]) != NULL)
        start--;
    if (start == text.size)
        return -1;
    char *digits = memory_copy_slice((struct slice){text.data + start, text.size - start});
    long long number = strtoll(digits, NULL, base);
    free(digits);
    return number;
}

static void read_payload(struct json_object *payload, struct parcel *out) {
    static const char *const names[] = {"unread", "unread_count"};
    struct json_object *counts = json_member_object(payload, "counts");
    struct slice event = json_member_text(payload, "event_id");
    int64_t count = -1;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!json_member_integer(payload, names[i], &count))
            json_member_integer(counts, names[i], &count);
    if (count < 0)
        json_member_integer(json_member_object(payload, "aps"), "badge", &count);
    out->count = count;
    out->push = event.size > 0 ? last_number(event, 10) : count - 1;
    if (out->push < 0)
        out->push = -1;
}

/* A token that says in its header which key has signed it. */
static int generation_of_jwt(struct slice token) {
    const char *dot = token.size == 0 ? NULL : memchr(token.data, '.', token.size);
    struct buffer header = {0};
    int generation = -1;

    if (dot == NULL)
        return -1;
    base64_decode((struct slice){token.data, (size_t)(dot - token.data)}, &header);
    struct json_object *tree = json_parse(buffer_slice(&header), 8, NULL);
    generation = (int)last_number(json_member_text(tree, "kid"), 10);
    json_object_put(tree);
    buffer_free(&header);
    return generation;
}

static int generation_of(const struct cast_app *app, const struct http_request *request) {
    struct slice authorization =
        header_find(request->headers, request->header_count, "authorization");
    static const size_t bearer = sizeof "bearer " - 1;

    if (!app->has_generations || authorization.size < bearer)
        return -1;
    struct slice token = {authorization.data + bearer, authorization.size - bearer};
    return app->kind == PROVIDER_APNS ? generation_of_jwt(token) : (int)last_number(token, 10);
}

static void read_web(struct slice body, struct parcel *out) {
    struct buffer text = {0};
    struct json_object *tree = NULL;

    if (subscription_open(body, &text))
        tree = json_parse(buffer_slice(&text), 64, NULL);
    read_payload(tree, out);
    json_object_put(tree);
    buffer_free(&text);
}

/* Which phone, and where in the body it says what the push is. */
static long long read_body(const struct http_request *request, struct json_object *tree,
                           struct parcel *out) {
    struct json_object *message = json_member_object(tree, "message");
    struct json_object *tokens = json_member_array(message, "token");
    const struct slice url = slice_of(request->url);
    long long number = last_number(url, 10);

    if (tokens != NULL) {
        struct json_object *data = json_parse(json_member_text(message, "data"), 32, NULL);
        read_payload(data, out);
        json_object_put(data);
        number = last_number(json_text(json_object_array_get_idx(tokens, 0)), 10);
    } else if (message != NULL) {
        read_payload(json_member_object(message, "data"), out);
        number = last_number(json_member_text(message, "token"), 10);
    } else if (strstr(request->url, "/3/device/") != NULL) {
        read_payload(tree, out);
        number = last_number(url, 16);
    } else if (tree != NULL) {
        read_payload(json_member_object(tree, "notification"), out);
    } else {
        read_web(request->body, out);
    }
    return number;
}

bool answers_read(struct world *world, const struct http_request *request, struct parcel *out) {
    struct json_object *tree = json_parse(request->body, 64, NULL);

    *out = (struct parcel){.push = -1, .count = -1, .generation = -1};
    long long number = read_body(request, tree, out);
    json_object_put(tree);
    if (number < 0 || number >= (long long)world->cast->phone_count)
        return false;
    out->phone = &world->cast->phones[number];
    out->generation = generation_of(&world->cast->apps[out->phone->app], request);
    return true;
}
