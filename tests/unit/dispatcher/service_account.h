/* Service accounts made up for a test: real keys, in the form of Google's key files. */
#ifndef COLUMBA_TESTS_SERVICE_ACCOUNT_H
#define COLUMBA_TESTS_SERVICE_ACCOUNT_H

#include "common/base/buffer.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

static inline EVP_PKEY *service_account_new_key(void) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
}

/* Appends the PEM as the inside of a JSON string; passphrase NULL leaves it unencrypted. */
static inline void service_account_write_pem(EVP_PKEY *key, const char *passphrase,
                                             struct buffer *out) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;

    PEM_write_bio_PrivateKey(bio, key, passphrase == NULL ? NULL : EVP_aes_128_cbc(),
                             (const unsigned char *)passphrase,
                             passphrase == NULL ? 0 : (int)strlen(passphrase), NULL, NULL);
    const long size = BIO_get_mem_data(bio, &pem);
    buffer_append_json_escaped(out, (struct slice){.data = pem, .size = (size_t)size});
    BIO_free(bio);
}

/* Appends a whole key file. */
static inline void service_account_write(EVP_PKEY *key, const char *token_uri, struct buffer *out) {
    buffer_append_text(out, "{\"type\":\"service_account\",\"project_id\":\"example-project\","
                            "\"private_key_id\":\"3f1c\",\"private_key\":\"");
    service_account_write_pem(key, NULL, out);
    buffer_append_format(out,
                         "\",\"client_email\":\"push@example-project.iam.example\","
                         "\"token_uri\":\"%s\"}",
                         token_uri);
}

#endif
