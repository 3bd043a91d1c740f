/* The URL that a client hands out to be pushed to: a stranger's word, taken apart and judged before
 * anything is sent there. Pure. */
#ifndef COLUMBA_PROVIDERS_ENDPOINT_H
#define COLUMBA_PROVIDERS_ENDPOINT_H

#include "common/base/arena.h"

/* It points into the URL. */
struct endpoint {
    bool is_https;
    struct slice host; /* without the brackets of an IPv6 address */
    struct slice port; /* empty where none is written */
    bool is_bracketed;
};

/* Lists end with NULL; NULL is none. */
struct endpoint_rules {
    bool allow_http;
    char *const *allowed_hosts;    /* globs of the host, or of host:port; NULL allows all */
    char *const *allowed_networks; /* CIDR, although they are not public */
};

/* NULL when it may be sent to, as far as the URL itself tells (what its host resolves to is the
 * sender's to judge), and *out is filled; else why never (static text). */
const char *endpoint_check(struct slice url, const struct endpoint_rules *rules,
                           struct endpoint *out);

/* Whether the host is the domain or of it: "push.example" is of "example". Lower case. */
bool endpoint_is_of(const struct endpoint *endpoint, const char *domain);

/* Its origin (RFC 6454, 6.2): lower case, without the default port. */
struct slice endpoint_origin(const struct endpoint *endpoint, struct arena *arena);

#endif
