#include "dispatcher/providers/aes128gcm.h"

#include "common/base/hash.h"
#include "common/base/memory.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/obj_mac.h>
#include <string.h>

enum {
    SALT_BYTES = 16,
    SCALAR_BYTES = 32,
    KEY_BYTES = 16,
    NONCE_BYTES = 12,
    TAG_BYTES = 16,
    RECORD_BYTES = 4096,
    LAST_RECORD = 2, /* the delimiter between the plaintext and its padding */
};

/* What the two sides share, and what only one message uses. */
struct secrets {
    unsigned char shared[SCALAR_BYTES];
    unsigned char ikm[HASH_SHA256_BYTES];
    unsigned char key[HASH_SHA256_BYTES];
    unsigned char nonce[HASH_SHA256_BYTES];
};

static struct slice bytes_of(const void *bytes, size_t size) {
    return (struct slice){.data = bytes, .size = size};
}

/* The name with the NUL that ends it, as RFC 8188 and RFC 8291 count it. */
static struct slice label(const char *name) {
    return bytes_of(name, strlen(name) + 1);
}

bool aes128gcm_is_point(const unsigned char point[AES128GCM_POINT_BYTES]) {
    EC_GROUP *curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *decoded = EC_POINT_new(curve);
    const bool is_point =
        point[0] == POINT_CONVERSION_UNCOMPRESSED &&
        EC_POINT_oct2point(curve, decoded, point, AES128GCM_POINT_BYTES, NULL) == 1;

    EC_POINT_free(decoded);
    EC_GROUP_free(curve);
    /* What OpenSSL queued would be taken by the next TLS connection for its own. */
    ERR_clear_error();
    return is_point;
}

/* A scalar from 1 to the order less one, each as likely as any other: one candidate in 2^32 is
 * hashed into the next. */
static BIGNUM *read_scalar(const EC_GROUP *curve, const unsigned char random[SCALAR_BYTES]) {
    unsigned char candidate[HASH_SHA256_BYTES];
    BIGNUM *scalar = BN_secure_new();

    memcpy(candidate, random, sizeof candidate);
    while (BN_bin2bn(candidate, sizeof candidate, scalar) != NULL &&
           (BN_is_zero(scalar) || BN_cmp(scalar, EC_GROUP_get0_order(curve)) >= 0)) {
        const struct slice rejected = bytes_of(candidate, sizeof candidate);
        hash_sha256(&rejected, 1, candidate);
    }
    BN_set_flags(scalar, BN_FLG_CONSTTIME);
    memory_wipe(candidate, sizeof candidate);
    return scalar;
}

/* ECDH (SEC 1, 3.3.1) with a key made from random, whose public point goes to
 * own. */
static bool agree(const unsigned char theirs[AES128GCM_POINT_BYTES],
                  const unsigned char random[SCALAR_BYTES],
                  unsigned char own[AES128GCM_POINT_BYTES], unsigned char shared[SCALAR_BYTES]) {
    EC_GROUP *curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = EC_POINT_new(curve);
    BIGNUM *scalar = read_scalar(curve, random);
    BIGNUM *x = BN_secure_new();

    const bool is_agreed =
        theirs[0] == POINT_CONVERSION_UNCOMPRESSED &&
        EC_POINT_mul(curve, point, scalar, NULL, NULL, NULL) == 1 &&
        EC_POINT_point2oct(curve, point, POINT_CONVERSION_UNCOMPRESSED, own, AES128GCM_POINT_BYTES,
                           NULL) == AES128GCM_POINT_BYTES &&
        EC_POINT_oct2point(curve, point, theirs, AES128GCM_POINT_BYTES, NULL) == 1 &&
        EC_POINT_mul(curve, point, NULL, point, scalar, NULL) == 1 &&
        EC_POINT_get_affine_coordinates(curve, point, x, NULL, NULL) == 1 &&
        BN_bn2binpad(x, shared, SCALAR_BYTES) == SCALAR_BYTES;
    BN_clear_free(x);
    BN_clear_free(scalar);
    EC_POINT_clear_free(point);
    EC_GROUP_free(curve);
    ERR_clear_error();
    return is_agreed;
}

static void hmac(struct slice key, struct slice text, unsigned char out[HASH_SHA256_BYTES]) {
    HMAC(EVP_sha256(), key.data, (int)key.size, (const unsigned char *)text.data, text.size, out,
         NULL);
}

/* HKDF (RFC 5869) of at most one hash: info is the parts one after another. */
static void derive(struct slice salt, struct slice ikm, const struct slice *info, size_t count,
                   unsigned char out[HASH_SHA256_BYTES]) {
    unsigned char prk[HASH_SHA256_BYTES];
    struct buffer text = {0};

    hmac(salt, ikm, prk);
    for (size_t i = 0; i < count; i++)
        buffer_append(&text, info[i]);
    buffer_append_byte(&text, 1);
    hmac(bytes_of(prk, sizeof prk), buffer_slice(&text), out);
    memory_wipe(prk, sizeof prk);
    buffer_free(&text);
}

static void derive_keys(const struct aes128gcm_subscription *subscription,
                        const unsigned char own[AES128GCM_POINT_BYTES], struct slice salt,
                        struct secrets *secrets) {
    const struct slice key_info = label("Content-Encoding: aes128gcm");
    const struct slice nonce_info = label("Content-Encoding: nonce");
    const struct slice ikm = bytes_of(secrets->ikm, sizeof secrets->ikm);
    const struct slice ikm_info[] = {
        label("WebPush: info"),
        bytes_of(subscription->point, sizeof subscription->point),
        bytes_of(own, AES128GCM_POINT_BYTES),
    };

    derive(bytes_of(subscription->auth, sizeof subscription->auth),
           bytes_of(secrets->shared, sizeof secrets->shared), ikm_info, 3, secrets->ikm);
    derive(salt, ikm, &key_info, 1, secrets->key);
    derive(salt, ikm, &nonce_info, 1, secrets->nonce);
}

static void append_header(struct slice salt, const unsigned char own[AES128GCM_POINT_BYTES],
                          struct buffer *out) {
    const unsigned char sizes[] = {0, 0, RECORD_BYTES >> 8, RECORD_BYTES & 0xFF,
                                   AES128GCM_POINT_BYTES};

    buffer_append(out, salt);
    buffer_append(out, bytes_of(sizes, sizeof sizes));
    buffer_append(out, bytes_of(own, AES128GCM_POINT_BYTES));
}

static bool append_record(const struct secrets *secrets, struct slice plaintext,
                          struct buffer *out) {
    const unsigned char delimiter = LAST_RECORD;
    unsigned char record[AES128GCM_PLAINTEXT_MAX + 1 + TAG_BYTES];
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int text_bytes = 0;
    int delimiter_bytes = 0;
    int last_bytes = 0;

    bool is_done =
        EVP_EncryptInit_ex2(cipher, EVP_aes_128_gcm(), secrets->key, secrets->nonce, NULL) == 1 &&
        EVP_EncryptUpdate(cipher, record, &text_bytes, (const unsigned char *)plaintext.data,
                          (int)plaintext.size) == 1 &&
        EVP_EncryptUpdate(cipher, record + text_bytes, &delimiter_bytes, &delimiter, 1) == 1 &&
        EVP_EncryptFinal_ex(cipher, record + text_bytes + delimiter_bytes, &last_bytes) == 1;
    unsigned char *tag = record + text_bytes + delimiter_bytes;
    is_done = is_done && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag) == 1;
    if (is_done)
        buffer_append(out, bytes_of(record, (size_t)(tag - record) + TAG_BYTES));
    EVP_CIPHER_CTX_free(cipher);
    ERR_clear_error();
    return is_done;
}

bool aes128gcm_encrypt(const struct aes128gcm_subscription *subscription,
                       const unsigned char random[AES128GCM_RANDOM_BYTES], struct slice plaintext,
                       struct buffer *out) {
    const struct slice salt = bytes_of(random, SALT_BYTES);
    const size_t before_bytes = out->size;
    unsigned char own[AES128GCM_POINT_BYTES];
    struct secrets secrets;
    bool is_done = plaintext.size <= AES128GCM_PLAINTEXT_MAX &&
                   agree(subscription->point, random + SALT_BYTES, own, secrets.shared);

    if (is_done) {
        derive_keys(subscription, own, salt, &secrets);
        append_header(salt, own, out);
        is_done = append_record(&secrets, plaintext, out);
    }
    if (!is_done)
        out->size = before_bytes;
    memory_wipe(&secrets, sizeof secrets);
    return is_done;
}
