/* A hold: what the fleet remembers of a pushkey that has copies in the retry topics. All times are
 * by the brokers' clock. Pure. */
#ifndef COLUMBA_PUSH_HOLD_H
#define COLUMBA_PUSH_HOLD_H

#include "common/base/buffer.h"

#include <stdint.h>

struct hold {
    int64_t until_ms; /* nothing is sent to it before; 0 or past: nothing stands in the way */
    int64_t
        newest_ms; /* when the newest push with counts that has reached it was accepted; 0 none */
};

/* As one line of JSON, to be read in redis-cli; reading gives false on anything else. */
void hold_write(const struct hold *hold, struct buffer *out);
bool hold_read(struct slice text, struct hold *out);

#endif
