/* A hold: what the fleet remembers of a pushkey that has copies in the retry topics. All times are
 * by the brokers' clock. Pure. */
#ifndef COLUMBA_PUSH_HOLD_H
#define COLUMBA_PUSH_HOLD_H

#include "common/base/slice.h"

#include <stdint.h>

struct hold {
    int64_t until_ms; /* nothing is sent to it before; 0 or past: nothing stands in the way */
    /* When the newest push with counts that has reached it was accepted; 0 none. */
    int64_t newest_ms;
};

/* Out of the line of JSON that stands in Redis, {"until":…,"newest":…}; false, and out untouched,
 * on anything else. It is written there, where it is merged with the one before. */
bool hold_read(struct slice text, struct hold *out);

#endif
