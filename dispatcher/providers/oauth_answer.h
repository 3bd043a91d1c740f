/* What a token endpoint answers (RFC 6749, 5; Google and Huawei have error codes of their own).
 * Pure.
 */
#ifndef COLUMBA_PROVIDERS_OAUTH_ANSWER_H
#define COLUMBA_PROVIDERS_OAUTH_ANSWER_H

#include "common/base/buffer.h"
#include "common/base/http.h"

#include <stdint.h>

enum { OAUTH_REASON_SIZE = 48, OAUTH_DETAIL_SIZE = 320 };

enum oauth_result {
    OAUTH_TOKEN,
    OAUTH_LATER,  /* the endpoint is busy: the same request will do later */
    OAUTH_BROKEN, /* it will not: the key, the clock or the address is wrong */
};

/* What the token endpoint answered. */
struct oauth_answer {
    enum oauth_result result;
    struct buffer authorization;    /* OAUTH_TOKEN: "Bearer …"; a secret, the caller's */
    int64_t lifetime_ms;            /* OAUTH_TOKEN */
    int64_t retry_after_ms;         /* OAUTH_LATER: 0 when not said */
    char reason[OAUTH_REASON_SIZE]; /* otherwise: one word for metrics */
    char detail[OAUTH_DETAIL_SIZE]; /* otherwise: a sentence for the operator */
};

void oauth_answer_read(const struct http_response *response, int64_t now_ms,
                       struct oauth_answer *out);

#endif
