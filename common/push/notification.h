/* A notify body (Matrix Push Gateway API, POST /_matrix/push/v1/notify): parsed, checked, and
 * written again for one device. Pure: no I/O, no clock. */
#ifndef COLUMBA_PUSH_NOTIFICATION_H
#define COLUMBA_PUSH_NOTIFICATION_H

#include "common/base/buffer.h"
#include "common/base/error.h"

#include <json-c/json.h>
#include <stdint.h>

/* An event has at most 64 KiB, of which no tree takes more than a half of the footprint limit. */
enum { NOTIFICATION_DEPTH_LIMIT = 64, NOTIFICATION_FOOTPRINT_LIMIT_BYTES = 32 * 1024 * 1024 };

/* Why a body can never be understood; each has one Matrix error code. */
enum notification_fault {
    NOTIFICATION_OK,
    NOTIFICATION_NOT_JSON,      /* M_NOT_JSON: json_check refuses it */
    NOTIFICATION_BAD_JSON,      /* M_BAD_JSON: the body or a part is of the wrong type */
    NOTIFICATION_MISSING_PARAM, /* M_MISSING_PARAM: no notification, no devices, or none in it */
    NOTIFICATION_TOO_MANY,      /* M_TOO_LARGE: more devices, or more values, than allowed */
};

/* One device. Everything points into the notification. A device is at fault that is no object, or
 * whose app_id or pushkey is no string, empty or holds a NUL. */
struct device {
    struct slice app_id;
    struct slice pushkey;     /* or `push_key`; may be empty or hold a NUL when at fault */
    int64_t pushkey_ts;       /* as sent: seconds or milliseconds; 0 when absent or not a number */
    struct json_object *data; /* NULL unless an object */
    struct json_object *tweaks; /* an object or an array; NULL otherwise */
    struct json_object *tree;   /* the device as it came */
    const char *fault;          /* NULL, or why no provider could ever use it (static text) */
};

/* Absent, null and wrongly typed fields are the empty slice (data NULL), NULL or false. Text is
 * well-formed UTF-8. Counts may come as floats and strings; negative ones are absent, greater ones
 * than JSON can tell exactly (2^53 - 1) are that. */
struct notification {
    struct slice event_id;
    struct slice id; /* the older name of event_id, from Synapse */
    struct slice room_id;
    struct slice type;
    struct slice sender;
    struct slice sender_display_name;
    struct slice room_name;
    struct slice room_alias;
    struct slice membership;
    bool user_is_target;
    bool low_priority; /* prio: "low" */
    bool has_unread;
    bool has_missed_calls;
    int64_t unread;
    int64_t missed_calls;
    struct json_object *content; /* NULL unless an object */
    struct json_object *tree;    /* the whole `notification` object */
    struct device *devices;
    size_t device_count;
    size_t footprint_bytes; /* about the memory it holds, which may be 270 times the body's */
};

/* Parses a body. device_limit 0 is no limit. On success *out must be released with
 * notification_free; it keeps no reference to body. On failure the fault says which answer is due
 * and error (may be NULL) holds the sentence for it. */
enum notification_fault notification_parse(struct slice body, size_t device_limit,
                                           struct notification **out, struct error *error);
void notification_free(struct notification *notification);

/* Appends a notify body with just the device of that index; unknown fields pass through, values as
 * json-c represents them. Writing all devices one after another serialises the common part once. */
void notification_write_single(struct notification *notification, size_t device,
                               struct buffer *out);

/* The id duplicates are told by: event_id, else id; empty when neither is there, and for
 * Element Android's self-test `$THIS_IS_A_FAKE_EVENT_ID`, which must never be suppressed. */
struct slice notification_event(const struct notification *notification);

/* Whether it carries nothing but counts: no text, no content, nothing encrypted (MSC3013) that is
 * not said to be counts. */
bool notification_is_badge_only(const struct notification *notification);

#endif
