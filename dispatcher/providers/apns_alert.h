/* What a phone shows for an event, in the words that Matrix clients carry translations of: a
 * `loc-key` and its arguments. Pure. */
#ifndef COLUMBA_PROVIDERS_APNS_ALERT_H
#define COLUMBA_PROVIDERS_APNS_ALERT_H

#include "common/push/notification.h"

enum { APNS_ALERT_ARGUMENTS_MAX = 3, APNS_ALERT_NAME_CHARACTERS = 1024 };

struct apns_alert {
    const char *loc_key; /* NULL: the event shows nothing */
    struct slice arguments[APNS_ALERT_ARGUMENTS_MAX];
    size_t argument_count;
};

/* Names of senders and rooms are cut to APNS_ALERT_NAME_CHARACTERS, bodies are not. The slices
 * point into the notification. */
void apns_alert_choose(const struct notification *notification, struct apns_alert *out);

/* An invitation to a call of two. */
bool apns_alert_is_call(const struct notification *notification);

#endif
