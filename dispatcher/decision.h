/* What follows from what happened: from an answer, a failed send, a missing credential or a record
 * that cannot be used, to the end of a delivery. Pure. */
#ifndef COLUMBA_DISPATCHER_DECISION_H
#define COLUMBA_DISPATCHER_DECISION_H

#include "common/push/outcome.h"
#include "common/push/record.h"
#include "dispatcher/credential.h"
#include "dispatcher/gate.h"
#include "dispatcher/providers/provider.h"
#include "dispatcher/sender.h"

/* How a delivery ends. */
struct ending {
    enum outcome outcome;
    char reason[RECORD_REASON_SIZE];
    int64_t retry_after_ms; /* OUTCOME_MOVED: what the provider asked for; 0 nothing */
    bool earns_verdict;     /* OUTCOME_REJECTED: the pushkey is dead from here on */
    bool is_configuration;  /* only an operator can mend it */
    bool is_untried;        /* OUTCOME_MOVED: it never had its turn, which is no attempt */
    bool is_gated;          /* OUTCOME_MOVED: all of its app or host wait */
    bool holds;             /* OUTCOME_MOVED: its pushkey waits with it */
    bool is_uncertain;      /* it may have arrived although it counts as not delivered */
    int code;               /* the HTTP status, 0 without one */
};

/* What to do next. */
enum step {
    STEP_END,            /* with the ending */
    STEP_AGAIN,          /* at once, on a fresh connection */
    STEP_NEW_CREDENTIAL, /* forget the credential, then again at once */
};

/* tries: how often it went out since it was taken off the queue, this one included. */
enum step decide_answer(const struct answer *answer, int code, int tries, struct ending *out);
enum step decide_unanswered(const struct sender_outcome *outcome, int tries, struct ending *out);
void decide_encoding(enum encode_result result, const char *reason, struct ending *out);
void decide_credential(enum credential_result result, const char *reason, struct ending *out);

/* What an answer, or the lack of one, says of the gate: the host's where strangers name it, the
 * app's otherwise. */
enum gate_news decide_news(enum answer_meaning meaning, const struct ending *ending, bool is_host);
enum gate_news decide_news_unanswered(enum sender_result result);

/* What shuts a gate by such news; GATE_CAUSE_NONE for news that shut none. */
enum gate_cause decide_cause(enum gate_news news, bool is_answered);
enum gate_cause decide_cause_credential(enum credential_result result);

/* Whether the pushkey has to wait: an endpoint's trouble is its own, until others share it. */
bool decide_holds(enum answer_meaning meaning, bool is_host);

/* An ambiguous answer rejects when a success has earned it; else it is withheld. */
void decide_ambiguous(bool is_earned, struct ending *ending);

struct ending ending_of(enum outcome outcome, const char *reason);

/* The delay of the retry topic that a record moves to: the smallest that is at least what was
 * asked for, or the one of its attempt; the last one when there is none. */
int64_t decide_delay_ms(const struct duration_list *delays, int64_t attempt,
                        int64_t retry_after_ms);

/* Whether the record has outlived its use: NULL, or an ending. ttl_ms 0: the push has no expiry. */
bool decide_age(int64_t age_ms, int64_t ttl_ms, int64_t max_age_ms, struct ending *out);

#endif
