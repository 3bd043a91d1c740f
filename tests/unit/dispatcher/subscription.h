/* The browser's side of a Web Push subscription: the user agent of RFC 8291's appendix A. Reads
 * what was encrypted for it, by other ways through OpenSSL than those that encrypt. */
#ifndef COLUMBA_TESTS_SUBSCRIPTION_H
#define COLUMBA_TESTS_SUBSCRIPTION_H

#include "common/base/base64.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <string.h>

#define SUBSCRIPTION_PRIVATE "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
#define SUBSCRIPTION_P256DH                                                                        \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define SUBSCRIPTION_AUTH "BTBZMqHH6r4Tts7J_aSIgg"

enum {
    SUBSCRIPTION_SALT_BYTES = 16,
    SUBSCRIPTION_POINT_BYTES = 65,
    SUBSCRIPTION_TAG_BYTES = 16,
    SUBSCRIPTION_HEADER_BYTES = 21 + SUBSCRIPTION_POINT_BYTES,
    SUBSCRIPTION_MESSAGE_BYTES_MAX = 4096,
};

/* A key of P-256; scalar empty gives a public one. */
static inline EVP_PKEY *subscription_key(struct slice point, struct slice scalar) {
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    BIGNUM *number =
        BN_bin2bn((const unsigned char *)scalar.data, (int)scalar.size, BN_secure_new());
    EVP_PKEY *key = NULL;

    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.size);
    if (scalar.size > 0)
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number);
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_fromdata_init(context);
    EVP_PKEY_fromdata(context, &key, scalar.size > 0 ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                      parameters);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    BN_clear_free(number);
    return key;
}

static inline void subscription_hkdf(struct slice salt, struct slice key, struct slice info,
                                     unsigned char *out, size_t size) {
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt.data, salt.size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key.data, key.size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info.data, info.size),
        OSSL_PARAM_construct_end(),
    };

    EVP_KDF_derive(context, out, size, parameters);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
}

/* Opens the one record: *out gets the plaintext without delimiter and padding. */
static inline bool subscription_open_record(const unsigned char *key, const unsigned char *nonce,
                                            struct slice record, struct buffer *out) {
    unsigned char text[SUBSCRIPTION_MESSAGE_BYTES_MAX];
    const int size = (int)record.size - SUBSCRIPTION_TAG_BYTES;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int written = 0;
    int last = 0;

    bool is_open =
        size > 0 && EVP_DecryptInit_ex2(cipher, EVP_aes_128_gcm(), key, nonce, NULL) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, SUBSCRIPTION_TAG_BYTES,
                            (void *)(record.data + size)) == 1 &&
        EVP_DecryptUpdate(cipher, text, &written, (const unsigned char *)record.data, size) == 1 &&
        EVP_DecryptFinal_ex(cipher, text + written, &last) == 1;
    EVP_CIPHER_CTX_free(cipher);
    while (is_open && written > 0 && text[written - 1] == 0)
        written--;
    is_open = is_open && written > 0 && text[written - 1] == 2;
    if (is_open)
        buffer_append(out, (struct slice){(const char *)text, (size_t)written - 1});
    return is_open;
}

/* Appends what the message says to this subscription. False when it was not made for it. */
static inline bool subscription_open(struct slice message, struct buffer *out) {
    static const char key_info[] = "Content-Encoding: aes128gcm";
    static const char nonce_info[] = "Content-Encoding: nonce";
    struct buffer point = {0};
    struct buffer scalar = {0};
    struct buffer auth = {0};
    struct buffer info = {0};
    unsigned char shared[32];
    unsigned char ikm[32];
    unsigned char key[16];
    unsigned char nonce[12];
    size_t shared_size = sizeof shared;

    if (message.size <= SUBSCRIPTION_HEADER_BYTES ||
        message.size > SUBSCRIPTION_MESSAGE_BYTES_MAX ||
        memcmp(message.data + SUBSCRIPTION_SALT_BYTES, "\0\0\x10\0\x41", 5) != 0)
        return false;
    const struct slice salt = {message.data, SUBSCRIPTION_SALT_BYTES};
    const struct slice theirs = {message.data + 21, SUBSCRIPTION_POINT_BYTES};
    const struct slice record = {message.data + SUBSCRIPTION_HEADER_BYTES,
                                 message.size - SUBSCRIPTION_HEADER_BYTES};

    base64_decode(slice_of(SUBSCRIPTION_P256DH), &point);
    base64_decode(slice_of(SUBSCRIPTION_PRIVATE), &scalar);
    base64_decode(slice_of(SUBSCRIPTION_AUTH), &auth);
    EVP_PKEY *own = subscription_key(buffer_slice(&point), buffer_slice(&scalar));
    EVP_PKEY *peer = subscription_key(theirs, (struct slice){0});
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    bool is_open = peer != NULL && EVP_PKEY_derive_init(context) == 1 &&
                   EVP_PKEY_derive_set_peer(context, peer) == 1 &&
                   EVP_PKEY_derive(context, shared, &shared_size) == 1;

    buffer_append(&info, (struct slice){"WebPush: info", 14});
    buffer_append(&info, buffer_slice(&point));
    buffer_append(&info, theirs);
    subscription_hkdf(buffer_slice(&auth), (struct slice){(const char *)shared, sizeof shared},
                      buffer_slice(&info), ikm, sizeof ikm);
    const struct slice ikm_bytes = {(const char *)ikm, sizeof ikm};
    subscription_hkdf(salt, ikm_bytes, (struct slice){key_info, sizeof key_info}, key, sizeof key);
    subscription_hkdf(salt, ikm_bytes, (struct slice){nonce_info, sizeof nonce_info}, nonce,
                      sizeof nonce);
    is_open = is_open && subscription_open_record(key, nonce, record, out);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    buffer_free(&point);
    buffer_free(&scalar);
    buffer_free(&auth);
    buffer_free(&info);
    return is_open;
}

#endif
