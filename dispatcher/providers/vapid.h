/* VAPID: a signed proof of who sends to an endpoint of Web Push (RFC 8292). Pure. */
#ifndef COLUMBA_PROVIDERS_VAPID_H
#define COLUMBA_PROVIDERS_VAPID_H

#include "dispatcher/providers/jwt.h"

#include <stdint.h>

/* Half of the day that push services allow. */
enum { VAPID_LIFETIME_MS = 12 * 3600 * 1000 };

/* Appends the value of the authorization header, good for the origin alone. contact is an address
 * of e-mail, or a mailto: or https: URI. */
bool vapid_write(const struct jwt_key *key, struct slice origin, const char *contact,
                 int64_t now_ms, struct buffer *out, struct error *error);

#endif
