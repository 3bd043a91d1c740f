#include "dispatcher/providers/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

static X509 *read_pem(BIO *bio) {
    return PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
}

static X509 *read_pkcs12(BIO *bio, const char *password) {
    PKCS12 *box = d2i_PKCS12_bio(bio, NULL);
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;

    if (box != NULL)
        PKCS12_parse(box, password == NULL ? "" : password, &key, &certificate, NULL);
    EVP_PKEY_free(key);
    PKCS12_free(box);
    return certificate;
}

static bool end_of(const X509 *certificate, int64_t *out) {
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;
    bool done = epoch != NULL &&
                ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(certificate)) == 1;

    ASN1_TIME_free(epoch);
    if (done)
        *out = ((int64_t)days * 24 * 3600 + seconds) * 1000;
    return done;
}

bool certificate_ends_ms(struct slice content, bool is_pkcs12, const char *password, int64_t *out,
                         struct error *error) {
    BIO *bio = BIO_new_mem_buf(content.data, (int)content.size);
    X509 *certificate = NULL;
    bool done = false;

    if (bio != NULL)
        certificate = is_pkcs12 ? read_pkcs12(bio, password) : read_pem(bio);
    if (certificate == NULL)
        error_set(error, ERROR_CONFIG,
                  is_pkcs12 ? "is no PKCS#12 file, or has another pass phrase"
                            : "has no certificate in PEM");
    else
        done = end_of(certificate, out) ||
               error_set(error, ERROR_CONFIG, "has a certificate whose end cannot be read");
    X509_free(certificate);
    BIO_free(bio);
    /* What OpenSSL queued would be taken by the next TLS connection for its own. */
    ERR_clear_error();
    return done;
}
