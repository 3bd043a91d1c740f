/* The gates of a lane: one for each app, and one for each host where strangers name it. A delivery
 * passes, or waits in memory within its gate's share, or is moved; what became of it is told to
 * the gates it has passed. What a provider has said of an app is shared with the fleet. */
#ifndef COLUMBA_DISPATCHER_GATES_H
#define COLUMBA_DISPATCHER_GATES_H

#include "dispatcher/core.h"
#include "dispatcher/gate.h"

#include <sys/queue.h>

struct delivery;
struct place;

/* How long a delivery may wait for a gate. */
enum { GATES_WAIT_MS = 30 * 1000, GATES_PLACES_MAX = 4096 };

/* Of the gates a delivery has to pass: the app's, then the host's. */
enum { GATES_STAGES = 2 };

/* A delivery's place among them; zero-initialised it has none. */
struct gate_ticket {
    struct place *places[GATES_STAGES]; /* NULL where none is to be passed */
    size_t passed;                      /* how many of them are behind it, and not told yet */
    bool waits;
    int64_t joined_ms;
    uint64_t probes[GATES_STAGES]; /* the numbers of those that it is; 0: none */
    TAILQ_ENTRY(delivery) line;
};

struct gates *gates_new(struct core *core);

/* Nothing waits any more, or is told of. */
void gates_free(struct gates *gates);

/* Admitted: goes on to delivery_send, now or later, or is moved. */
void gates_enter(struct delivery *delivery);

/* For how long the gates that it would have to pass have been shut; 0 when they are not. */
int64_t gates_shut_for_ms(struct delivery *delivery);

/* What became of a delivery that went on: of its last gate, of the others it is good news. */
void gates_learn(struct delivery *delivery, const struct gate_report *report);

/* The credential could not be had: that is about the app, whatever the host. */
void gates_learn_credential(struct delivery *delivery, const struct gate_report *report);

/* Gives up its place and its passes, if it has any still: nothing was learnt. */
void gates_leave(struct delivery *delivery);

/* Spends one earned reject of its last gate; false when there is none, which is counted. */
bool gates_spend(struct delivery *delivery);

/* Whether moving what cannot get through makes way for others: something has got through the lane
 * of late, or an app of it does not wait, whose pushes may be behind those that do. */
bool gates_are_flowing(const struct gates *gates);

/* The apps are others now, or their settings are. */
void gates_reconfigure(struct gates *gates);

struct gates_count {
    size_t gates[GATE_STATE_COUNT][GATE_CAUSE_COUNT];
    size_t waiting;
};
struct gates_count gates_count(const struct gates *gates);

/* A JSON array: every gate that is shut or has somebody waiting, and the busiest of the others. */
void gates_write_status(const struct gates *gates, struct buffer *out);

#endif
