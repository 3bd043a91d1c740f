/* The ledger of one partition: which of the records taken are settled, and up to where the
 * partition may therefore be committed. Pure. Offsets may have gaps (a log has them), but grow. */
#ifndef COLUMBA_DISPATCHER_LEDGER_H
#define COLUMBA_DISPATCHER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many records of a partition may be unsettled, or settled behind an unsettled one. */
enum { LEDGER_WINDOW = 10000 };

struct ledger;

/* start: the offset that reading begins at. */
struct ledger *ledger_new(int64_t start);
void ledger_free(struct ledger *ledger);

/* A record was taken. Its offset is greater than all before; the window is not full. */
void ledger_take(struct ledger *ledger, int64_t offset, int64_t now_ms);

/* Its outcome is durable. Each offset taken is settled once. */
void ledger_settle(struct ledger *ledger, int64_t offset);

/* What may be committed: everything before it is settled. */
int64_t ledger_position(const struct ledger *ledger);

bool ledger_is_full(const struct ledger *ledger);

/* How many records were taken and are not settled. */
size_t ledger_unsettled(const struct ledger *ledger);

/* When the oldest unsettled record was taken; -1 when there is none. */
int64_t ledger_oldest_ms(const struct ledger *ledger);

#endif
