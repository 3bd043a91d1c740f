#include "common/base/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>

void hash_sha256(const struct slice *parts, size_t count, unsigned char out[HASH_SHA256_BYTES]) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;

    for (size_t i = 0; done && i < count; i++)
        done = EVP_DigestUpdate(context, parts[i].data, parts[i].size) == 1;
    done = done && EVP_DigestFinal_ex(context, out, NULL) == 1;
    EVP_MD_CTX_free(context);
    /* Without SHA-256 no key of the shared state would be right. */
    if (!done)
        abort();
}

uint64_t hash_table_key(struct slice bytes) {
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ (unsigned char)bytes.data[i]) * 0x100000001b3u;
    return hash;
}
