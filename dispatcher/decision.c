#include "dispatcher/decision.h"

#include <stdio.h>

enum { TRIES_AT_ONCE = 2 };

/* One row for each meaning. What waits is moved; an ambiguous answer is withheld, since nothing
 * has earned a reject; trouble never rejects. */
static const struct {
    enum outcome outcome;
    bool earns_verdict;
    bool is_configuration;
    enum gate_news news;
    bool holds;
    enum step first_step; /* what it is worth while there is a try left */
} meanings[ANSWER_COUNT] = {
    [ANSWER_DELIVERED] = {.outcome = OUTCOME_DELIVERED, .news = GATE_SUCCESS},
    [ANSWER_REJECT] = {.outcome = OUTCOME_REJECTED, .earns_verdict = true, .news = GATE_ALIVE},
    [ANSWER_AMBIGUOUS] = {.outcome = OUTCOME_MOVED, .news = GATE_ALIVE},
    [ANSWER_DROP] = {.outcome = OUTCOME_DROPPED, .news = GATE_ALIVE},
    [ANSWER_DEAD] = {.outcome = OUTCOME_DEAD, .news = GATE_ALIVE},
    [ANSWER_RETRY_PUSHKEY] = {.outcome = OUTCOME_MOVED, .news = GATE_ALIVE, .holds = true},
    [ANSWER_RETRY_APP] = {.outcome = OUTCOME_MOVED, .news = GATE_WAIT},
    [ANSWER_RETRY_HOST] = {.outcome = OUTCOME_MOVED, .news = GATE_TROUBLE},
    [ANSWER_CONFIGURATION] = {.outcome = OUTCOME_MOVED,
                              .is_configuration = true,
                              .news = GATE_MISCONFIGURED},
    [ANSWER_REFRESH] = {.outcome = OUTCOME_MOVED,
                        .is_configuration = true,
                        .news = GATE_MISCONFIGURED,
                        .first_step = STEP_NEW_CREDENTIAL},
    [ANSWER_AGAIN] = {.outcome = OUTCOME_MOVED, .news = GATE_TROUBLE, .first_step = STEP_AGAIN},
};

struct ending ending_of(enum outcome outcome, const char *reason) {
    struct ending ending = {.outcome = outcome};

    snprintf(ending.reason, sizeof ending.reason, "%s", reason);
    return ending;
}

enum step decide_answer(const struct answer *answer, int code, int tries, struct ending *out) {
    *out = ending_of(meanings[answer->meaning].outcome, answer->reason);
    out->earns_verdict = meanings[answer->meaning].earns_verdict;
    out->is_configuration = meanings[answer->meaning].is_configuration;
    /* What only mending helps is no attempt of the push. */
    out->is_untried = out->is_configuration;
    out->retry_after_ms = answer->retry_after_ms;
    out->code = code;
    return tries < TRIES_AT_ONCE ? meanings[answer->meaning].first_step : STEP_END;
}

enum step decide_unanswered(const struct sender_outcome *outcome, int tries, struct ending *out) {
    *out = ending_of(OUTCOME_MOVED, outcome->reason);
    out->is_uncertain = outcome->result == SENDER_LOST;
    return outcome->result == SENDER_UNSENT && tries < TRIES_AT_ONCE ? STEP_AGAIN : STEP_END;
}

enum gate_news decide_news(enum answer_meaning meaning, const struct ending *ending, bool is_host) {
    bool is_said = ending->retry_after_ms > 0 || ending->code == 503;

    if (meaning == ANSWER_RETRY_HOST && !is_host && is_said)
        return GATE_WAIT;
    return meanings[meaning].news;
}

enum gate_news decide_news_unanswered(enum sender_result result) {
    return result == SENDER_UNSENT ? GATE_SILENT : GATE_TROUBLE;
}

enum gate_cause decide_cause(enum gate_news news, bool is_answered) {
    static const enum gate_cause causes[GATE_NEWS_COUNT] = {
        [GATE_TROUBLE] = GATE_CAUSE_FAILING,
        [GATE_WAIT] = GATE_CAUSE_WAIT,
        [GATE_MISCONFIGURED] = GATE_CAUSE_REFUSED,
    };

    return news == GATE_TROUBLE && !is_answered ? GATE_CAUSE_UNREACHABLE : causes[news];
}

enum gate_cause decide_cause_credential(enum credential_result result) {
    return result == CREDENTIAL_BROKEN ? GATE_CAUSE_CREDENTIAL : GATE_CAUSE_TOKEN;
}

bool decide_holds(enum answer_meaning meaning, bool is_host) {
    return meanings[meaning].holds || (meaning == ANSWER_RETRY_HOST && is_host);
}

void decide_ambiguous(bool is_earned, struct ending *ending) {
    if (!is_earned)
        return;
    ending->outcome = OUTCOME_REJECTED;
    ending->earns_verdict = true;
}

void decide_encoding(enum encode_result result, const char *reason, struct ending *out) {
    static const enum outcome outcomes[] = {
        [ENCODE_DROP] = OUTCOME_DROPPED,
        [ENCODE_REJECT] = OUTCOME_REJECTED,
        [ENCODE_DEAD] = OUTCOME_DEAD,
    };

    *out = ending_of(outcomes[result], reason);
    out->earns_verdict = result == ENCODE_REJECT;
}

void decide_credential(enum credential_result result, const char *reason, struct ending *out) {
    *out = ending_of(OUTCOME_MOVED, reason);
    out->is_configuration = result == CREDENTIAL_BROKEN;
    out->is_untried = true;
}

int64_t decide_delay_ms(const struct duration_list *delays, int64_t attempt,
                        int64_t retry_after_ms) {
    size_t last = delays->count - 1;
    size_t index = 0;

    if (retry_after_ms > 0)
        while (index < last && delays->items_ms[index] < retry_after_ms)
            index++;
    else
        index = attempt < 0 ? 0 : (uint64_t)attempt < last ? (size_t)attempt : last;
    return delays->items_ms[index];
}

bool decide_age(int64_t age_ms, int64_t ttl_ms, int64_t max_age_ms, struct ending *out) {
    bool expired = ttl_ms > 0 && age_ms > ttl_ms;
    bool too_old = age_ms > max_age_ms;

    if (expired)
        *out = ending_of(OUTCOME_DROPPED, "expired");
    else if (too_old)
        *out = ending_of(OUTCOME_DEAD, "max_age");
    return expired || too_old;
}
