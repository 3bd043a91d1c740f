/* Admission: one look at the shared state before a push goes out. A dead pushkey and a push that
 * was delivered before end here. */
#ifndef COLUMBA_DISPATCHER_ADMISSION_H
#define COLUMBA_DISPATCHER_ADMISSION_H

#include "common/state/state.h"
#include "dispatcher/decision.h"

struct delivery;

/* Asks, and goes on by itself: to sending or to settling. */
void admission_ask(struct delivery *delivery);

/* Not to be sent now, whatever the answer: is settled with this ending, unless what Redis knows of
 * it ends it for good or says how long its pushkey has to wait. */
void admission_ask_leaving(struct delivery *delivery, const struct ending *ending);

/* What admission goes by, besides what Redis says. */
struct admission_push {
    int64_t pushkey_ts_ms;
    int64_t accepted_ms;
    bool is_badge_only;
};

/* Whether the push may go on, else an ending. The hold is the answer's or what is known beyond it.
 * *is_outdated: a newer one has reached the pushkey, so that the counts of this one are stale.
 * now_ms is by the brokers' clock. Pure. */
bool admission_judge(const struct state_answer *answer, const struct hold *hold,
                     const struct admission_push *push, int64_t now_ms, bool *is_outdated,
                     struct ending *out);

#endif
