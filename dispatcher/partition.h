/* The partitions of a lane that are assigned: the ledger of each, and whether it is being read,
 * waits for its head to fall due, or waits for its window. */
#ifndef COLUMBA_DISPATCHER_PARTITION_H
#define COLUMBA_DISPATCHER_PARTITION_H

#include "dispatcher/core.h"
#include "dispatcher/ledger.h"

enum partition_state {
    PARTITION_READING,
    PARTITION_HOLDING, /* paused: the one record held is not due yet */
    PARTITION_FULL,    /* paused: the ledger's window is full */
    PARTITION_GATED,   /* paused: nearly all that comes would have to wait for a gate */
    PARTITION_STATE_COUNT
};

enum { PARTITION_WATCHED = 256 };

struct partition {
    struct core *core;
    char *topic;
    int32_t number;
    int64_t delay_ms; /* of a retry topic; 0 for the push topic */
    struct ledger *ledger;
    int64_t committed;        /* what was last asked to be committed; -1 nothing yet */
    uint64_t committed_count; /* ledger_settled_count then */
    struct buffer note;       /* and the ledger's note */
    enum partition_state state;
    struct queue_record *held;
    struct timer *due;             /* retry topics only */
    bool gated[PARTITION_WATCHED]; /* whether the last records met a shut gate: a ring */
    size_t watched_count;
    size_t gated_count;
    int64_t entered_ms; /* monotonic: since when it is in its state */
    int64_t oldest_ms;  /* as of instruments_update: see there */
};

struct partitions *partitions_new(struct core *core);
void partitions_free(struct partitions *partitions);

/* Takes over a new assignment; there was none. */
void partitions_assign(struct partitions *partitions, const struct queue_position *positions,
                       size_t count);

/* Forgets all of them; held records go back to the log, so to speak. No delivery points to one. */
void partitions_clear(struct partitions *partitions);

size_t partitions_count(const struct partitions *partitions);
struct partition *partitions_at(const struct partitions *partitions, size_t index);

/* A record came from the queue: goes to intake at once, or is held until it is due. */
void partitions_receive(struct partitions *partitions, struct queue_record *record);

/* The outcome of a record of this partition is durable. */
void partition_settle(struct partition *partition, int64_t offset);

/* Whether a record of it met a shut gate; partition may be NULL. When nine of ten of the last
 * PARTITION_WATCHED did and nothing may get through the lane, moving more of them would only
 * shovel: it is not read until a gate opens, or wants a probe. */
void partition_note(struct partition *partition, bool is_gated);
void partitions_reopen(struct partitions *partitions);

const char *partition_state_name(enum partition_state state);

/* Commits every position that has moved, or has more settled behind it, since it was last committed
 * (force: all of them). Returns how many. */
size_t partitions_commit(struct partitions *partitions, bool force);

/* A commit failed: the positions count as not committed, the next commit repeats them, once without
 * their notes. */
void partitions_commit_failed(struct partitions *partitions);

/* End of the log minus what was last committed, as Kafka's own tools and KEDA count it; 0 while the
 * end is unknown. */
int64_t partition_lag(const struct partition *partition);

/* How long a record of a retry topic still has to wait: until its broker timestamp plus the delay,
 * but never longer than one delay by our own count, whatever the clocks say. Pure. */
int64_t partition_wait_ms(int64_t timestamp_ms, int64_t delay_ms, int64_t now_ms);

#endif
