/* Client certificates, made for a test: PEM and PKCS#12. */
#ifndef COLUMBA_TESTS_CERTIFICATE_FIXTURE_H
#define COLUMBA_TESTS_CERTIFICATE_FIXTURE_H

#include "common/base/buffer.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <time.h>

struct certificate {
    EVP_PKEY *key;
    X509 *x509;
};

static inline struct certificate certificate_make(int64_t ends_ms) {
    struct certificate made = {.key = EVP_EC_gen("P-256"), .x509 = X509_new()};

    ASN1_TIME_set(X509_getm_notBefore(made.x509), 0);
    ASN1_TIME_set(X509_getm_notAfter(made.x509), (time_t)(ends_ms / 1000));
    X509_set_pubkey(made.x509, made.key);
    assert_true(X509_sign(made.x509, made.key, EVP_sha256()) > 0);
    return made;
}

static inline void certificate_release(struct certificate *certificate) {
    EVP_PKEY_free(certificate->key);
    X509_free(certificate->x509);
}

static inline void take_bio(BIO *bio, struct buffer *out) {
    char *data = NULL;
    long size = BIO_get_mem_data(bio, &data);

    buffer_append(out, (struct slice){.data = data, .size = (size_t)size});
    BIO_free(bio);
}

static inline void append_certificate(const struct certificate *certificate, struct buffer *out) {
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_X509(bio, certificate->x509), 1);
    take_bio(bio, out);
}

/* password: NULL leaves the key in the clear. */
static inline void append_key(const struct certificate *certificate, const char *password,
                              struct buffer *out) {
    BIO *bio = BIO_new(BIO_s_mem());
    const EVP_CIPHER *cipher = password == NULL ? NULL : EVP_aes_256_cbc();

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, certificate->key, cipher, NULL, 0, NULL,
                                                   (void *)password),
                     1);
    take_bio(bio, out);
}

static inline void append_pkcs12(const struct certificate *certificate, const char *password,
                                 struct buffer *out) {
    BIO *bio = BIO_new(BIO_s_mem());
    PKCS12 *box =
        PKCS12_create(password, "push", certificate->key, certificate->x509, NULL, 0, 0, 0, 0, 0);

    assert_int_equal(i2d_PKCS12_bio(bio, box), 1);
    PKCS12_free(box);
    take_bio(bio, out);
}

#endif
