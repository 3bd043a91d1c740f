/* The `data` of an FCM message: what a Matrix client finds in its push, as a map of texts. It is
 * collected from the notification, fitted into what FCM carries, and written. Pure. */
#ifndef COLUMBA_PROVIDERS_FCM_DATA_H
#define COLUMBA_PROVIDERS_FCM_DATA_H

#include "common/base/buffer.h"
#include "dispatcher/providers/provider.h"

enum {
    FCM_DATA_LIMIT_BYTES = 4096, /* of all names and values together, as FCM counts */
    FCM_DATA_TEXT_BYTES = 1024,  /* of one text that may be cut */
};

struct fcm_data;

/* The fields of a push, in the arena; they point into the notification. ENCODE_SEND, or another
 * result with its reason. */
enum encode_result fcm_data_collect(const struct encode_input *input, struct arena *arena,
                                    struct fcm_data **out, const char **reason);

/* Cuts whole characters off the longest texts, never off ids and never off what the client itself
 * put into its pusher, until all of it is at most limit_bytes. When that would leave only crumbs,
 * the event's content is left out: the client can fetch it. False when it cannot fit. It may be
 * fitted anew, into another limit. */
bool fcm_data_fit(struct fcm_data *data, size_t limit_bytes);

/* Appends it as a JSON object. */
void fcm_data_write(const struct fcm_data *data, struct buffer *out);

#endif
