#include "dispatcher/queue_clock.h"

int64_t queue_clock_now_ms(const struct queue_clock *clock, struct queue_clock_own own) {
    return clock->ahead_ms + (clock->is_learnt ? own.monotonic_ms : own.wall_ms);
}

void queue_clock_at_least(struct queue_clock *clock, int64_t stamp_ms, struct queue_clock_own own) {
    int64_t missing_ms = stamp_ms - queue_clock_now_ms(clock, own);

    if (missing_ms > 0)
        clock->ahead_ms += missing_ms;
}

void queue_clock_set_lead(struct queue_clock *clock, int64_t lead_ms, struct queue_clock_own own) {
    clock->is_learnt = true;
    clock->ahead_ms = own.wall_ms - lead_ms - own.monotonic_ms;
}
