/* Listening sockets. Several share one port: one for each worker, the kernel spreads the callers.
 */
#ifndef COLUMBA_BASE_LISTENER_H
#define COLUMBA_BASE_LISTENER_H

#include "common/base/error.h"

#include <stddef.h>

enum { LISTENER_GRACE_MS = 250 };

/* Opens count sockets on "address:port", into an array of as many; the caller closes them. Port 0
 * takes any, the same for all. [::] is every address, also where there is no IPv6. An address that
 * another process listens on is an error, even when that one shares its port too. On failure
 * nothing stays open. */
bool listeners_open(const char *address, int *sockets, size_t count, struct error *error);

/* The port really listened on. */
int listener_port(int socket);

/* Lets nobody begin a handshake any more, without refusing: closing a socket of a shared port
 * resets whoever is in its queue. Handshakes under way finish; after LISTENER_GRACE_MS of
 * accepting, the queue is empty and the socket may be closed. */
void listener_turn_away(int socket);

#endif
