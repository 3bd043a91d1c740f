/* base64 and base64url (RFC 4648 sections 4 and 5). */
#ifndef COLUMBA_BASE_BASE64_H
#define COLUMBA_BASE_BASE64_H

#include "common/base/buffer.h"

/* Appends base64url without padding. */
void base64url_encode(struct slice bytes, struct buffer *out);

/* Appends what either alphabet decodes to, with or without padding. False on any other byte, on a
 * length no encoder makes and on bits that are not zero where they must be; out is then unchanged.
 */
bool base64_decode(struct slice text, struct buffer *out);

#endif
