#include "dispatcher/admission.h"

#include "dispatcher/delivery.h"
#include "dispatcher/gates.h"
#include "dispatcher/instruments.h"
#include "dispatcher/intake.h"
#include "dispatcher/settle.h"

#include <string.h>

/* A copy falls due by the brokers' clock, which is known to a fraction of a second: it does not
 * wait once more for what it has waited for. */
enum { HOLD_GRACE_MS = 1000 };

static bool is_free_of_hold(const struct hold *hold, const struct admission_push *push,
                            int64_t now_ms, bool *is_outdated, struct ending *out) {
    *is_outdated = hold->newest_ms > push->accepted_ms;
    if (*is_outdated && push->is_badge_only) {
        *out = ending_of(OUTCOME_DROPPED, "superseded");
        return false;
    }
    if (hold->until_ms > now_ms + HOLD_GRACE_MS) {
        *out = ending_of(OUTCOME_MOVED, "held");
        out->is_untried = true;
        out->retry_after_ms = hold->until_ms - now_ms;
        return false;
    }
    return true;
}

bool admission_judge(const struct state_answer *answer, const struct hold *hold,
                     const struct admission_push *push, int64_t now_ms, bool *is_outdated,
                     struct ending *out) {
    *is_outdated = false;
    if (answer->known && answer->has_verdict &&
        verdict_holds(&answer->verdict, push->pushkey_ts_ms)) {
        *out = ending_of(OUTCOME_REJECTED, "verdict");
        return false;
    }
    if (answer->known && answer->seen) {
        *out = ending_of(OUTCOME_DROPPED, "duplicate");
        return false;
    }
    return is_free_of_hold(hold, push, now_ms, is_outdated, out);
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
    if (answer->known)
        chain_learn(delivery, answer->has_hold ? &answer->hold : NULL);
    const struct admission_push push = {
        .pushkey_ts_ms =
            verdict_pushkey_ts_ms(delivery->device->pushkey_ts, loop_wall_ms(core->parts.loop)),
        .accepted_ms = delivery->accepted_ms,
        .is_badge_only = notification_is_badge_only(delivery->notification),
    };
    bool may_go = admission_judge(answer, chain_hold(delivery), &push, core_queue_ms(core),
                                  &delivery->is_outdated, &ending);
    if (!may_go && ending.outcome == OUTCOME_REJECTED)
        state_renew_verdict(core->parts.state, delivery->pushkey, &answer->verdict);
    if (may_go && !delivery->is_leaving)
        gates_enter(delivery);
    else
        settle(delivery, may_go ? &delivery->ending : &ending);
}

void admission_ask(struct delivery *delivery) {
    struct state_question question = {
        .asks_hold = true, .asks_seen = delivery->has_seen, .seen = delivery->seen};

    memcpy(question.pushkey, delivery->pushkey, sizeof question.pushkey);
    delivery_enter(delivery, DELIVERY_ADMITTING);
    state_ask(delivery->core->parts.state, &question, answered, delivery);
}

void admission_ask_leaving(struct delivery *delivery, const struct ending *ending) {
    delivery->is_leaving = true;
    delivery->ending = *ending;
    admission_ask(delivery);
}
