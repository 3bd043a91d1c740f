/* OAuth 2 for Google's service accounts: what is in a key file, what is signed and asked for, what
 * a token endpoint answers (RFC 7523, RFC 6749). Pure: no I/O, no clock. */
#ifndef COLUMBA_PROVIDERS_GOOGLE_OAUTH_H
#define COLUMBA_PROVIDERS_GOOGLE_OAUTH_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/http.h"

#include <stdint.h>

enum { GOOGLE_OAUTH_REASON_SIZE = 48, GOOGLE_OAUTH_DETAIL_SIZE = 320 };

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

enum google_oauth_result {
    GOOGLE_OAUTH_TOKEN,
    GOOGLE_OAUTH_LATER,  /* the endpoint is busy: the same request will do later */
    GOOGLE_OAUTH_BROKEN, /* it will not: the key, the clock or the address is wrong */
};

/* What the token endpoint answered. */
struct google_oauth_answer {
    enum google_oauth_result result;
    struct buffer authorization; /* GOOGLE_OAUTH_TOKEN: "Bearer …"; a secret, the caller's */
    int64_t lifetime_ms;         /* GOOGLE_OAUTH_TOKEN */
    int64_t retry_after_ms;      /* GOOGLE_OAUTH_LATER: 0 when not said */
    char reason[GOOGLE_OAUTH_REASON_SIZE]; /* otherwise: one word for metrics */
    char detail[GOOGLE_OAUTH_DETAIL_SIZE]; /* otherwise: a sentence for the operator */
};

void google_oauth_answer_read(const struct http_response *response, int64_t now_ms,
                              struct google_oauth_answer *out);

#endif
