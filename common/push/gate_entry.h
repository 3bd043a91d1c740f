/* What a provider, or an operator, has said of an app as a whole, for the whole fleet to heed: one
 * field of the hash columba:g:<lane>. Times are by the brokers' clock. Pure. */
#ifndef COLUMBA_PUSH_GATE_ENTRY_H
#define COLUMBA_PUSH_GATE_ENTRY_H

#include "common/base/buffer.h"
#include "common/push/gate_cause.h"

#include <stdint.h>

enum {
    GATE_NAME_SIZE = 320,       /* of a field, and a NUL */
    GATE_FINGERPRINT_SIZE = 17, /* 16 hexadecimal digits and a NUL */
    GATE_REASON_SIZE = 64,
    GATE_BY_SIZE = 96,
};

enum gate_entry_state { GATE_ENTRY_CLOSED, GATE_ENTRY_LATCHED, GATE_ENTRY_STATE_COUNT };

struct gate_entry {
    char name[GATE_NAME_SIZE]; /* the field */
    enum gate_entry_state state;
    int64_t until_ms; /* void from then on, or as long after it is first seen as this is after at;
                         0: no end, which only operators set */
    char reason[GATE_REASON_SIZE]; /* the provider's word, or the operator's */
    char by[GATE_BY_SIZE];         /* the dispatcher that was told */
    int64_t at_ms;
    enum gate_cause cause; /* GATE_CAUSE_NONE on an operator's */
};

/* The field: `<app pattern>|<fingerprint of the credential>`, so that pods with an old and a new
 * credential do not close each other's gates. A pattern that is too long is cut. */
void gate_entry_name(const char *pattern, const char *fingerprint, char out[GATE_NAME_SIZE]);

/* In place of a fingerprint: what an operator closes is closed whatever the credential. */
#define GATE_OPERATOR "operator"

bool gate_entry_is_operators(const struct gate_entry *entry);

/* Whether it is to be heeded still. */
bool gate_entry_holds(const struct gate_entry *entry, int64_t now_ms);

/* "closed", "latched". */
const char *gate_entry_state_name(enum gate_entry_state state);

/* The value as one line of JSON. Reading sets all but the name; false on anything else. */
void gate_entry_write(const struct gate_entry *entry, struct buffer *out);
bool gate_entry_read(struct slice text, struct gate_entry *out);

#endif
