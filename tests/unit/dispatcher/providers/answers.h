/* What a provider's answers are held to: a table of answers and meanings, one row for each. */
#ifndef COLUMBA_TESTS_ANSWERS_H
#define COLUMBA_TESTS_ANSWERS_H

#include "dispatcher/providers/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static inline const char *answers_meaning(enum answer_meaning meaning) {
    static const char *const names[ANSWER_COUNT] = {
        [ANSWER_DELIVERED] = "delivered",
        [ANSWER_REJECT] = "reject",
        [ANSWER_AMBIGUOUS] = "ambiguous",
        [ANSWER_DROP] = "drop",
        [ANSWER_DEAD] = "dead",
        [ANSWER_RETRY_PUSHKEY] = "retry_pushkey",
        [ANSWER_RETRY_APP] = "retry_app",
        [ANSWER_RETRY_HOST] = "retry_host",
        [ANSWER_CONFIGURATION] = "configuration",
        [ANSWER_REFRESH] = "refresh",
        [ANSWER_AGAIN] = "again",
    };

    return (unsigned)meaning < ANSWER_COUNT ? names[meaning] : "unknown";
}

struct expectation {
    int status;
    const char *body;
    enum answer_meaning meaning;
    const char *reason;
    int64_t retry_after_ms;
};

static inline struct answer answers_ask(const struct provider *provider, const char *pushkey,
                                        int status, const char *body, const char *retry_after) {
    const struct http_response response = {
        .status = status,
        .body = slice_of(body),
        .retry_after = slice_of(retry_after),
    };
    const struct app app = {.kind = provider->kind};
    const struct device device = {.pushkey = slice_of(pushkey)};
    struct answer answer;

    memset(&answer, 0xA5, sizeof answer);
    provider->classify(&(struct classify_input){.app = &app,
                                                .device = &device,
                                                .response = &response,
                                                .now_ms = INT64_C(1700000000000)},
                       &answer);
    return answer;
}

static inline void answers_expect(const struct provider *provider, const char *pushkey,
                                  const struct expectation *expectations, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct expectation *expected = &expectations[i];
        const struct answer seen =
            answers_ask(provider, pushkey, expected->status, expected->body, NULL);
        if (seen.meaning != expected->meaning || strcmp(seen.reason, expected->reason) != 0 ||
            seen.retry_after_ms != expected->retry_after_ms)
            fail_msg("%d %s: %s, %s, %lld ms", expected->status, expected->body,
                     answers_meaning(seen.meaning), seen.reason, (long long)seen.retry_after_ms);
    }
}

#endif
