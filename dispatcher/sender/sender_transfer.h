/* One libcurl handle, used for one request after another: the settings, the response as it comes,
 * and what became of it. */
#ifndef COLUMBA_SENDER_TRANSFER_H
#define COLUMBA_SENDER_TRANSFER_H

#include "dispatcher/sender.h"
#include "dispatcher/sender/sender_addresses.h"
#include "dispatcher/sender/sender_request.h"

#include <curl/curl.h>

struct sender_transfer;

/* Whether the request may go out on the connection that it was given now; is_new: which was made
 * for it. Where not, the transfer ends at once, deferred. */
typedef bool sender_transfer_admit(void *owner, int64_t connection, bool is_new);

/* For requests by that route. Route and addresses outlive the transfer. timeout_ms: how long a
 * connection may take to stand, or to leave what was sent unacknowledged. */
struct sender_transfer *sender_transfer_new(const struct route *route,
                                            struct sender_addresses *addresses,
                                            sender_transfer_admit *admit, int64_t timeout_ms);
void sender_transfer_free(struct sender_transfer *transfer);

/* Readies the handle for the request, which outlives the transfer. owner is asked for admission,
 * and can be had back from the handle. multiplexes: the host is known to speak HTTP/2. */
void sender_transfer_prepare(struct sender_transfer *transfer, const struct sender_request *request,
                             bool multiplexes, void *owner);

/* Forgets the response. To be called between two requests. */
void sender_transfer_clear(struct sender_transfer *transfer);

CURL *sender_transfer_handle(struct sender_transfer *transfer);
void *sender_transfer_owner(CURL *easy);

/* Whether it ended because it was not admitted, and nothing of it was sent. */
bool sender_transfer_deferred(const struct sender_transfer *transfer);

/* Whether the response that came was HTTP/2. */
bool sender_transfer_multiplexed(const struct sender_transfer *transfer);

/* After the transfer ended, or was given up because its time was over. *out points into the
 * transfer, until sender_transfer_clear. */
void sender_transfer_outcome(const struct sender_transfer *transfer, CURLcode code, bool timed_out,
                             struct sender_outcome *out);

#endif
