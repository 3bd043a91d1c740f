/* Tokens by the audience that they are made out to, bounded in number: for a new one, the one that
 * was not asked for the longest makes room. */
#ifndef COLUMBA_DISPATCHER_TOKEN_CACHE_H
#define COLUMBA_DISPATCHER_TOKEN_CACHE_H

#include "common/base/buffer.h"

#include <stdint.h>

struct token {
    struct buffer authorization; /* a header value; a secret */
    int64_t minted_ms;           /* all times here are monotonic */
    int64_t refresh_ms;
    int64_t expires_ms;
    unsigned key_generation; /* of the key that it was asked for with */
    bool is_disputed;        /* a provider has called it stale before it could be */
};

struct token_cache;

struct token_cache *token_cache_new(size_t limit);
void token_cache_free(struct token_cache *cache);

/* NULL when there is none. Valid until the cache next changes. */
struct token *token_cache_find(struct token_cache *cache, struct slice audience);

/* Takes the token's memory; one that is already there for the audience makes way. */
void token_cache_put_take(struct token_cache *cache, struct slice audience,
                          const struct token *token);
void token_cache_remove(struct token_cache *cache, struct slice audience);

size_t token_cache_count(const struct token_cache *cache);

#endif
