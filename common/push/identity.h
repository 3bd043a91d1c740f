/* The names that a pushkey and a push have in the shared state. */
#ifndef COLUMBA_PUSH_IDENTITY_H
#define COLUMBA_PUSH_IDENTITY_H

#include "common/base/slice.h"

#include <json-c/json.h>
#include <stdint.h>

enum { IDENTITY_PUSHKEY_SIZE = 23 }; /* 22 base64url characters and a NUL */

/* h: the first 128 bits of SHA-256(app_id \0 pushkey), base64url. The form a pushkey has in logs,
 * in Redis and in the operator's commands. */
void identity_pushkey(struct slice app_id, struct slice pushkey, char out[IDENTITY_PUSHKEY_SIZE]);

/* What a repeated push is recognised by: app, pushkey, event and the device's data (NULL when it
 * has none), so that two accounts which share one token are both told. */
int64_t identity_event(struct slice app_id, struct slice pushkey, struct slice event,
                       struct json_object *data);

/* The same for a push without an event: the record's own id. */
int64_t identity_record(struct slice columba_id);

#endif
