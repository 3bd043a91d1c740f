#include "dispatcher/providers/hms_answers.h"

#include "common/base/json.h"

#include <stdio.h>

enum { ANSWER_DEPTH_LIMIT = 16, FLOW_RETRY_MS = 60 * 1000 };

/* Huawei's result codes. */
enum {
    NO_CODE = 0,
    CODE_SUCCESS = 80000000,
    CODE_SOME_TOKENS_FAILED = 80100000,
    CODE_SOME_PARAMETERS_WRONG = 80100001,
    CODE_TOKEN_COUNT_WRONG = 80100003,
    CODE_MESSAGE_WRONG = 80100004,
    CODE_TTL_WRONG = 80100013,
    CODE_SENSITIVE_CONTENT = 80100016,
    CODE_OAUTH_WRONG = 80200001,
    CODE_OAUTH_EXPIRED = 80200003,
    CODE_OAUTH_OUTDATED = 80200005,
    CODE_NO_PERMISSION = 80300002,
    CODE_ALL_TOKENS_INVALID = 80300007,
    CODE_MESSAGE_TOO_LARGE = 80300008,
    CODE_HIGH_NOT_ALLOWED = 80600003,
    CODE_SYSTEM_ERROR = 81000001,
    CODE_MAX = 99999999,
};

/* Whom a partial result names. */
enum named { NAMED_ANY, NAMED_OURS, NAMED_NOBODY };

struct finding {
    int64_t code;      /* NO_CODE: it is not Huawei's answer */
    enum named tokens; /* as illegal */
};

/* The first row that fits decides. Statuses are a range; ANY_CODE is any, none included. A code
 * decides only beside a status that is an answer to the message: a failing server may say anything.
 */
enum { ANY_CODE = -1 };

static const struct {
    int from;
    int to;
    int64_t code;
    enum named tokens;
    enum answer_meaning meaning;
    int64_t retry_ms; /* where the provider names no time */
} rows[] = {
    {503, 503, ANY_CODE, NAMED_ANY, ANSWER_RETRY_APP, FLOW_RETRY_MS},
    {500, 599, ANY_CODE, NAMED_ANY, ANSWER_RETRY_HOST, 0},
    {200, 200, CODE_SUCCESS, NAMED_ANY, ANSWER_DELIVERED, 0},
    {200, 200, CODE_SOME_TOKENS_FAILED, NAMED_OURS, ANSWER_REJECT, 0},
    {200, 499, CODE_ALL_TOKENS_INVALID, NAMED_ANY, ANSWER_AMBIGUOUS, 0},
    {200, 499, CODE_OAUTH_WRONG, NAMED_ANY, ANSWER_CONFIGURATION, 0},
    {200, 499, CODE_OAUTH_EXPIRED, NAMED_ANY, ANSWER_REFRESH, 0},
    {200, 499, CODE_OAUTH_OUTDATED, NAMED_ANY, ANSWER_REFRESH, 0},
    {200, 499, CODE_NO_PERMISSION, NAMED_ANY, ANSWER_CONFIGURATION, 0},
    {200, 499, CODE_HIGH_NOT_ALLOWED, NAMED_ANY, ANSWER_CONFIGURATION, 0},
    {200, 499, CODE_SYSTEM_ERROR, NAMED_ANY, ANSWER_RETRY_HOST, 0},
    {200, 499, CODE_SOME_PARAMETERS_WRONG, NAMED_ANY, ANSWER_DEAD, 0},
    {200, 499, CODE_TOKEN_COUNT_WRONG, NAMED_ANY, ANSWER_DEAD, 0},
    {200, 499, CODE_MESSAGE_WRONG, NAMED_ANY, ANSWER_DEAD, 0},
    {200, 499, CODE_TTL_WRONG, NAMED_ANY, ANSWER_DEAD, 0},
    {200, 499, CODE_SENSITIVE_CONTENT, NAMED_ANY, ANSWER_DEAD, 0},
    {200, 499, CODE_MESSAGE_TOO_LARGE, NAMED_ANY, ANSWER_DEAD, 0},
    /* A captive page, or another service: nobody was told. */
    {200, 399, NO_CODE, NAMED_ANY, ANSWER_CONFIGURATION, 0},
    {401, 401, ANY_CODE, NAMED_ANY, ANSWER_REFRESH, 0},
    {403, 403, ANY_CODE, NAMED_ANY, ANSWER_CONFIGURATION, 0},
    {404, 404, NO_CODE, NAMED_ANY, ANSWER_CONFIGURATION, 0},
    {407, 407, ANY_CODE, NAMED_ANY, ANSWER_CONFIGURATION, 0},
    {408, 408, ANY_CODE, NAMED_ANY, ANSWER_RETRY_HOST, 0},
    {421, 421, ANY_CODE, NAMED_ANY, ANSWER_RETRY_HOST, 0},
    {425, 425, ANY_CODE, NAMED_ANY, ANSWER_RETRY_HOST, 0},
    {429, 429, ANY_CODE, NAMED_ANY, ANSWER_RETRY_APP, FLOW_RETRY_MS},
    {0, 999999, ANY_CODE, NAMED_ANY, ANSWER_DEAD, 0},
};

/* The msg of a partial result is JSON in a text: {"success":0,"failure":1,"illegal_tokens":[…]}. */
static enum named named_tokens(struct json_object *tree, struct slice pushkey) {
    struct json_object *result =
        json_parse(json_member_text(tree, "msg"), ANSWER_DEPTH_LIMIT, NULL);
    struct json_object *illegal = json_member_array(result, "illegal_tokens");
    const size_t count = illegal == NULL ? 0 : json_object_array_length(illegal);
    enum named named = NAMED_NOBODY;

    for (size_t i = 0; i < count && pushkey.size > 0; i++)
        if (slice_equal(json_text(json_object_array_get_idx(illegal, i)), pushkey))
            named = NAMED_OURS;
    json_object_put(result);
    return named;
}

static struct finding read_body(struct slice body, struct slice pushkey) {
    struct json_object *tree = json_parse(body, ANSWER_DEPTH_LIMIT, NULL);
    struct finding found = {.code = NO_CODE, .tokens = NAMED_NOBODY};

    if (!json_member_integer(tree, "code", &found.code) || found.code <= 0 || found.code > CODE_MAX)
        found.code = NO_CODE;
    if (found.code == CODE_SOME_TOKENS_FAILED)
        found.tokens = named_tokens(tree, pushkey);
    json_object_put(tree);
    return found;
}

static size_t row_for(int status, const struct finding *found) {
    size_t i = 0;

    while (i + 1 < sizeof rows / sizeof rows[0] &&
           !(status >= rows[i].from && status <= rows[i].to &&
             (rows[i].code == ANY_CODE || rows[i].code == found->code) &&
             (rows[i].tokens == NAMED_ANY || rows[i].tokens == found->tokens)))
        i++;
    return i;
}

void hms_answers_classify(const struct classify_input *input, struct answer *out) {
    const struct http_response *response = input->response;
    const struct finding found = read_body(response->body, input->device->pushkey);
    const size_t row = row_for(response->status, &found);
    char code[24] = "";

    *out = (struct answer){.meaning = rows[row].meaning};
    if (found.code != NO_CODE)
        snprintf(code, sizeof code, "%lld", (long long)found.code);
    answer_reason_write(slice_of(out->meaning == ANSWER_DELIVERED ? "delivered" : code),
                        response->status, out->reason);
    answer_take_retry_after(input, rows[row].retry_ms, out);
}
