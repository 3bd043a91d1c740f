/* The ends a record can have. Every record has exactly one. */
#ifndef COLUMBA_PUSH_OUTCOME_H
#define COLUMBA_PUSH_OUTCOME_H

enum outcome {
    OUTCOME_DELIVERED, /* the provider took it */
    OUTCOME_REJECTED,  /* the pushkey is dead, and its verdict is kept */
    OUTCOME_DROPPED,   /* nobody needs it: a duplicate, past its own expiry, nothing to show */
    OUTCOME_MOVED,     /* lives on in a retry topic */
    OUTCOME_DEAD,      /* lives on in the dead-letter topic */
    OUTCOME_COUNT
};

/* "delivered", "rejected", "dropped", "moved", "dead". */
const char *outcome_name(enum outcome outcome);

#endif
