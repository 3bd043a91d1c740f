/* The provider token of APNs, a signed proof of who sends. Pure.
 * Source: Apple, "Establishing a token-based connection to APNs". */
#ifndef COLUMBA_PROVIDERS_APNS_TOKEN_H
#define COLUMBA_PROVIDERS_APNS_TOKEN_H

#include "dispatcher/providers/jwt.h"

#include <stdint.h>

/* Appends the value of the authorization header. */
bool apns_token_write(const struct jwt_key *key, const char *key_id, const char *team_id,
                      int64_t now_ms, struct buffer *out, struct error *error);

#endif
