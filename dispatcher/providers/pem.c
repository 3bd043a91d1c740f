#include "dispatcher/providers/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

static int refuse_passphrase(char *out, int size, int is_writing, void *context) {
    (void)out;
    (void)size;
    (void)is_writing;
    (void)context;
    return -1;
}

EVP_PKEY *pem_read_private_key(struct slice text) {
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
    EVP_PKEY *key =
        bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, NULL);

    BIO_free(bio);
    /* What OpenSSL queued would be taken by the next TLS connection for its own. */
    ERR_clear_error();
    return key;
}
