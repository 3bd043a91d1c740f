/* Private keys in PEM, as OpenSSL reads them. Pure. */
#ifndef COLUMBA_PROVIDERS_PEM_H
#define COLUMBA_PROVIDERS_PEM_H

#include "common/base/slice.h"

#include <openssl/types.h>

/* The first private key in the text (PKCS#8, or the older form of its kind); the caller frees it.
 * NULL when there is none or it is encrypted: nobody is asked for a pass phrase. */
EVP_PKEY *pem_read_private_key(struct slice text);

#endif
