#include "dispatcher/queue_clock.h"

int64_t queue_clock_now_ms(const struct queue_clock *clock, int64_t wall_ms) {
    return wall_ms - clock->lead_ms;
}

void queue_clock_at_least(struct queue_clock *clock, int64_t stamp_ms, int64_t wall_ms) {
    if (stamp_ms > queue_clock_now_ms(clock, wall_ms))
        clock->lead_ms = wall_ms - stamp_ms;
}

void queue_clock_set_lead(struct queue_clock *clock, int64_t lead_ms) {
    clock->lead_ms = lead_ms;
}
