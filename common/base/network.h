/* IP addresses and networks: what a text or a socket address names, and whether a request that a
 * stranger asked for may go there. Pure. */
#ifndef COLUMBA_BASE_NETWORK_H
#define COLUMBA_BASE_NETWORK_H

#include "common/base/slice.h"

struct sockaddr;

/* Always 16 bytes: an IPv4 address is kept IPv4-mapped (RFC 4291, 2.5.5.2), so that both spellings
 * of one address are equal. */
struct network_address {
    unsigned char bytes[16];
};

struct network {
    struct network_address address;
    unsigned prefix_bits; /* of all 128 */
};

/* An address as the host of a URL may name it: IPv6 with or without brackets and zone; IPv4 also in
 * the older forms that resolvers take (127.1, 0x7f000001, 017700000001). False: it is a name. */
bool network_address_parse(struct slice text, struct network_address *out);

/* Whether it is a name of this very machine, whoever resolves it (RFC 6761, 6.3). */
bool network_is_local_name(struct slice host);

/* False for another family than IPv4 and IPv6. */
bool network_address_of(const struct sockaddr *address, struct network_address *out);

/* Whether it belongs to somebody on the Internet: by IANA's registries of special-purpose addresses
 * (RFC 6890) neither loopback, private, link-local, shared, multicast, documentation, reserved nor
 * the metadata service of a cloud. An address translated by NAT64 (RFC 6052) is what it stands for;
 * 6to4, Teredo and NAT64 of local use (RFC 8215) never are. */
bool network_is_public(const struct network_address *address);

/* "10.0.0.0/8", "fd00::/8" (RFC 4632); a lone address is a network of one. Bits behind the prefix
 * do not matter. */
bool network_cidr_parse(struct slice text, struct network *out);

bool network_contains(const struct network *network, const struct network_address *address);

/* Whether one of the networks, as texts that end with NULL, contains it. NULL is no list; a text
 * that is no network contains nothing. */
bool network_list_contains(char *const *networks, const struct network_address *address);

#endif
