/* What shuts a gate, in one of a few words: for metrics and alerts. The reason that goes with it, a
 * provider's own word, says it more closely and may be anything. */
#ifndef COLUMBA_PUSH_GATE_CAUSE_H
#define COLUMBA_PUSH_GATE_CAUSE_H

#include "common/base/slice.h"

#include <stdbool.h>

enum gate_cause {
    GATE_CAUSE_NONE,    /* "": it is open */
    GATE_CAUSE_WAIT,    /* "wait": the provider said to come back later: 429, 503, Retry-After */
    GATE_CAUSE_FAILING, /* "failing": it answers with trouble of its own */
    GATE_CAUSE_UNREACHABLE, /* "unreachable": no connection, or no answer in time */
    GATE_CAUSE_TOKEN,       /* "token": who gives out access tokens is away or busy */
    GATE_CAUSE_REFUSED,     /* "refused": the provider does not accept who we are or what we ask */
    GATE_CAUSE_CREDENTIAL,  /* "credential": ours cannot be read, or no token is given for it */
    GATE_CAUSE_OPERATOR,    /* "operator": closed by hand */
    GATE_CAUSE_COUNT
};

const char *gate_cause_name(enum gate_cause cause);

/* False, and GATE_CAUSE_NONE, when it is no such word. */
bool gate_cause_read(struct slice word, enum gate_cause *out);

#endif
