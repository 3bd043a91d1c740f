/* Settling: makes a delivery's outcome durable, tells the ledger only then, and says it in the log
 * and in the metrics. */
#ifndef COLUMBA_DISPATCHER_SETTLE_H
#define COLUMBA_DISPATCHER_SETTLE_H

#include "dispatcher/decision.h"

struct delivery;

/* Ends the delivery: now, or when Redis or Kafka have confirmed. A copy that the queue does not
 * take is tried again for as long as the partition is ours: its record is not given up. A
 * delivery whose partition is gone still leaves its marks, but no copy: the record's new owner
 * makes that. */
void settle(struct delivery *delivery, const struct ending *ending);

#endif
