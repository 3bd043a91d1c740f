/* How each kind of provider says what there is to say, and what it was sent. */
#ifndef COLUMBA_SIM_ANSWERS_H
#define COLUMBA_SIM_ANSWERS_H

#include "common/base/buffer.h"
#include "common/base/http.h"
#include "tests/sim/cast.h"
#include "tests/sim/tally.h"

struct answer_text {
    int status;
    const char *retry_after; /* NULL: none */
    const char *body;        /* %s is the pushkey */
};

/* FAULT_COUNT: it takes the push. For faults that are words of a provider; NULL for others. */
const struct answer_text *answers_find(enum provider_kind kind, enum fault fault);

/* What a request is about. */
struct parcel {
    struct phone *phone;
    long long push;  /* -1: it does not say */
    long long count; /* -1: without one */
    int generation;  /* of its credential; -1: it has none that tells */
};

/* False for a request that no app of the cast makes. */
bool answers_read(struct world *world, const struct http_request *request, struct parcel *out);

#endif
