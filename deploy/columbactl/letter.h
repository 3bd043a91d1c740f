/* A record as an operator reads it. Pure. */
#ifndef COLUMBA_CTL_LETTER_H
#define COLUMBA_CTL_LETTER_H

#include "common/base/json.h"
#include "common/push/identity.h"
#include "common/push/record.h"
#include "common/queue/queue.h"

/* What may be shown of it to anybody: neither pushkey nor content. */
struct letter {
    struct record_meta meta;
    int64_t accepted_ms;                 /* of the first record; its own time without that header */
    char app_id[256];                    /* "" when it cannot be told */
    char pushkey[IDENTITY_PUSHKEY_SIZE]; /* h; "" likewise */
};

/* By its key, or where that is not as ours are, by its body. */
void letter_read(const struct queue_record *record, struct letter *out);

/* All of it, headers, key and body, for the eyes of the operator who asked. */
void letter_write(const struct queue_record *record, struct buffer *out);
struct json_object *letter_json(const struct queue_record *record);

#endif
