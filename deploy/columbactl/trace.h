/* Where the records of a push are, and what that means: the answer to "why did my phone not ring?".
 * Pure. */
#ifndef COLUMBA_CTL_TRACE_H
#define COLUMBA_CTL_TRACE_H

#include "common/push/gate_entry.h"
#include "common/state/inspect.h"
#include "deploy/columbactl/letter.h"
#include "deploy/columbactl/place.h"

enum trace_where {
    TRACE_WAITS,   /* the lane's group has not passed it */
    TRACE_SETTLED, /* it has */
    TRACE_DEAD,    /* on the dead-letter topic */
};

/* One record of the push. */
struct trace_record {
    char place[PLACE_TEXT_SIZE];
    struct place_use use;
    int64_t written_ms;
    struct letter letter;
    int64_t seen; /* the mark it would have */
    bool has_seen;
    enum trace_where where;
};

/* The records of one pushkey, oldest first, and what is known of it. */
struct trace_story {
    const struct trace_record *records;
    size_t count;
    bool knows_state; /* Redis answered: the rest means something */
    bool is_seen;
    struct inspect_pushkey known;
    const struct gate_entry *gate; /* that holds its app; NULL for none */
};

/* Whether the record is of that event, or has that columba-id. */
bool trace_matches(const struct queue_record *record, struct slice wanted);

/* The record as part of a story; false when its body is none of ours. where is left to the caller.
 */
void trace_read(const struct queue_record *record, const struct place_use *use,
                struct trace_record *out);

enum trace_end {
    TRACE_DELIVERED,
    TRACE_IN_QUEUE, /* not read yet */
    TRACE_IN_RETRY, /* waits to be tried again */
    TRACE_IS_DEAD,  /* a dead letter */
    TRACE_REJECTED, /* the pushkey is dead */
    TRACE_DROPPED,  /* settled without a trace: nobody needed it */
    TRACE_END_COUNT
};

enum trace_end trace_conclude(const struct trace_story *story);

/* "delivered", "in_queue", … */
const char *trace_end_name(enum trace_end end);

/* The end in a sentence, with what to do. */
void trace_explain(const struct trace_story *story, int64_t now_ms, struct buffer *out);

#endif
