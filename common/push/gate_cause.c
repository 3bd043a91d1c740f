#include "common/push/gate_cause.h"

static const char *const names[GATE_CAUSE_COUNT] = {
    [GATE_CAUSE_NONE] = "",
    [GATE_CAUSE_WAIT] = "wait",
    [GATE_CAUSE_FAILING] = "failing",
    [GATE_CAUSE_UNREACHABLE] = "unreachable",
    [GATE_CAUSE_TOKEN] = "token",
    [GATE_CAUSE_REFUSED] = "refused",
    [GATE_CAUSE_CREDENTIAL] = "credential",
    [GATE_CAUSE_OPERATOR] = "operator",
};

const char *gate_cause_name(enum gate_cause cause) {
    return names[cause];
}

bool gate_cause_read(struct slice word, enum gate_cause *out) {
    *out = GATE_CAUSE_NONE;
    for (size_t i = GATE_CAUSE_NONE + 1; i < GATE_CAUSE_COUNT; i++)
        if (slice_is(word, names[i]))
            *out = (enum gate_cause)i;
    return *out != GATE_CAUSE_NONE;
}
