#include "dispatcher/chain.h"

#include "common/base/memory.h"
#include "dispatcher/delivery.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct chain {
    struct chains *chains;
    char pushkey[IDENTITY_PUSHKEY_SIZE];
    struct delivery *first; /* of the line */
    struct delivery *last;
    size_t line_count;
    size_t member_count; /* of the line and beside it */

    struct hold hold;
    struct hold kept; /* as Redis has it, as far as is known */
    bool is_learnt;   /* Redis was asked, and has answered */
    bool is_kept;     /* a hold is in Redis */
    bool has_copies;  /* with counts, in retry topics or on their way there */
    UT_hash_handle hh;
};

struct chains {
    struct chain *all;
    size_t waiting;
    size_t waiting_bytes;
};

struct chains *chains_new(void) {
    return memory_new(sizeof(struct chains));
}

static void remove_chain(struct chains *chains, struct chain *chain) {
    HASH_DEL(chains->all, chain);
    free(chain);
}

void chains_free(struct chains *chains) {
    struct chain *chain = NULL;
    struct chain *next = NULL;

    if (chains == NULL)
        return;
    HASH_ITER(hh, chains->all, chain, next)
    remove_chain(chains, chain);
    free(chains);
}

/* ---- The line ---- */

void chain_join_beside(struct chains *chains, struct delivery *delivery) {
    struct chain *chain = NULL;

    HASH_FIND_STR(chains->all, delivery->pushkey, chain);
    if (chain == NULL) {
        chain = memory_new(sizeof *chain);
        chain->chains = chains;
        memcpy(chain->pushkey, delivery->pushkey, sizeof chain->pushkey);
        HASH_ADD_STR(chains->all, pushkey, chain);
    }
    chain->member_count++;
    delivery->place.chain = chain;
}

bool chain_join(struct chains *chains, struct delivery *delivery, size_t line_max) {
    chain_join_beside(chains, delivery);
    struct chain *chain = delivery->place.chain;

    if (chain->line_count > line_max)
        return false;
    if (chain->first == NULL) {
        chain->first = delivery;
    } else {
        chain->last->place.behind = delivery;
        chains->waiting++;
        chains->waiting_bytes += delivery->size_bytes;
    }
    chain->last = delivery;
    chain->line_count++;
    delivery->place.is_in_line = true;
    return true;
}

bool chain_is_first(const struct delivery *delivery) {
    return delivery->place.chain != NULL && delivery->place.chain->first == delivery;
}

const struct delivery *chain_first(const struct delivery *delivery) {
    return delivery->place.is_in_line ? delivery->place.chain->first : NULL;
}

size_t chains_waiting(const struct chains *chains) {
    return chains->waiting;
}

size_t chains_waiting_bytes(const struct chains *chains) {
    return chains->waiting_bytes;
}

/* Whoever leaves the line, one fewer waits in it: the next one's turn has come, or its own never
 * will. */
static void wait_no_more(struct chain *chain, const struct delivery *delivery) {
    const struct delivery *waited = chain->first == delivery ? delivery->place.behind : delivery;

    if (waited == NULL)
        return;
    chain->chains->waiting--;
    chain->chains->waiting_bytes -= waited->size_bytes;
}

void chain_step_aside(struct delivery *delivery) {
    struct chain *chain = delivery->place.chain;
    struct delivery *before = NULL;

    if (!delivery->place.is_in_line)
        return;
    for (struct delivery *at = chain->first; at != delivery; at = at->place.behind)
        before = at;
    wait_no_more(chain, delivery);
    if (before == NULL)
        chain->first = delivery->place.behind;
    else
        before->place.behind = delivery->place.behind;
    if (chain->last == delivery)
        chain->last = before;
    chain->line_count--;
    delivery->place.is_in_line = false;
    delivery->place.behind = NULL;
}

struct delivery *chain_leave(struct chains *chains, struct delivery *delivery) {
    struct chain *chain = delivery->place.chain;
    struct delivery *successor = NULL;

    if (chain == NULL)
        return NULL;
    if (chain->first == delivery)
        successor = delivery->place.behind;
    chain_step_aside(delivery);
    delivery->place.chain = NULL;
    chain->member_count--;
    if (chain->member_count == 0)
        remove_chain(chains, chain);
    return successor;
}

/* ---- The hold ---- */

void chain_learn(struct delivery *delivery, const struct hold *hold) {
    struct chain *chain = delivery->place.chain;

    /* What was there and is there no more, somebody has forgiven. */
    if (chain->is_kept && hold == NULL)
        chain->hold.until_ms = 0;
    chain->is_learnt = true;
    chain->is_kept = hold != NULL;
    chain->kept = hold != NULL ? *hold : (struct hold){0};
    if (chain->kept.until_ms > chain->hold.until_ms)
        chain->hold.until_ms = chain->kept.until_ms;
    if (chain->kept.newest_ms > chain->hold.newest_ms)
        chain->hold.newest_ms = chain->kept.newest_ms;
}

const struct hold *chain_hold(const struct delivery *delivery) {
    return &delivery->place.chain->hold;
}

void chain_note_newest(struct delivery *delivery, int64_t accepted_ms) {
    struct hold *hold = &delivery->place.chain->hold;

    if (accepted_ms > hold->newest_ms)
        hold->newest_ms = accepted_ms;
}

void chain_keep(struct delivery *delivery) {
    delivery->place.chain->has_copies = true;
}

void chain_hold_until(struct delivery *delivery, int64_t until_ms) {
    chain_keep(delivery);
    delivery->place.chain->hold.until_ms = until_ms;
}

bool chain_has_news(const struct delivery *delivery) {
    const struct chain *chain = delivery->place.chain;
    bool is_wanted = chain->is_kept || chain->has_copies;
    bool is_news = !chain->is_kept || chain->hold.until_ms != chain->kept.until_ms ||
                   chain->hold.newest_ms != chain->kept.newest_ms;

    return chain->is_learnt && is_wanted && is_news;
}

void chain_kept(struct delivery *delivery, const struct hold *hold) {
    struct chain *chain = delivery->place.chain;

    chain->is_kept = true;
    chain->kept = *hold;
}
