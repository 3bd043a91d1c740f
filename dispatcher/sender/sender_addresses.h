/* How many sockets are open to each address that strangers' names led to: whoever invents a
 * thousand names for one machine gets no more of them than with one name. */
#ifndef COLUMBA_SENDER_ADDRESSES_H
#define COLUMBA_SENDER_ADDRESSES_H

#include "common/base/network.h"

#include <stddef.h>

enum { SENDER_ADDRESS_SOCKETS_MAX = 64 };

struct sender_addresses;

struct sender_addresses *sender_addresses_new(void);

/* Every socket was removed. */
void sender_addresses_free(struct sender_addresses *addresses);

/* Whether one more socket may be opened to it. An IPv6 address counts with all of its /64, which is
 * what one customer has. */
bool sender_addresses_permit(const struct sender_addresses *addresses,
                             const struct network_address *address);

/* Counts the descriptor until it is removed. */
void sender_addresses_add(struct sender_addresses *addresses, const struct network_address *address,
                          int descriptor);
void sender_addresses_remove(struct sender_addresses *addresses, int descriptor);

#endif
