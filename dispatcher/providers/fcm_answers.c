#include "dispatcher/providers/fcm_answers.h"

#include "common/base/json.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { ANSWER_DEPTH_LIMIT = 16, QUOTA_RETRY_MS = 60 * 1000 };

/* What an answer is found to say, beside its status and code. */
enum trait {
    TRAIT_NONE = 0,
    TRAIT_MESSAGE_NAME = 1,  /* {"name": …}: FCM took the message */
    TRAIT_ERROR = 2,         /* an error as Google writes it */
    TRAIT_FCM_ERROR = 4,     /* with FCM's own error code in its details */
    TRAIT_NAMES_TARGET = 8,  /* about the pushkey */
    TRAIT_NAMES_DEVICE = 16, /* about the quota of one device */
};

struct finding {
    char code[48]; /* FCM's error code, else Google's status, else "" */
    unsigned traits;
};

/* The first row that fits decides. Statuses are a range; code NULL is any; all of with and none of
 * without must have been found. */
struct row {
    int from;
    int to;
    const char *code;
    unsigned with;
    unsigned without;
    enum answer_meaning meaning;
    int64_t retry_ms; /* where the provider names no time */
};

static const struct row rows[] = {
    {200, 200, NULL, TRAIT_MESSAGE_NAME, 0, ANSWER_DELIVERED, 0},
    /* A captive page or another service: nobody was told. */
    {200, 399, NULL, 0, 0, ANSWER_CONFIGURATION, 0},
    {404, 404, "UNREGISTERED", TRAIT_FCM_ERROR, 0, ANSWER_REJECT, 0},
    {404, 404, "NOT_FOUND", TRAIT_ERROR, TRAIT_FCM_ERROR, ANSWER_AMBIGUOUS, 0},
    {404, 404, NULL, 0, TRAIT_ERROR, ANSWER_CONFIGURATION, 0},
    {400, 400, "INVALID_ARGUMENT", TRAIT_NAMES_TARGET, 0, ANSWER_AMBIGUOUS, 0},
    {401, 401, "THIRD_PARTY_AUTH_ERROR", 0, 0, ANSWER_CONFIGURATION, 0},
    {401, 401, NULL, 0, 0, ANSWER_REFRESH, 0},
    {403, 403, "SENDER_ID_MISMATCH", 0, 0, ANSWER_AMBIGUOUS, 0},
    {403, 403, NULL, 0, 0, ANSWER_CONFIGURATION, 0},
    {407, 407, NULL, 0, 0, ANSWER_CONFIGURATION, 0},
    {408, 408, NULL, 0, 0, ANSWER_RETRY_HOST, 0},
    {421, 421, NULL, 0, 0, ANSWER_RETRY_HOST, 0},
    {425, 425, NULL, 0, 0, ANSWER_RETRY_HOST, 0},
    {429, 429, NULL, TRAIT_NAMES_DEVICE, 0, ANSWER_RETRY_PUSHKEY, QUOTA_RETRY_MS},
    {429, 429, NULL, 0, 0, ANSWER_RETRY_APP, QUOTA_RETRY_MS},
    {500, 599, NULL, 0, 0, ANSWER_RETRY_HOST, 0},
    {0, 999999, NULL, 0, 0, ANSWER_DEAD, 0},
};

static bool contains_ignoring_case(struct slice text, const char *needle) {
    const size_t length = strlen(needle);

    for (size_t i = 0; i + length <= text.size; i++)
        if (strncasecmp(text.data + i, needle, length) == 0)
            return true;
    return false;
}

static bool starts_with(struct slice text, const char *start) {
    const size_t length = strlen(start);

    return text.size >= length && memcmp(text.data, start, length) == 0;
}

static bool ends_with(struct slice text, const char *end) {
    const size_t length = strlen(end);

    return text.size >= length && memcmp(text.data + text.size - length, end, length) == 0;
}

/* Codes become labels of metrics, so only what looks like one is taken over. */
static void take_code(struct slice text, char out[48]) {
    if (text.size == 0 || text.size > 47)
        return;
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.data[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
            return;
    }
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
}

static bool any_member_contains(struct json_object *object, const char *const *names,
                                const char *needle) {
    for (; *names != NULL; names++) {
        const struct slice text = json_member_text(object, *names);
        /* A project may be called anything, "device" included. */
        if (!starts_with(text, "project") && contains_ignoring_case(text, needle))
            return true;
    }
    return false;
}

static struct json_object *array_item(struct json_object *array, size_t index) {
    return array != NULL && index < json_object_array_length(array)
               ? json_object_array_get_idx(array, index)
               : NULL;
}

static size_t array_length(struct json_object *array) {
    return array == NULL ? 0 : json_object_array_length(array);
}

static bool field_is_target(struct json_object *violation) {
    const struct slice field = json_member_text(violation, "field");

    return slice_is(field, "message.token") || slice_is(field, "message.fid");
}

static void read_detail(struct json_object *detail, struct finding *out) {
    static const char *const quota_names[] = {"subject",     "description", "quotaId",
                                              "quotaMetric", "quota_limit", "quota_metric",
                                              "quota_unit",  NULL};
    struct json_object *fields = json_member_array(detail, "fieldViolations");
    struct json_object *quotas = json_member_array(detail, "violations");

    if (ends_with(json_member_text(detail, "@type"), "google.firebase.fcm.v1.FcmError")) {
        out->traits |= TRAIT_FCM_ERROR;
        take_code(json_member_text(detail, "errorCode"), out->code);
    }
    for (size_t i = 0; i < array_length(fields); i++)
        if (field_is_target(array_item(fields, i)))
            out->traits |= TRAIT_NAMES_TARGET;
    for (size_t i = 0; i < array_length(quotas); i++)
        if (any_member_contains(array_item(quotas, i), quota_names, "device"))
            out->traits |= TRAIT_NAMES_DEVICE;
    if (any_member_contains(json_member(detail, "metadata"), quota_names, "device"))
        out->traits |= TRAIT_NAMES_DEVICE;
}

static void read_error(struct json_object *error, struct finding *out) {
    static const char *const message[] = {"message", NULL};
    struct json_object *details = json_member_array(error, "details");

    out->traits |= TRAIT_ERROR;
    take_code(json_member_text(error, "status"), out->code);
    if (any_member_contains(error, message, "registration token") ||
        any_member_contains(error, message, "installation id"))
        out->traits |= TRAIT_NAMES_TARGET;
    if (any_member_contains(error, message, "device"))
        out->traits |= TRAIT_NAMES_DEVICE;
    for (size_t i = 0; i < array_length(details); i++)
        read_detail(array_item(details, i), out);
}

static struct finding read_body(struct slice body) {
    struct finding found = {0};
    struct json_object *tree = json_parse(body, ANSWER_DEPTH_LIMIT, NULL);
    struct json_object *error = json_member_object(tree, "error");

    if (json_member_text(tree, "name").size > 0)
        found.traits |= TRAIT_MESSAGE_NAME;
    if (error != NULL)
        read_error(error, &found);
    json_object_put(tree);
    return found;
}

static const struct row *row_for(int status, const struct finding *found) {
    size_t i = 0;

    while (i + 1 < sizeof rows / sizeof rows[0]) {
        const struct row *row = &rows[i];
        if (status >= row->from && status <= row->to &&
            (row->code == NULL || strcmp(row->code, found->code) == 0) &&
            (found->traits & row->with) == row->with && (found->traits & row->without) == 0)
            break;
        i++;
    }
    return &rows[i];
}

void fcm_answers_classify(const struct classify_input *input, struct answer *out) {
    const struct http_response *response = input->response;
    const struct finding found = read_body(response->body);
    const struct row *row = row_for(response->status, &found);

    *out = (struct answer){.meaning = row->meaning};
    if (row->meaning == ANSWER_DELIVERED)
        snprintf(out->reason, sizeof out->reason, "delivered");
    else if (found.code[0] != '\0')
        memcpy(out->reason, found.code, sizeof out->reason);
    else
        snprintf(out->reason, sizeof out->reason, "http_%d", response->status);
    answer_take_retry_after(input, row->retry_ms, out);
}
