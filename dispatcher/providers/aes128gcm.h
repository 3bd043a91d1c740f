/* Encryption of a Web Push message for one subscription: RFC 8291 over RFC 8188, one record. Pure:
 * the same random bytes give the same message. */
#ifndef COLUMBA_PROVIDERS_AES128GCM_H
#define COLUMBA_PROVIDERS_AES128GCM_H

#include "common/base/buffer.h"

enum {
    AES128GCM_POINT_BYTES = 65,
    AES128GCM_AUTH_BYTES = 16,
    AES128GCM_RANDOM_BYTES = 48,    /* the salt, then the ephemeral private key */
    AES128GCM_PLAINTEXT_MAX = 3993, /* what is left of the 4096 bytes a push service must take */
};

/* What a client gave away for others to write to it. */
struct aes128gcm_subscription {
    unsigned char point[AES128GCM_POINT_BYTES]; /* p256dh: an uncompressed point of P-256 */
    unsigned char auth[AES128GCM_AUTH_BYTES];
};

/* Whether the bytes are a point on the curve. */
bool aes128gcm_is_point(const unsigned char point[AES128GCM_POINT_BYTES]);

/* Appends the message. random must be fit for keys and never be used again. False, with nothing
 * appended, for a point that is not on the curve and a plaintext that is too large. */
bool aes128gcm_encrypt(const struct aes128gcm_subscription *subscription,
                       const unsigned char random[AES128GCM_RANDOM_BYTES], struct slice plaintext,
                       struct buffer *out);

#endif
