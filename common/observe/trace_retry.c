#include "common/observe/trace_retry.h"

#include "common/base/json.h"

enum {
    DELAY_MAX_TIMES = 30,
    ASKED_DELAY_MAX_SECONDS = 5 * 60,
    BODY_DEPTH = 16,
};

enum trace_verdict trace_retry_judge(int status) {
    static const int repeatable[] = {0, 429, 502, 503, 504};

    if (status >= 200 && status < 300)
        return TRACE_TAKEN;
    for (size_t i = 0; i < sizeof repeatable / sizeof repeatable[0]; i++)
        if (status == repeatable[i])
            return TRACE_REPEAT;
    return TRACE_REFUSED;
}

int64_t trace_retry_delay_ms(unsigned failures, int64_t first_ms, struct slice retry_after,
                             uint32_t random) {
    long long seconds = 0;
    int64_t delay_ms = first_ms;
    const int64_t most_ms = first_ms * DELAY_MAX_TIMES;

    if (slice_to_int64(retry_after, &seconds) && seconds > 0)
        return (seconds < ASKED_DELAY_MAX_SECONDS ? seconds : ASKED_DELAY_MAX_SECONDS) * 1000;
    for (; failures > 1 && delay_ms < most_ms; failures--)
        delay_ms *= 2;
    if (delay_ms > most_ms)
        delay_ms = most_ms;
    return delay_ms / 2 + random % (delay_ms / 2 + 1);
}

int64_t trace_retry_rejected(struct slice body) {
    struct json_object *answer = json_parse(body, BODY_DEPTH, NULL);
    int64_t rejected = 0;

    json_member_integer(json_member_object(answer, "partialSuccess"), "rejectedSpans", &rejected);
    json_object_put(answer);
    return rejected < 0 ? 0 : rejected;
}
