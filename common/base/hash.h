/* The hashes Columba names things by. */
#ifndef COLUMBA_BASE_HASH_H
#define COLUMBA_BASE_HASH_H

#include "common/base/slice.h"

#include <stdint.h>

enum { HASH_SHA256_BYTES = 32 };

/* SHA-256 (FIPS 180-4) of the parts one after another. */
void hash_sha256(const struct slice *parts, size_t count, unsigned char out[HASH_SHA256_BYTES]);

/* A fast hash for tables inside one process (FNV-1a, 64 bits): not for anything stored, not for
 * anything an attacker may flood without a bound on the chain. */
uint64_t hash_table_key(struct slice bytes);

#endif
