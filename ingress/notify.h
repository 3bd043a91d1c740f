/* The life of one notification: parsed, each device decided, verdicts looked up, one record
 * published for each device that is left, and answered when all of them are acknowledged. */
#ifndef COLUMBA_INGRESS_NOTIFY_H
#define COLUMBA_INGRESS_NOTIFY_H

#include "common/queue/queue.h"
#include "common/state/state.h"
#include "ingress/answer.h"
#include "ingress/budget.h"

struct metrics;
struct notify;
struct trace;

/* Everything is borrowed and outlives what is made from it; the config is held. */
struct notify_parts {
    struct loop *loop;
    const struct config *config; /* to begin with */
    struct queue_producer *producer;
    struct state *state;
    struct metrics *metrics;
    struct trace *trace; /* NULL: tracing is off */
    struct budget *budget;
};

struct notify *notify_new(const struct notify_parts *parts);

/* From here on requests are decided by this configuration; those under way by theirs. */
void notify_configure(struct notify *notify, const struct config *config);

/* Only when every request is answered. */
void notify_free(struct notify *notify);

/* The answer is lent for the call; who wants its body keeps it and leaves an empty one. */
typedef void notify_answered(void *context, struct answer *answer);

/* Answers exactly once, within this call or later; the body is borrowed until then. A traceparent
 * (W3C Trace Context) says whether the request is recorded if it is a valid one, and what the
 * records hang on where it is not. */
void notify_start(struct notify *notify, struct slice body, struct slice traceparent,
                  notify_answered *answered, void *context);

#endif
