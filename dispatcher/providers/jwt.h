/* Signed tokens of the compact form (RFC 7515, 7519) for those who must prove who they are. Pure.
 */
#ifndef COLUMBA_PROVIDERS_JWT_H
#define COLUMBA_PROVIDERS_JWT_H

#include "common/base/buffer.h"
#include "common/base/error.h"

struct jwt_key;

/* An EC P-256 private key from PEM (PKCS#8 or SEC 1), or from the 32 bytes of its scalar in
 * base64url, the usual form of VAPID keys. NULL with a sentence that never holds the key. */
struct jwt_key *jwt_key_read_es256(struct slice text, struct error *error);

/* Wipes it. */
void jwt_key_free(struct jwt_key *key);

/* Appends header.claims.signature, ES256: the signature is r and s of 32 bytes each (RFC
 * 7518, 3.4). header and claims are JSON. */
bool jwt_sign_es256(const struct jwt_key *key, struct slice header, struct slice claims,
                    struct buffer *out, struct error *error);

/* Appends the public point, uncompressed: 65 bytes. */
void jwt_key_write_public(const struct jwt_key *key, struct buffer *out);

#endif
