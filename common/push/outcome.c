#include "common/push/outcome.h"

const char *outcome_name(enum outcome outcome) {
    static const char *const names[OUTCOME_COUNT] = {
        [OUTCOME_DELIVERED] = "delivered", [OUTCOME_REJECTED] = "rejected",
        [OUTCOME_DROPPED] = "dropped",     [OUTCOME_MOVED] = "moved",
        [OUTCOME_DEAD] = "dead",
    };

    return names[outcome];
}
