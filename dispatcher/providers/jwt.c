#include "dispatcher/providers/jwt.h"

#include "common/base/base64.h"
#include "common/base/memory.h"
#include "dispatcher/providers/pem.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
    SCALAR_BYTES = 32,
    POINT_BYTES = 1 + 2 * SCALAR_BYTES,
    SIGNATURE_BYTES = 2 * SCALAR_BYTES,
    DER_SIGNATURE_BYTES_MAX = 72,
};

struct jwt_key {
    EVP_PKEY *pair;
    unsigned char point[POINT_BYTES];
};

static struct slice trimmed(struct slice text) {
    static const char spaces[] = " \t\r\n";

    while (text.size > 0 && memchr(spaces, text.data[0], sizeof spaces - 1) != NULL) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && memchr(spaces, text.data[text.size - 1], sizeof spaces - 1) != NULL)
        text.size--;
    return text;
}

/* The scalar as an ECPrivateKey of P-256 (RFC 5915), which leaves the public point to OpenSSL. */
static EVP_PKEY *pair_of_scalar(struct slice scalar) {
    static const unsigned char before[] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, SCALAR_BYTES};
    static const unsigned char after[] = {0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86,
                                          0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
    unsigned char der[sizeof before + SCALAR_BYTES + sizeof after];
    const unsigned char *position = der;

    memcpy(der, before, sizeof before);
    memcpy(der + sizeof before, scalar.data, SCALAR_BYTES);
    memcpy(der + sizeof before + SCALAR_BYTES, after, sizeof after);
    EVP_PKEY *pair = d2i_PrivateKey(EVP_PKEY_EC, NULL, &position, sizeof der);
    memory_wipe(der, sizeof der);
    return pair;
}

static EVP_PKEY *read_scalar(struct slice text) {
    struct buffer scalar = {0};
    EVP_PKEY *pair = NULL;

    if (base64_decode(trimmed(text), &scalar) && scalar.size == SCALAR_BYTES)
        pair = pair_of_scalar(buffer_slice(&scalar));
    if (scalar.data != NULL)
        memory_wipe(scalar.data, scalar.capacity);
    buffer_free(&scalar);
    return pair;
}

/* Whether the scalar is in range and the public point is its own. */
static bool is_sound(EVP_PKEY *pair) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
    const bool sound = context != NULL && EVP_PKEY_check(context) == 1;

    EVP_PKEY_CTX_free(context);
    return sound;
}

static bool is_p256(EVP_PKEY *pair) {
    char curve[32];

    return EVP_PKEY_is_a(pair, "EC") &&
           EVP_PKEY_get_group_name(pair, curve, sizeof curve, NULL) == 1 &&
           strcmp(curve, SN_X9_62_prime256v1) == 0;
}

/* By its coordinates: the point itself comes compressed out of a file that has it so. */
static bool write_point(EVP_PKEY *pair, unsigned char out[POINT_BYTES]) {
    BIGNUM *x = NULL;
    BIGNUM *y = NULL;

    out[0] = POINT_CONVERSION_UNCOMPRESSED;
    const bool done = EVP_PKEY_get_bn_param(pair, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
                      EVP_PKEY_get_bn_param(pair, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
                      BN_bn2binpad(x, out + 1, SCALAR_BYTES) == SCALAR_BYTES &&
                      BN_bn2binpad(y, out + 1 + SCALAR_BYTES, SCALAR_BYTES) == SCALAR_BYTES;
    BN_free(x);
    BN_free(y);
    return done;
}

struct jwt_key *jwt_key_read_es256(struct slice text, struct error *error) {
    static const char pem_mark[] = "-----BEGIN ";
    const bool is_pem =
        text.size > 0 && memmem(text.data, text.size, pem_mark, sizeof pem_mark - 1) != NULL;
    struct jwt_key *key = memory_new(sizeof *key);

    key->pair = is_pem ? pem_read_private_key(text) : read_scalar(text);
    if (key->pair == NULL)
        error_set(error, ERROR_CONFIG,
                  is_pem ? "it has no private key in PEM, or one with a pass phrase"
                         : "it is neither a private key in PEM nor 32 bytes in base64url");
    else if (!is_p256(key->pair))
        error_set(error, ERROR_CONFIG, "its key is not an EC key on the curve P-256");
    else if (!is_sound(key->pair) || !write_point(key->pair, key->point))
        error_set(error, ERROR_CONFIG, "its key is damaged: private and public part disagree");
    else
        return key;
    ERR_clear_error();
    jwt_key_free(key);
    return NULL;
}

void jwt_key_free(struct jwt_key *key) {
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pair);
    free(key);
}

/* OpenSSL signs in DER; a token has the two numbers one after the other. */
static bool unpack_signature(const unsigned char *der, size_t size,
                             unsigned char out[SIGNATURE_BYTES]) {
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)size);
    const bool done =
        signature != NULL &&
        BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, SCALAR_BYTES) == SCALAR_BYTES &&
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + SCALAR_BYTES, SCALAR_BYTES) == SCALAR_BYTES;

    ECDSA_SIG_free(signature);
    return done;
}

static bool sign(const struct jwt_key *key, struct slice text, unsigned char out[SIGNATURE_BYTES]) {
    unsigned char der[DER_SIGNATURE_BYTES_MAX];
    size_t size = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool done =
        context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->pair) == 1 &&
        EVP_DigestSign(context, der, &size, (const unsigned char *)text.data, text.size) == 1 &&
        unpack_signature(der, size, out);

    EVP_MD_CTX_free(context);
    return done;
}

bool jwt_sign_es256(const struct jwt_key *key, struct slice header, struct slice claims,
                    struct buffer *out, struct error *error) {
    const size_t start = out->size;
    unsigned char signature[SIGNATURE_BYTES];

    base64url_encode(header, out);
    buffer_append_byte(out, '.');
    base64url_encode(claims, out);
    if (!sign(key, (struct slice){.data = out->data + start, .size = out->size - start},
              signature)) {
        ERR_clear_error();
        out->size = start;
        return error_set(error, ERROR_SYSTEM, "the token could not be signed");
    }
    buffer_append_byte(out, '.');
    base64url_encode((struct slice){.data = (const char *)signature, .size = sizeof signature},
                     out);
    memory_wipe(signature, sizeof signature);
    return true;
}

void jwt_key_write_public(const struct jwt_key *key, struct buffer *out) {
    buffer_append(out, (struct slice){.data = (const char *)key->point, .size = POINT_BYTES});
}
