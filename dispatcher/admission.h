/* Admission: one look at the shared state before a push goes out. A dead pushkey and a push that
 * was delivered before end here. */
#ifndef COLUMBA_DISPATCHER_ADMISSION_H
#define COLUMBA_DISPATCHER_ADMISSION_H

#include "common/state/state.h"
#include "dispatcher/decision.h"

struct delivery;

/* Asks, and goes on by itself: to sending or to settling. */
void admission_ask(struct delivery *delivery);

/* What the answer means for a push with this pushkey_ts: true to go on, else an ending. Pure. */
bool admission_judge(const struct state_answer *answer, int64_t pushkey_ts_ms, struct ending *out);

#endif
