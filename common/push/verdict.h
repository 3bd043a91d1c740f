/* The rules of a verdict: that a pushkey is dead, since when, and until what. Pure.
 * "Homeservers must cease sending" to it; a client that registers anew makes it void. */
#ifndef COLUMBA_PUSH_VERDICT_H
#define COLUMBA_PUSH_VERDICT_H

#include "common/base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

struct verdict {
    char reason[48];       /* the provider's own word, e.g. UNREGISTERED */
    int64_t code;          /* its HTTP status, 0 when it was never sent */
    int64_t pushkey_ts_ms; /* of the push that earned it; 0 when the homeserver sends none */
    int64_t at_ms;         /* when, by the wall clock */
};

/* pushkey_ts as sent is seconds (Synapse, Dendrite) or milliseconds (Construct, above 1e11), and
 * untrusted: milliseconds, or 0 for absent, negative, or more than a day in the future. */
int64_t verdict_pushkey_ts_ms(int64_t as_sent, int64_t now_ms);

/* Whether a push with this pushkey_ts_ms (0: none) is still covered: a later registration voids it.
 */
bool verdict_holds(const struct verdict *verdict, int64_t pushkey_ts_ms);

/* How long to keep it: 90 days, renewed when hit. One day, not renewed, where one push has to probe
 * again: without pushkey_ts no registration voids it, and what was never sent was refused by our
 * own configuration, which may be another tomorrow. */
int64_t verdict_lifetime_ms(const struct verdict *verdict);
bool verdict_is_renewed(const struct verdict *verdict);

/* As one line of JSON, to be read in redis-cli; reading gives false on anything else. */
void verdict_write(const struct verdict *verdict, struct buffer *out);
bool verdict_read(struct slice text, struct verdict *out);

#endif
