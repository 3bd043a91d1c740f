/* The spans of a delivery, where its record belongs to a trace that is sampled: one from taking the
 * record off the queue to its outcome, and one for each request to the provider. Its copy carries
 * the first one on, so that one trace shows all attempts, each within the one before. */
#ifndef COLUMBA_DISPATCHER_DELIVERY_TRACE_H
#define COLUMBA_DISPATCHER_DELIVERY_TRACE_H

#include "common/base/trace_context.h"

struct delivery;
struct ending;
struct sender_outcome;
struct delivery_trace;

/* Its headers are read and have a trace, and tracing is on: delivery->trace is set if it is to be
 * recorded. All that follows is for who has one. */
void delivery_trace_taken(struct delivery *delivery);

/* A request goes out, and has ended; the ending is what follows from it. */
void delivery_trace_sent(struct delivery *delivery, const char *url);
void delivery_trace_answered(struct delivery *delivery, const struct sender_outcome *outcome,
                             const struct ending *ending);

/* Its outcome is durable; or its partition was given up, and another will settle it. */
void delivery_trace_settled(struct delivery *delivery);

/* What a copy carries on. */
struct trace_context delivery_trace_context(const struct delivery *delivery);

#endif
