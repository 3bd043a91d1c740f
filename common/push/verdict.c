#include "common/push/verdict.h"

#include "common/base/json.h"

#include <inttypes.h>
#include <string.h>

enum { DEPTH_LIMIT = 4, CODE_MAX = 999 };

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;
static const int64_t lifetime_days = 90;

/* Seconds pass this in the year 5138, milliseconds did in 1973. */
static const int64_t seconds_max = INT64_C(100000000000);

int64_t verdict_pushkey_ts_ms(int64_t as_sent, int64_t now_ms) {
    if (as_sent <= 0)
        return 0;
    int64_t ms = as_sent > seconds_max ? as_sent : as_sent * 1000;
    return ms <= now_ms + day_ms ? ms : 0;
}

bool verdict_holds(const struct verdict *verdict, int64_t pushkey_ts_ms) {
    return pushkey_ts_ms <= verdict->pushkey_ts_ms;
}

bool verdict_is_renewed(const struct verdict *verdict) {
    return verdict->pushkey_ts_ms != 0 && verdict->code != 0;
}

int64_t verdict_lifetime_ms(const struct verdict *verdict) {
    return verdict_is_renewed(verdict) ? lifetime_days * day_ms : day_ms;
}

void verdict_write(const struct verdict *verdict, struct buffer *out) {
    buffer_append_text(out, "{\"reason\":\"");
    buffer_append_json_escaped(out, slice_of(verdict->reason));
    buffer_append_format(out,
                         "\",\"code\":%" PRId64 ",\"pushkey_ts\":%" PRId64 ",\"at\":%" PRId64 "}",
                         verdict->code, verdict->pushkey_ts_ms, verdict->at_ms);
}

static bool read_number(struct json_object *tree, const char *name, int64_t most, int64_t *out) {
    return json_member_integer(tree, name, out) && *out >= 0 && *out <= most;
}

bool verdict_read(struct slice text, struct verdict *out) {
    struct json_object *tree = json_parse(text, DEPTH_LIMIT, NULL);
    struct slice reason = json_member_text(tree, "reason");
    struct verdict verdict = {0};

    bool understood = reason.data != NULL && read_number(tree, "code", CODE_MAX, &verdict.code) &&
                      read_number(tree, "pushkey_ts", INT64_MAX, &verdict.pushkey_ts_ms) &&
                      read_number(tree, "at", INT64_MAX, &verdict.at_ms);
    if (understood) {
        size_t length = slice_utf8_prefix(reason, sizeof verdict.reason - 1);
        memcpy(verdict.reason, reason.data, length);
        *out = verdict;
    }
    json_object_put(tree);
    return understood;
}
