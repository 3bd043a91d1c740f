/* The other side of a token: takes it apart, and checks its signature against a public point. */
#ifndef COLUMBA_TESTS_ES256_H
#define COLUMBA_TESTS_ES256_H

#include "common/base/base64.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Appends what a part of the token (0 the header, 1 the claims, 2 the signature) says. */
static inline bool es256_part(struct slice token, int part, struct buffer *out) {
    const char *end = token.data + token.size;
    const char *start = token.data;

    for (int i = 0; i < part; i++) {
        const char *point = memchr(start, '.', (size_t)(end - start));
        if (point == NULL)
            return false;
        start = point + 1;
    }
    const char *point = memchr(start, '.', (size_t)(end - start));
    const size_t size = (size_t)((point == NULL ? end : point) - start);
    return base64_decode((struct slice){.data = start, .size = size}, out);
}

static inline void es256_expect_part(struct slice token, int part, const char *json) {
    struct buffer text = {0};

    assert_true(es256_part(token, part, &text));
    assert_string_equal(buffer_text(&text), json);
    buffer_free(&text);
}

static inline EVP_PKEY *es256_public_key(struct slice point) {
    char curve[] = "P-256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (char *)point.data, point.size),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;

    EVP_PKEY_fromdata_init(context);
    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    EVP_PKEY_CTX_free(context);
    return key;
}

/* Whether the owner of the point has signed the token. */
static inline bool es256_verify(struct slice point, struct slice token) {
    const char *last = memrchr(token.data, '.', token.size);
    EVP_PKEY *key = es256_public_key(point);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ECDSA_SIG *signature = ECDSA_SIG_new();
    struct buffer both = {0};
    unsigned char *der = NULL;
    bool verified = false;

    if (key != NULL && last != NULL && es256_part(token, 2, &both) && both.size == 64) {
        const unsigned char *numbers = (const unsigned char *)both.data;
        ECDSA_SIG_set0(signature, BN_bin2bn(numbers, 32, NULL), BN_bin2bn(numbers + 32, 32, NULL));
        const int size = i2d_ECDSA_SIG(signature, &der);
        verified = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                   EVP_DigestVerify(context, der, (size_t)size, (const unsigned char *)token.data,
                                    (size_t)(last - token.data)) == 1;
    }
    OPENSSL_free(der);
    ECDSA_SIG_free(signature);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    buffer_free(&both);
    return verified;
}

#endif
