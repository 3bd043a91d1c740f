/* OAuth 2 for Google's service accounts: what is in a key file, what is signed and asked for
 * (RFC 7523). Pure: no I/O, no clock. */
#ifndef COLUMBA_PROVIDERS_GOOGLE_OAUTH_H
#define COLUMBA_PROVIDERS_GOOGLE_OAUTH_H

#include "common/base/buffer.h"
#include "common/base/error.h"

#include <stdint.h>

/* A service account's key. */
struct google_oauth_key;

/* Reads the JSON of a key file. NULL with an error of one line that names what is wrong with it,
 * and never any of it that is secret. The text stays the caller's, to wipe. */
struct google_oauth_key *google_oauth_key_parse(struct slice json, struct error *error);
void google_oauth_key_free(struct google_oauth_key *key);

/* Valid as long as the key; project_id is NULL when the file names none. */
const char *google_oauth_key_token_uri(const struct google_oauth_key *key);
const char *google_oauth_key_project_id(const struct google_oauth_key *key);

/* Appends the form to be posted to token_uri: a signed assertion, good for an hour from now. It is
 * a secret: wipe it after use. */
bool google_oauth_form(const struct google_oauth_key *key, int64_t now_ms, struct buffer *out,
                       struct error *error);

#endif
