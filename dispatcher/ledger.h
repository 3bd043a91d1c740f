/* The ledger of one partition: which of the records taken are settled, and up to where the
 * partition may therefore be committed. What is settled behind that goes with the commit as a note,
 * so that the next owner does not do it again. Pure. Offsets may have gaps (a log has them), but
 * grow. */
#ifndef COLUMBA_DISPATCHER_LEDGER_H
#define COLUMBA_DISPATCHER_LEDGER_H

#include "common/base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many records of a partition may be unsettled, or settled behind an unsettled one. A note tells
 * of so many offsets: 2,048 bytes, which are 2,731 as text (brokers keep 4,096: Kafka's
 * offset.metadata.max.bytes). */
enum { LEDGER_WINDOW = 10000, LEDGER_NOTE_OFFSETS = 16384 };

struct ledger;

/* start: the offset that reading begins at. note: what was committed; NULL or any other text is
 * none. */
struct ledger *ledger_new(int64_t start, const char *note);
void ledger_free(struct ledger *ledger);

/* A record was taken. Its offset is greater than all before; the window is not full. */
void ledger_take(struct ledger *ledger, int64_t offset);

/* Its outcome is durable. Each offset taken is settled once. */
void ledger_settle(struct ledger *ledger, int64_t offset);

/* What may be committed: everything before it is settled. */
int64_t ledger_position(const struct ledger *ledger);

/* Appends the note that goes with it; nothing when nothing behind it is settled. */
void ledger_write_note(const struct ledger *ledger, struct buffer *out);

/* Whether the note that it began with has the record as settled. */
bool ledger_was_settled(const struct ledger *ledger, int64_t offset);

/* Counts up with each that is settled: another number, another note. */
uint64_t ledger_settled_count(const struct ledger *ledger);

bool ledger_is_full(const struct ledger *ledger);

/* How many records were taken and are not settled. */
size_t ledger_unsettled(const struct ledger *ledger);

#endif
