/* What follows from how a collector answered (OTLP specification, "OTLP/HTTP Response"). Pure. */
#ifndef COLUMBA_OBSERVE_TRACE_RETRY_H
#define COLUMBA_OBSERVE_TRACE_RETRY_H

#include "common/base/slice.h"

#include <stdint.h>

enum trace_verdict {
    TRACE_TAKEN,
    TRACE_REPEAT,  /* the same spans may be taken later */
    TRACE_REFUSED, /* these spans never will be */
};

/* status 0: no answer came. */
enum trace_verdict trace_retry_judge(int status);

/* How long to wait after so many failures in a row (at least 1): what the collector asks for in
 * Retry-After, 5 min at most; or what doubles from first_ms on, up to 30 times as much, and of that
 * a random part between half and all. */
int64_t trace_retry_delay_ms(unsigned failures, int64_t first_ms, struct slice retry_after,
                             uint32_t random);

/* How many of the spans the collector says in its 200 that it rejected; 0 when it says nothing. */
int64_t trace_retry_rejected(struct slice body);

#endif
