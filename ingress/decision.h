/* What is to be done with a device. Pure: values in, a value out. Nothing here knows a provider:
 * what only a provider can judge goes through. */
#ifndef COLUMBA_INGRESS_DECISION_H
#define COLUMBA_INGRESS_DECISION_H

#include "common/config/config.h"
#include "common/push/notification.h"
#include "common/state/state.h"

enum decision {
    DECISION_PUBLISH,
    DECISION_MALFORMED,     /* no provider could ever use this device: rejected by name */
    DECISION_RETIRED,       /* its app is gone: rejected */
    DECISION_REJECT_APP,    /* nobody configured its app, and the operator wants it rejected */
    DECISION_DROP_APP,      /* nobody configured its app: neither published nor rejected */
    DECISION_DROP_NAMELESS, /* malformed, with no pushkey to reject it by */
    DECISION_VERDICT,       /* its provider has said that it is dead: rejected */
    DECISION_COUNT
};

/* app is what serves the device's app_id, NULL when nothing does. */
enum decision decision_of_device(const struct device *device, const struct app *app,
                                 enum unknown_app unknown_app);

/* For a device to be published: what the shared state says of it. pushkey_ts_ms 0 is none. */
enum decision decision_of_state(const struct state_answer *answer, int64_t pushkey_ts_ms);

/* Whether the pushkey is named in `rejected`. */
bool decision_rejects(enum decision decision);

/* "published", "malformed", …: the result in metrics and logs. */
const char *decision_name(enum decision decision);

#endif
