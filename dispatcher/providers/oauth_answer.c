#include "dispatcher/providers/oauth_answer.h"

#include "common/base/json.h"
#include "common/base/memory.h"
#include "dispatcher/providers/provider.h"

#include <stdio.h>
#include <string.h>

_Static_assert((int)OAUTH_REASON_SIZE == (int)ANSWER_REASON_SIZE, "one word for metrics");

enum {
    ANSWER_DEPTH_LIMIT = 8,
    DEFAULT_LIFETIME_MS = 3600 * 1000,
    SHORTEST_LIFETIME_MS = 11 * 1000, /* with ten seconds left it is not handed out */
    LONGEST_LIFETIME_MS = 24 * 3600 * 1000,
    CLOCK_TOLERANCE_MS = 60 * 1000,
    NUMBER_SIZE = 24,
};

/* Error words of the endpoint that pass, whatever the status beside them. */
static bool is_passing(int status, const char *word) {
    static const char *const words[] = {"internal_failure", "server_error",
                                        "temporarily_unavailable"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return status == 408 || status == 425 || status == 429 || (status >= 500 && status <= 599);
}

static void write_hint(const struct http_response *response, int64_t now_ms, const char *word,
                       char *out, size_t size) {
    int64_t server_ms = now_ms;

    if (strcmp(word, "invalid_grant") != 0) {
        snprintf(out, size, "%s",
                 response->status / 100 == 3 ? "; redirects are not followed: mend its address"
                                             : "");
        return;
    }
    const bool is_dated = answer_date_ms(response, now_ms, &server_ms);
    const int64_t ahead_ms = now_ms - server_ms;
    if (is_dated && (ahead_ms > CLOCK_TOLERANCE_MS || ahead_ms < -CLOCK_TOLERANCE_MS))
        snprintf(out, size, "; the clock of this host is %lld s %s",
                 (long long)(ahead_ms < 0 ? -ahead_ms : ahead_ms) / 1000,
                 ahead_ms < 0 ? "slow" : "fast");
    else
        snprintf(out, size, "; the key was deleted or disabled%s",
                 is_dated ? "" : ", or the clock of this host is wrong");
}

static void refuse(const struct http_response *response, int64_t now_ms, struct slice word,
                   struct slice description, struct oauth_answer *out) {
    char hint[96];

    answer_reason_write(word, response->status, out->reason);
    if (is_passing(response->status, out->reason)) {
        out->result = OAUTH_LATER;
        out->retry_after_ms = answer_retry_after_ms(response, now_ms);
    }
    write_hint(response, now_ms, out->reason, hint, sizeof hint);
    snprintf(out->detail, sizeof out->detail, "the token endpoint answered %d %s%s%.*s%s",
             response->status, out->reason, description.size > 0 ? ": " : "",
             (int)slice_utf8_prefix(description, 120), description.size > 0 ? description.data : "",
             hint);
}

static bool is_visible_ascii(struct slice text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 0x21 || text.data[i] > 0x7E)
            return false;
    return text.size > 0;
}

static int64_t lifetime_ms(struct json_object *tree) {
    int64_t seconds = 0;

    if (!json_member_integer(tree, "expires_in", &seconds))
        return DEFAULT_LIFETIME_MS;
    if (seconds >= LONGEST_LIFETIME_MS / 1000)
        return LONGEST_LIFETIME_MS;
    return seconds < 0 ? 0 : seconds * 1000;
}

/* NULL, or why there is no token in it that can be used. */
static const char *token_fault(struct json_object *tree) {
    const struct slice type = json_member_text(tree, "token_type");

    if (!is_visible_ascii(json_member_text(tree, "access_token")))
        return "no_access_token";
    if (type.data != NULL && !slice_is_ignoring_case(type, "bearer"))
        return "no_bearer_token";
    return lifetime_ms(tree) < SHORTEST_LIFETIME_MS ? "token_expired" : NULL;
}

static void take_token(struct json_object *tree, struct oauth_answer *out) {
    const struct slice token = json_member_text(tree, "access_token");

    out->result = OAUTH_TOKEN;
    out->lifetime_ms = lifetime_ms(tree);
    buffer_append_text(&out->authorization, "Bearer ");
    buffer_append(&out->authorization, token);
    memory_wipe((char *)token.data, token.size);
}

/* Google's words are texts, Huawei's are numbers. */
static struct slice error_word(struct json_object *tree, char number[NUMBER_SIZE]) {
    const struct slice word = json_member_text(tree, "error");
    int64_t code = 0;

    if (word.data != NULL || !json_member_integer(tree, "error", &code))
        return word;
    snprintf(number, NUMBER_SIZE, "%lld", (long long)code);
    return slice_of(number);
}

void oauth_answer_read(const struct http_response *response, int64_t now_ms,
                       struct oauth_answer *out) {
    struct json_object *tree = json_parse(response->body, ANSWER_DEPTH_LIMIT, NULL);
    struct json_object *nested = json_member_object(tree, "error");
    const char *fault = response->status == 200 ? token_fault(tree) : NULL;
    char number[NUMBER_SIZE];

    *out = (struct oauth_answer){.result = OAUTH_BROKEN};
    if (fault != NULL)
        refuse(response, now_ms, slice_of(fault), (struct slice){0}, out);
    else if (response->status == 200)
        take_token(tree, out);
    else if (nested != NULL)
        refuse(response, now_ms, json_member_text(nested, "status"),
               json_member_text(nested, "message"), out);
    else
        refuse(response, now_ms, error_word(tree, number),
               json_member_text(tree, "error_description"), out);
    json_object_put(tree);
}
