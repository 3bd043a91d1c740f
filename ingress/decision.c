#include "ingress/decision.h"

static const struct {
    const char *name;
    bool rejects;
} rows[DECISION_COUNT] = {
    [DECISION_PUBLISH] = {"published", false},
    [DECISION_MALFORMED] = {"malformed", true},
    [DECISION_RETIRED] = {"retired", true},
    [DECISION_REJECT_APP] = {"unknown_app_rejected", true},
    [DECISION_DROP_APP] = {"unknown_app_dropped", false},
    [DECISION_DROP_NAMELESS] = {"malformed_dropped", false},
    [DECISION_VERDICT] = {"verdict", true},
};

enum decision decision_of_device(const struct device *device, const struct app *app,
                                 enum unknown_app unknown_app) {
    if (device->fault != NULL)
        return device->pushkey.data == NULL ? DECISION_DROP_NAMELESS : DECISION_MALFORMED;
    if (app == NULL)
        return unknown_app == UNKNOWN_APP_REJECT ? DECISION_REJECT_APP : DECISION_DROP_APP;
    return app->kind == PROVIDER_RETIRED ? DECISION_RETIRED : DECISION_PUBLISH;
}

enum decision decision_of_state(const struct state_answer *answer, int64_t pushkey_ts_ms) {
    if (answer->known && answer->has_verdict && verdict_holds(&answer->verdict, pushkey_ts_ms))
        return DECISION_VERDICT;
    return DECISION_PUBLISH;
}

bool decision_rejects(enum decision decision) {
    return rows[decision].rejects;
}

const char *decision_name(enum decision decision) {
    return rows[decision].name;
}
