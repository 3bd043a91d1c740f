#include "dispatcher/providers/endpoint_answers.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The first row that fits decides. Statuses are a range; text NULL is any body. */
struct row {
    int from;
    int to;
    const char *text; /* what the body has to contain */
    enum answer_meaning meaning;
    const char *reason; /* NULL: by the status */
};

static const struct row webpush[] = {
    {400, 400, "VapidPkHashMismatch", ANSWER_AMBIGUOUS, "VapidPkHashMismatch"}, /* Apple */
    {403, 403, "VapidPkHashMismatch", ANSWER_AMBIGUOUS, "VapidPkHashMismatch"},
    {403, 403, "do not correspond", ANSWER_AMBIGUOUS, "vapid_mismatch"}, /* Google */
    {403, 403, "ExpiredJwtToken", ANSWER_REFRESH, "ExpiredJwtToken"},    /* Apple */
    {401, 401, NULL, ANSWER_CONFIGURATION, NULL},
    {403, 403, NULL, ANSWER_CONFIGURATION, NULL},
    {406, 406, NULL, ANSWER_RETRY_PUSHKEY, NULL}, /* Microsoft, for too many requests */
};

/* An endpoint asks for no credential of ours, so that a refusal tells nothing of the pushkey. */
static const struct row unifiedpush[] = {
    {401, 401, NULL, ANSWER_RETRY_PUSHKEY, NULL},
    {403, 403, NULL, ANSWER_RETRY_PUSHKEY, NULL},
    {507, 507, NULL, ANSWER_RETRY_PUSHKEY, NULL},
};

/* What the provider's own rows leave open; the last is for what no other fits. */
static const struct row both[] = {
    {200, 299, NULL, ANSWER_DELIVERED, "delivered"}, {404, 404, NULL, ANSWER_AMBIGUOUS, NULL},
    {407, 407, NULL, ANSWER_CONFIGURATION, NULL},    {408, 408, NULL, ANSWER_RETRY_HOST, NULL},
    {410, 410, NULL, ANSWER_REJECT, NULL},           {421, 421, NULL, ANSWER_RETRY_HOST, NULL},
    {425, 425, NULL, ANSWER_RETRY_HOST, NULL},       {429, 429, NULL, ANSWER_RETRY_PUSHKEY, NULL},
    {500, 599, NULL, ANSWER_RETRY_HOST, NULL},       {INT_MIN, INT_MAX, NULL, ANSWER_DEAD, NULL},
};

static bool contains(struct slice body, const char *text) {
    return body.size > 0 && memmem(body.data, body.size, text, strlen(text)) != NULL;
}

static bool fits(const struct row *row, const struct http_response *response) {
    return response->status >= row->from && response->status <= row->to &&
           (row->text == NULL || contains(response->body, row->text));
}

static void classify(const struct row *own, size_t count, const struct classify_input *input,
                     struct answer *out) {
    const struct http_response *response = input->response;
    const struct row *row = own;

    while (row < own + count && !fits(row, response))
        row++;
    if (row == own + count)
        row = both;
    while (!fits(row, response))
        row++;
    *out = (struct answer){.meaning = row->meaning};
    if (row->reason != NULL)
        snprintf(out->reason, sizeof out->reason, "%s", row->reason);
    else
        snprintf(out->reason, sizeof out->reason, "http_%d", response->status);
    if (row->meaning == ANSWER_RETRY_PUSHKEY || row->meaning == ANSWER_RETRY_HOST)
        out->retry_after_ms = answer_retry_after_ms(response, input->now_ms);
}

void endpoint_answers_webpush(const struct classify_input *input, struct answer *out) {
    classify(webpush, sizeof webpush / sizeof webpush[0], input, out);
}

void endpoint_answers_unifiedpush(const struct classify_input *input, struct answer *out) {
    classify(unifiedpush, sizeof unifiedpush / sizeof unifiedpush[0], input, out);
}
