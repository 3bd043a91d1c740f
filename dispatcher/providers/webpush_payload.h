/* What a web client finds in its push: a flat JSON object, small enough to be encrypted into one
 * record. Pure. */
#ifndef COLUMBA_PROVIDERS_WEBPUSH_PAYLOAD_H
#define COLUMBA_PROVIDERS_WEBPUSH_PAYLOAD_H

#include "common/base/buffer.h"
#include "dispatcher/providers/provider.h"

/* Appends the object, at most limit_bytes of it: whole characters are cut off the longest texts,
 * and then the content is left out, but never a part of an id, of a count, of what is encrypted or
 * of what the client itself put into its pusher. ENCODE_SEND, or another result with its reason and
 * nothing that is worth sending in out. */
enum encode_result webpush_payload_write(const struct encode_input *input, size_t limit_bytes,
                                         struct arena *arena, struct buffer *out,
                                         const char **reason);

#endif
