/* Hands the bytes of one port on to another on this machine, both ways. The mock cluster listens
 * where chance puts it; this gives it an address to bootstrap from. Clients then go to the address
 * that the metadata names, so little passes through here. */
#ifndef COLUMBA_LOCAL_FORWARD_H
#define COLUMBA_LOCAL_FORWARD_H

#include "common/base/error.h"
#include "common/base/loop.h"

struct forward;

/* Listens on 127.0.0.1:port, any free one when it is 0. False when that port is taken. */
struct forward *forward_open(struct loop *loop, int port, int target_port, struct error *error);

/* Closes every connection. */
void forward_close(struct forward *forward);

int forward_port(const struct forward *forward);

#endif
