/* Closes connections whose caller still sends: what arrives is thrown away for a while, because
 * closing on unread bytes resets the connection, and the caller never reads its answer. */
#ifndef COLUMBA_INGRESS_FAREWELL_H
#define COLUMBA_INGRESS_FAREWELL_H

#include "common/base/loop.h"

struct farewell;

/* emptied is called each time the last one has gone. */
struct farewell *farewell_new(struct loop *loop, loop_callback *emptied, void *context);
void farewell_free(struct farewell *farewell);

/* Keeps the connection open behind the back of whoever is about to close that descriptor. Too many
 * at a time are not kept. */
void farewell_keep(struct farewell *farewell, int socket);

size_t farewell_count(const struct farewell *farewell);

#endif
