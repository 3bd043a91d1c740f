/* What went wrong, and how the pushes that met it ended: the table that shows what the seeds have
 * covered. */
#ifndef COLUMBA_SIM_TALLY_H
#define COLUMBA_SIM_TALLY_H

#include "common/push/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault {
    /* of processes */
    FAULT_CRASH,
    FAULT_LEAVE,
    FAULT_ZOMBIE,
    FAULT_CLOCK_JUMP,
    FAULT_ROLLOUT,
    FAULT_RELOAD,
    /* of the queue */
    FAULT_QUEUE_REFUSES,
    FAULT_QUEUE_SLOW,
    FAULT_ACK_LOST,
    FAULT_LATE_COMMIT,
    /* of Redis */
    FAULT_REDIS_AWAY,
    FAULT_REDIS_SLOW,
    FAULT_REDIS_FLUSHED,
    /* of the load */
    FAULT_UNREADABLE,
    FAULT_REPEATED,
    FAULT_HOT_PUSHKEY,
    FAULT_STRANGER,
    FAULT_RENEWED,
    FAULT_STORM,
    /* of providers, and of the way to them */
    FAULT_DEAD,
    FAULT_AMBIGUOUS,
    FAULT_CONFIGURATION,
    FAULT_STALE_CREDENTIAL,
    FAULT_TOKEN_ENDPOINT,
    FAULT_RATE_LIMIT,
    FAULT_RATE_LIMIT_AFTER,
    FAULT_SERVER_ERROR,
    FAULT_UNAVAILABLE_AFTER,
    FAULT_HTML,
    FAULT_SLOW,
    FAULT_HANG,
    FAULT_ANSWER_LOST,
    FAULT_RESET,
    FAULT_REFUSED,
    FAULT_GOAWAY,
    FAULT_COUNT
};

/* How a push went, beside its outcomes. */
enum { TALLY_TWICE = OUTCOME_COUNT, TALLY_COLUMNS };

struct tally {
    size_t happened[FAULT_COUNT];
    size_t met[FAULT_COUNT];
    size_t cells[FAULT_COUNT][TALLY_COLUMNS];
};

const char *tally_fault_name(enum fault fault);

/* One push: the faults it met and what became of it, a bit each. */
void tally_push(struct tally *tally, uint64_t faults, unsigned outcomes);
void tally_add(struct tally *sum, const struct tally *tally);

/* Prints the table. Returns how many cells are empty that ought not to be. */
size_t tally_print(const struct tally *tally);

#endif
