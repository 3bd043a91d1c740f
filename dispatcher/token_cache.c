#include "dispatcher/token_cache.h"

#include "common/base/hash.h"
#include "common/base/memory.h"

#include <stdlib.h>

struct entry {
    struct entry *next_in_bucket;
    struct entry *newer;
    struct entry *older;
    struct slice audience; /* its own copy */
    struct token token;
};

struct token_cache {
    size_t limit;
    size_t count;
    struct entry *newest;
    struct entry *oldest;
    struct entry *buckets[]; /* as many as the limit */
};

struct token_cache *token_cache_new(size_t limit) {
    struct token_cache *cache = memory_new(sizeof *cache + limit * sizeof(struct entry *));

    cache->limit = limit;
    return cache;
}

static struct entry **bucket_of(struct token_cache *cache, struct slice audience) {
    return &cache->buckets[hash_table_key(audience) % cache->limit];
}

/* Where the entry is linked into its bucket, or would be. */
static struct entry **place_of(struct token_cache *cache, struct slice audience) {
    struct entry **place = bucket_of(cache, audience);

    while (*place != NULL && !slice_equal((*place)->audience, audience))
        place = &(*place)->next_in_bucket;
    return place;
}

static void unlink_by_age(struct token_cache *cache, struct entry *entry) {
    *(entry->newer == NULL ? &cache->newest : &entry->newer->older) = entry->older;
    *(entry->older == NULL ? &cache->oldest : &entry->older->newer) = entry->newer;
}

static void link_newest(struct token_cache *cache, struct entry *entry) {
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest == NULL ? &cache->oldest : &cache->newest->newer) = entry;
    cache->newest = entry;
}

struct token *token_cache_find(struct token_cache *cache, struct slice audience) {
    struct entry *entry = *place_of(cache, audience);

    if (entry == NULL)
        return NULL;
    unlink_by_age(cache, entry);
    link_newest(cache, entry);
    return &entry->token;
}

void token_cache_remove(struct token_cache *cache, struct slice audience) {
    struct entry **place = place_of(cache, audience);
    struct entry *entry = *place;

    if (entry == NULL)
        return;
    *place = entry->next_in_bucket;
    unlink_by_age(cache, entry);
    cache->count--;
    buffer_free_secret(&entry->token.authorization);
    free((char *)entry->audience.data);
    free(entry);
}

void token_cache_put_take(struct token_cache *cache, struct slice audience,
                          const struct token *token) {
    struct entry *entry = memory_new(sizeof *entry);

    token_cache_remove(cache, audience);
    if (cache->count == cache->limit)
        token_cache_remove(cache, cache->oldest->audience);
    entry->audience = (struct slice){memory_copy_slice(audience), audience.size};
    entry->token = *token;
    struct entry **bucket = bucket_of(cache, audience);
    entry->next_in_bucket = *bucket;
    *bucket = entry;
    link_newest(cache, entry);
    cache->count++;
}

size_t token_cache_count(const struct token_cache *cache) {
    return cache->count;
}

void token_cache_free(struct token_cache *cache) {
    while (cache->oldest != NULL)
        token_cache_remove(cache, cache->oldest->audience);
    free(cache);
}
