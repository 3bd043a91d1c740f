/* Lets one in a second pass, and counts the others: for log lines that a caller could multiply.
 * Pure. */
#ifndef COLUMBA_INGRESS_THROTTLE_H
#define COLUMBA_INGRESS_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

enum { THROTTLE_MS = 1000 };

/* Zero-initialised lets the first one pass. */
struct throttle {
    int64_t closed_until_ms;
    int64_t suppressed;
};

/* suppressed gets how many were held back since the last one that passed. */
static inline bool throttle_passes(struct throttle *throttle, int64_t now_ms, int64_t *suppressed) {
    if (now_ms < throttle->closed_until_ms) {
        throttle->suppressed++;
        return false;
    }
    *suppressed = throttle->suppressed;
    *throttle = (struct throttle){.closed_until_ms = now_ms + THROTTLE_MS};
    return true;
}

#endif
