/* Spans of sampled pushes: started and finished by who does the work, kept here, in bounds, until
 * trace_export.h takes them away. Knows no network. A NULL trace is one that is off: it may stand
 * wherever one is taken, and nothing is recorded. In the loop's thread. */
#ifndef COLUMBA_OBSERVE_TRACE_H
#define COLUMBA_OBSERVE_TRACE_H

#include "common/base/loop.h"
#include "common/observe/metrics.h"
#include "common/observe/trace_encode.h"

enum {
    TRACE_BATCH_SPANS = 512,
    TRACE_BATCHES = 4, /* more spans than these hold are dropped, and counted */
};

struct trace;

/* Rows of a table of metrics: a counter, and one with the label "reason". */
struct trace_counters {
    struct metrics *metrics;
    size_t exported;
    size_t dropped;
};

/* waits is called when a span waits where none did, and when a batch is full; never in a callback
 * of another part. All of it borrowed. */
struct trace *trace_new(struct loop *loop, const struct trace_counters *counters,
                        loop_callback *waits, void *context);
void trace_free(struct trace *trace);

/* Whether the span is recorded, and has to be finished. */
static inline bool trace_is_recorded(const struct trace_span *span) {
    return span->started_ns != 0;
}

/* A request from outside. What it brings along decides; NULL: one in so many is a trace of its own
 * (ratio 0 to 1). out comes zeroed and stays so unless it is recorded. */
void trace_start_request(struct trace *trace, const struct trace_context *incoming, double ratio,
                         struct trace_span *out);

/* Work that hangs on other work; recorded if that is sampled. out as above. */
void trace_start(struct trace *trace, const struct trace_context *parent, struct trace_span *out);

/* Of a span that is recorded. */
void trace_finish(struct trace *trace, const struct trace_span *span,
                  const struct trace_facts *facts);

/* ---- For who takes them away ---- */

struct trace_batch {
    struct buffer spans; /* objects with commas between them */
    size_t count;
};

/* The oldest spans: lent until trace_forget, and none is added to them. NULL when there are none.
 */
const struct trace_batch *trace_lend(struct trace *trace);

/* What was lent is done with. */
void trace_forget(struct trace *trace);

/* Whether as many spans as a batch holds wait. */
bool trace_is_batch_full(const struct trace *trace);

#endif
