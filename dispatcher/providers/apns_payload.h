/* The JSON of an APNs push: what a Matrix client finds in it, in the form of the reference gateway,
 * fitted into what APNs takes. Pure. */
#ifndef COLUMBA_PROVIDERS_APNS_PAYLOAD_H
#define COLUMBA_PROVIDERS_APNS_PAYLOAD_H

#include "common/base/buffer.h"
#include "dispatcher/providers/provider.h"

/* Appends the payload, at most limit_bytes of it: whole characters are cut off the longest of
 * `alert`, `alert.body` and the `loc-args` until it fits. ENCODE_SEND, or another result with its
 * reason and nothing appended. */
enum encode_result apns_payload_write(const struct encode_input *input, size_t limit_bytes,
                                      struct buffer *out, const char **reason);

#endif
