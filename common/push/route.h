/* How an app's provider is reached: what a connection to it hangs on besides the address. */
#ifndef COLUMBA_PUSH_ROUTE_H
#define COLUMBA_PUSH_ROUTE_H

#include "common/base/hash.h"

#include <stdbool.h>

/* Strings are owned by whoever filled it; NULL is "not configured". */
struct route {
    char *ca_file;          /* trusted instead of the system's store */
    char *proxy;            /* for CONNECT: http://[user:password@]host:port; a secret */
    char *certificate_file; /* a TLS client certificate with its key: PEM; .p12 or .pfx: PKCS#12 */
    char *certificate_password; /* a secret */
    bool is_guarded;            /* the host is a stranger's word: public addresses alone */
    char **allowed_networks; /* CIDR, although they are not public; ends with NULL; may be NULL */
    unsigned char identity[HASH_SHA256_BYTES]; /* what else tells its connections from others */
};

/* Whether both lead the same way. NULL is a route with nothing configured. */
bool route_equal(const struct route *a, const struct route *b);

/* A copy with strings of its own; release with route_release. route may be NULL. */
struct route route_copy(const struct route *route);

/* Whether the certificate is PKCS#12, by the name of its file. */
bool route_has_pkcs12(const struct route *route);

/* Whether the guard lets a connection go to the address. */
struct network_address;
bool route_permits(const struct route *route, const struct network_address *address);

/* Frees what it holds, and wipes its secrets. */
void route_release(struct route *route);

#endif
