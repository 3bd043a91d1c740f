/* Intake: takes records into flight, one delivery of a pushkey at a time, within bounds of count
 * and bytes; and takes settled ones out again. */
#ifndef COLUMBA_DISPATCHER_INTAKE_H
#define COLUMBA_DISPATCHER_INTAKE_H

#include "dispatcher/core.h"
#include "dispatcher/partition.h"

struct delivery;

/* How long a delivery may wait behind others of its pushkey; then it is moved, and so is at once
 * what finds too many waiting (chain.h). */
enum { INTAKE_WAIT_MS = 60 * 1000 };

struct intake *intake_new(struct core *core);

/* Frees what is still in flight: nothing may call back for it any more. */
void intake_free(struct intake *intake);

/* Opens and closes it for records; closed at first. Closed has no room. */
void intake_open(struct intake *intake, bool open);
bool intake_has_room(const struct intake *intake);

/* While it is closed nothing new is begun with what was taken either. */
bool intake_is_open(const struct intake *intake);

/* The core's configuration is another: its bounds may be. */
void intake_configured(struct intake *intake);

/* A record that its partition has entered into the ledger. */
void intake_take(struct intake *intake, struct partition *partition, struct queue_record *record);

/* A copy is not taken by the queue, for whatever reason, and is tried again; and it was taken, or
 * is nobody's any more. While there is one, intake has no room. */
void intake_copy_refused(struct intake *intake, const struct error *error);
void intake_copy_taken(struct intake *intake);

/* The delivery has ended: starts the next one of its pushkey, and frees it. */
void intake_remove(struct delivery *delivery);

/* Gives up what is neither on the wire nor on its way to being durable. */
void intake_abandon_idle(struct intake *intake);

/* The partitions go: what is still in flight belongs to none from here on. */
void intake_detach(struct intake *intake);

/* Brings oldest_ms of every partition that has records in flight down to the earliest time, by the
 * brokers' clock, at which one of them was due. */
void intake_note_oldest(const struct intake *intake);

size_t intake_in_flight(const struct intake *intake);
size_t intake_in_flight_bytes(const struct intake *intake);

/* Of those, how many still have a partition: what a drain waits for. */
size_t intake_attached(const struct intake *intake);

#endif
