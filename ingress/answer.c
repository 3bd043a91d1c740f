#include "ingress/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct answer_form forms[ANSWER_KIND_COUNT] = {
    [ANSWER_ACCEPTED] = {"accepted", 200, NULL, NULL, LOG_LEVEL_DEBUG},
    [ANSWER_DISCOVERY] = {"discovery", 200, NULL, NULL, LOG_LEVEL_DEBUG},
    [ANSWER_HEALTH] = {"health", 200, NULL, NULL, LOG_LEVEL_DEBUG},
    [ANSWER_NOT_JSON] = {"not_json", 400, "M_NOT_JSON", "The body is not JSON.", LOG_LEVEL_INFO},
    [ANSWER_BAD_JSON] = {"bad_json", 400, "M_BAD_JSON", "A field has the wrong type.",
                         LOG_LEVEL_INFO},
    [ANSWER_MISSING_PARAM] = {"missing_param", 400, "M_MISSING_PARAM", "A field is missing.",
                              LOG_LEVEL_INFO},
    [ANSWER_TOO_LARGE] = {"too_large", 413, "M_TOO_LARGE", "The request is too large.",
                          LOG_LEVEL_INFO},
    [ANSWER_NOT_FOUND] = {"not_found", 404, "M_UNRECOGNIZED", "There is nothing at this path.",
                          LOG_LEVEL_INFO},
    [ANSWER_WRONG_METHOD] = {"wrong_method", 405, "M_UNRECOGNIZED",
                             "This path does not know this method.", LOG_LEVEL_INFO},
    [ANSWER_BUSY] = {"busy", 503, "M_UNKNOWN", "Too many notifications are waiting; try again.",
                     LOG_LEVEL_WARNING},
    [ANSWER_UNAVAILABLE] = {"unavailable", 503, "M_UNKNOWN",
                            "The notification could not be queued; try again.", LOG_LEVEL_WARNING},
};

const struct answer_form *answer_form(enum answer_kind kind) {
    return &forms[kind];
}

enum answer_kind answer_of_fault(enum notification_fault fault) {
    static const enum answer_kind kinds[] = {
        [NOTIFICATION_NOT_JSON] = ANSWER_NOT_JSON,
        [NOTIFICATION_BAD_JSON] = ANSWER_BAD_JSON,
        [NOTIFICATION_MISSING_PARAM] = ANSWER_MISSING_PARAM,
        [NOTIFICATION_TOO_MANY] = ANSWER_TOO_LARGE,
    };

    return kinds[fault];
}

void answer_error(struct answer *answer, enum answer_kind kind, const char *sentence,
                  const char *reason) {
    const struct answer_form *form = &forms[kind];

    if (sentence == NULL)
        sentence = form->sentence;
    answer->kind = kind;
    buffer_clear(&answer->body);
    buffer_append_text(&answer->body, "{\"errcode\":\"");
    buffer_append_text(&answer->body, form->errcode);
    buffer_append_text(&answer->body, "\",\"error\":\"");
    buffer_append_json_escaped(&answer->body, slice_of(sentence));
    buffer_append_text(&answer->body, "\"}");
    snprintf(answer->reason, sizeof answer->reason, "%s", reason == NULL ? sentence : reason);
}

static int by_bytes(const void *left, const void *right) {
    const struct slice *a = left;
    const struct slice *b = right;
    size_t common = a->size < b->size ? a->size : b->size;
    int order = common == 0 ? 0 : memcmp(a->data, b->data, common);

    if (order != 0)
        return order;
    return (a->size > b->size) - (a->size < b->size);
}

void answer_accepted(struct answer *answer, struct slice *rejected, size_t count) {
    answer->kind = ANSWER_ACCEPTED;
    answer->reason[0] = '\0';
    buffer_clear(&answer->body);
    buffer_append_text(&answer->body, "{\"rejected\":[");
    if (count > 1)
        qsort(rejected, count, sizeof *rejected, by_bytes);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && slice_equal(rejected[i], rejected[i - 1]))
            continue;
        buffer_append_text(&answer->body, i > 0 ? ",\"" : "\"");
        buffer_append_json_escaped(&answer->body, rejected[i]);
        buffer_append_byte(&answer->body, '"');
    }
    buffer_append_text(&answer->body, "]}");
}

void answer_discovery(struct answer *answer) {
    answer->kind = ANSWER_DISCOVERY;
    answer->reason[0] = '\0';
    buffer_clear(&answer->body);
    buffer_append_text(&answer->body,
                       "{\"unifiedpush\":{\"gateway\":\"matrix\"},\"gateway\":\"matrix\"}");
}

void answer_health(struct answer *answer) {
    answer->kind = ANSWER_HEALTH;
    answer->reason[0] = '\0';
    buffer_clear(&answer->body);
    buffer_append_text(&answer->body, "{}");
}
