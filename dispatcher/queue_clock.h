/* What the time is by the brokers, whose stamps a record's age and its retry go by, whatever our
 * own clock says. Pure. */
#ifndef COLUMBA_DISPATCHER_QUEUE_CLOCK_H
#define COLUMBA_DISPATCHER_QUEUE_CLOCK_H

#include <stdint.h>

/* Zero-initialised it trusts our own clock. */
struct queue_clock {
    int64_t lead_ms; /* how far our wall clock is ahead of theirs; negative: behind */
};

int64_t queue_clock_now_ms(const struct queue_clock *clock, int64_t wall_ms);

/* It is at least that late there: a record with this stamp is here, or one was waited for. */
void queue_clock_at_least(struct queue_clock *clock, int64_t stamp_ms, int64_t wall_ms);

/* An acknowledgement has just brought this lead. */
void queue_clock_set_lead(struct queue_clock *clock, int64_t lead_ms);

#endif
