#include "dispatcher/admission.h"

#include "dispatcher/delivery.h"
#include "dispatcher/instruments.h"
#include "dispatcher/intake.h"
#include "dispatcher/settle.h"

#include <string.h>

bool admission_judge(const struct state_answer *answer, int64_t pushkey_ts_ms, struct ending *out) {
    if (!answer->known)
        return true;
    if (answer->has_verdict && verdict_holds(&answer->verdict, pushkey_ts_ms)) {
        *out = ending_of(OUTCOME_REJECTED, "verdict");
        return false;
    }
    if (answer->seen) {
        *out = ending_of(OUTCOME_DROPPED, "duplicate");
        return false;
    }
    return true;
}

static void answered(void *context, const struct state_answer *answer) {
    struct delivery *delivery = context;
    struct core *core = delivery->core;
    struct ending ending;

    if (delivery->abandoned) {
        intake_remove(delivery);
        return;
    }
    instruments_state_answered(core, answer->known);
    int64_t pushkey_ts_ms =
        verdict_pushkey_ts_ms(delivery->device->pushkey_ts, loop_wall_ms(core->parts.loop));
    if (admission_judge(answer, pushkey_ts_ms, &ending)) {
        delivery_send(delivery);
        return;
    }
    if (ending.outcome == OUTCOME_REJECTED)
        state_renew_verdict(core->parts.state, delivery->pushkey, &answer->verdict);
    settle(delivery, &ending);
}

void admission_ask(struct delivery *delivery) {
    struct state_question question = {.asks_seen = delivery->has_seen, .seen = delivery->seen};

    memcpy(question.pushkey, delivery->pushkey, sizeof question.pushkey);
    delivery_enter(delivery, DELIVERY_ADMITTING);
    state_ask(delivery->core->parts.state, &question, answered, delivery);
}
