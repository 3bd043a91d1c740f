/* Turns a host name into addresses on a thread of its own, so that a name server that is away does
 * not stop the loop. */
#ifndef COLUMBA_STATE_RESOLVER_H
#define COLUMBA_STATE_RESOLVER_H

#include "common/base/error.h"
#include "common/base/loop.h"

#include <netinet/in.h>

enum { RESOLVER_ADDRESSES_MAX = 8 };

struct resolver_addresses {
    char texts[RESOLVER_ADDRESSES_MAX][INET6_ADDRSTRLEN]; /* numeric */
    size_t count;
};

/* addresses is NULL and error set when there are none. */
typedef void resolver_done(void *context, const struct resolver_addresses *addresses,
                           const struct error *error);

struct resolver;

struct resolver *resolver_new(struct loop *loop, resolver_done *done, void *context);

/* Does not wait for a question that is still open; it is not answered any more. */
void resolver_free(struct resolver *resolver);

/* Calls back once, never within this call, after as long as the system's resolver takes. One
 * question at a time. */
void resolver_ask(struct resolver *resolver, const char *host);

#endif
