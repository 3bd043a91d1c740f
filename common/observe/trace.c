#include "common/observe/trace.h"

#include "common/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RANDOM_POOL_BYTES = 64 * TRACE_RANDOM_BYTES, NS_PER_SECOND = 1000 * 1000 * 1000 };

struct trace {
    struct loop *loop;
    struct trace_counters counters;
    loop_callback *waits;
    void *context;
    struct trace_batch batches[TRACE_BATCHES]; /* a ring */
    size_t first;
    size_t used;  /* from first on; none of them is empty */
    bool is_lent; /* the first one */
    unsigned char random[RANDOM_POOL_BYTES];
    size_t random_left;
};

struct trace *trace_new(struct loop *loop, const struct trace_counters *counters,
                        loop_callback *waits, void *context) {
    struct trace *trace = memory_new(sizeof *trace);

    trace->loop = loop;
    trace->counters = *counters;
    trace->waits = waits;
    trace->context = context;
    return trace;
}

void trace_free(struct trace *trace) {
    if (trace == NULL)
        return;
    for (size_t i = 0; i < TRACE_BATCHES; i++)
        buffer_free(&trace->batches[i].spans);
    free(trace);
}

static int64_t now_ns(void) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static const unsigned char *take_random(struct trace *trace, size_t count) {
    if (trace->random_left < count) {
        loop_random(trace->loop, trace->random, sizeof trace->random);
        trace->random_left = sizeof trace->random;
    }
    trace->random_left -= count;
    return trace->random + trace->random_left;
}

void trace_start(struct trace *trace, const struct trace_context *parent, struct trace_span *out) {
    if (trace == NULL || !parent->is_sampled)
        return;
    trace_context_span(parent, take_random(trace, TRACE_SPAN_ID_BYTES), &out->context);
    memcpy(out->parent_id, parent->span_id, sizeof out->parent_id);
    out->has_parent = true;
    out->started_ns = now_ns();
}

void trace_start_request(struct trace *trace, const struct trace_context *incoming, double ratio,
                         struct trace_span *out) {
    struct trace_context context;

    if (trace == NULL)
        return;
    if (incoming != NULL) {
        trace_start(trace, incoming, out);
        return;
    }
    trace_context_mint(take_random(trace, TRACE_RANDOM_BYTES), &context);
    if (!trace_context_is_chosen(&context, ratio))
        return;
    out->context = context;
    out->context.is_sampled = true;
    out->started_ns = now_ns();
}

/* ---- The ring ---- */

static struct trace_batch *batch_at(struct trace *trace, size_t place) {
    return &trace->batches[(trace->first + place) % TRACE_BATCHES];
}

/* The batch that has room, or NULL. */
static struct trace_batch *find_room(struct trace *trace) {
    struct trace_batch *last = trace->used == 0 ? NULL : batch_at(trace, trace->used - 1);

    if (last != NULL && last->count < TRACE_BATCH_SPANS && !(trace->is_lent && trace->used == 1))
        return last;
    return trace->used < TRACE_BATCHES ? batch_at(trace, trace->used++) : NULL;
}

void trace_finish(struct trace *trace, const struct trace_span *span,
                  const struct trace_facts *facts) {
    struct trace_batch *batch = find_room(trace);
    int64_t ended_ns = now_ns();

    if (batch == NULL) {
        metrics_add(trace->counters.metrics, trace->counters.dropped,
                    (const char *const[]){"queue_full"}, 1);
        return;
    }
    if (batch->count > 0)
        buffer_append_byte(&batch->spans, ',');
    /* The clock may have been set back. */
    trace_encode_span(span, ended_ns < span->started_ns ? span->started_ns : ended_ns, facts,
                      &batch->spans);
    batch->count++;
    if (batch->count == 1 || batch->count == TRACE_BATCH_SPANS)
        trace->waits(trace->context);
}

const struct trace_batch *trace_lend(struct trace *trace) {
    trace->is_lent = trace->used > 0;
    return trace->is_lent ? batch_at(trace, 0) : NULL;
}

void trace_forget(struct trace *trace) {
    struct trace_batch *batch = batch_at(trace, 0);

    buffer_free(&batch->spans);
    batch->count = 0;
    trace->is_lent = false;
    trace->first = (trace->first + 1) % TRACE_BATCHES;
    trace->used--;
}

bool trace_is_batch_full(const struct trace *trace) {
    return trace->used > 1 ||
           (trace->used == 1 && trace->batches[trace->first].count == (size_t)TRACE_BATCH_SPANS);
}
