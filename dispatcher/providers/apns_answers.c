#include "dispatcher/providers/apns_answers.h"

#include "common/base/json.h"
#include "common/push/verdict.h"

enum { ANSWER_DEPTH_LIMIT = 8, TOKEN_UPDATES_RETRY_MS = 60 * 1000 };

/* The first row that fits decides. Statuses are a range; reason NULL is any. */
struct row {
    int from;
    int to;
    const char *reason;
    enum answer_meaning meaning;
    int64_t retry_ms; /* where the answer names no time */
};

static const struct row rows[] = {
    {200, 200, NULL, ANSWER_DELIVERED, 0},
    {201, 399, NULL, ANSWER_CONFIGURATION, 0},
    {400, 400, "BadDeviceToken", ANSWER_AMBIGUOUS, 0},
    {400, 400, "DeviceTokenNotForTopic", ANSWER_AMBIGUOUS, 0},
    {400, 400, "BadTopic", ANSWER_CONFIGURATION, 0},
    {400, 400, "MissingTopic", ANSWER_CONFIGURATION, 0},
    {400, 400, "TopicDisallowed", ANSWER_CONFIGURATION, 0},
    {400, 400, "InvalidPushType", ANSWER_CONFIGURATION, 0},
    {400, 400, "IdleTimeout", ANSWER_AGAIN, 0},
    {401, 401, NULL, ANSWER_CONFIGURATION, 0},
    {403, 403, "ExpiredProviderToken", ANSWER_REFRESH, 0},
    {403, 403, "UnrelatedKeyIdInToken", ANSWER_AGAIN, 0},
    {403, 403, NULL, ANSWER_CONFIGURATION, 0},
    {404, 404, "BadPath", ANSWER_DEAD, 0},
    {405, 405, "MethodNotAllowed", ANSWER_DEAD, 0},
    /* Not APNs' own: something else answers at that address. */
    {404, 405, NULL, ANSWER_CONFIGURATION, 0},
    {407, 407, NULL, ANSWER_CONFIGURATION, 0},
    {408, 408, NULL, ANSWER_RETRY_HOST, 0},
    {410, 410, "Unregistered", ANSWER_REJECT, 0},
    {410, 410, "ExpiredToken", ANSWER_REJECT, 0},
    {421, 421, NULL, ANSWER_RETRY_HOST, 0},
    {425, 425, NULL, ANSWER_RETRY_HOST, 0},
    {429, 429, "TooManyRequests", ANSWER_RETRY_PUSHKEY, 0},
    {429, 429, "TooManyProviderTokenUpdates", ANSWER_RETRY_APP, TOKEN_UPDATES_RETRY_MS},
    {429, 429, NULL, ANSWER_RETRY_APP, 0},
    {503, 503, "Shutdown", ANSWER_AGAIN, 0},
    {500, 599, NULL, ANSWER_RETRY_HOST, 0},
    {0, 0, NULL, ANSWER_DEAD, 0},
};

/* The last row is for what no other fits. */
static const struct row *row_for(int status, struct slice reason) {
    const struct row *row = rows;
    const struct row *last = &rows[sizeof rows / sizeof rows[0] - 1];

    while (row < last && (status < row->from || status > row->to ||
                          (row->reason != NULL && !slice_is(reason, row->reason))))
        row++;
    return row;
}

/* Whether the pushkey was registered after APNs saw it dead: then it is another one's death. */
static bool is_registered_anew(const struct classify_input *input, struct json_object *tree) {
    const int64_t pushkey_ts_ms = verdict_pushkey_ts_ms(input->device->pushkey_ts, input->now_ms);
    int64_t dead_since_ms = 0;

    return json_member_integer(tree, "timestamp", &dead_since_ms) && pushkey_ts_ms > dead_since_ms;
}

void apns_answers_classify(const struct classify_input *input, struct answer *out) {
    const struct http_response *response = input->response;
    struct json_object *tree = json_parse(response->body, ANSWER_DEPTH_LIMIT, NULL);
    const struct slice reason = json_member_text(tree, "reason");
    const struct row *row = row_for(response->status, reason);

    *out = (struct answer){.meaning = row->meaning};
    answer_reason_write(row->meaning == ANSWER_DELIVERED ? slice_of("delivered") : reason,
                        response->status, out->reason);
    if (row->meaning == ANSWER_REJECT && is_registered_anew(input, tree))
        out->meaning = ANSWER_DROP;
    answer_take_retry_after(input, row->retry_ms, out);
    json_object_put(tree);
}
