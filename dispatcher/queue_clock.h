/* What the time is by the brokers, whose stamps a record's age and its retry go by, whatever our
 * own clock says. Learnt from acknowledgements, and kept by a count that does not jump. Pure. */
#ifndef COLUMBA_DISPATCHER_QUEUE_CLOCK_H
#define COLUMBA_DISPATCHER_QUEUE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Ours at one instant: the wall's, and the count. */
struct queue_clock_own {
    int64_t wall_ms;
    int64_t monotonic_ms;
};

/* Zero-initialised it trusts our own clock. */
struct queue_clock {
    bool is_learnt;
    int64_t ahead_ms; /* theirs less our count when learnt, less our wall clock until then */
};

int64_t queue_clock_now_ms(const struct queue_clock *clock, struct queue_clock_own own);

/* It is at least that late there: a record with this stamp is here, or one was waited for. */
void queue_clock_at_least(struct queue_clock *clock, int64_t stamp_ms, struct queue_clock_own own);

/* An acknowledgement has just told how far our wall clock is ahead of theirs. */
void queue_clock_set_lead(struct queue_clock *clock, int64_t lead_ms, struct queue_clock_own own);

#endif
