/* OAuth 2 for Huawei's apps: the form that asks for a token (RFC 6749, 4.4). Pure. */
#ifndef COLUMBA_PROVIDERS_HMS_OAUTH_H
#define COLUMBA_PROVIDERS_HMS_OAUTH_H

#include "common/base/buffer.h"

/* Where it is posted to unless configured. */
extern const char hms_oauth_token_url[];

/* Appends the form. It holds the secret: wipe it after use. */
void hms_oauth_form(const char *client_id, const char *client_secret, struct buffer *out);

#endif
