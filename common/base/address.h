/* A host and a port, as a configuration names them. */
#ifndef COLUMBA_BASE_ADDRESS_H
#define COLUMBA_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

enum { ADDRESS_HOST_SIZE = 256 };

/* Splits "host:port" or "[v6]:port", with a port from 0 to 65535. The host is copied into host,
 * without brackets. False, and nothing written, when it is neither or the host does not fit. */
bool address_split(const char *address, char *host, size_t host_size, int *port);

#endif
