/* What the modules of one lane share. Only they include this. */
#ifndef COLUMBA_DISPATCHER_CORE_H
#define COLUMBA_DISPATCHER_CORE_H

#include "common/base/arena.h"
#include "dispatcher/lane.h"
#include "dispatcher/queue_clock.h"

struct gates;
struct intake;
struct partitions;
struct recent;

struct core {
    const char *lane;
    struct lane_parts parts;
    const struct config *config; /* the present snapshot, held; a delivery keeps its own */
    struct queue_consumer *consumer;
    struct partitions *partitions;
    struct intake *intake;
    struct gates *gates;
    struct recent *recent;
    struct arena *arena; /* for one encoding at a time */
    struct queue_clock clock;

    /* A delivery was settled or left its partition: whoever drains looks again. */
    void (*progressed)(void *context);
    void *progressed_context;
};

static inline struct queue_clock_own core_own_clock(const struct core *core) {
    return (struct queue_clock_own){loop_wall_ms(core->parts.loop),
                                    loop_monotonic_ms(core->parts.loop)};
}

/* Now, by the brokers' clock. */
static inline int64_t core_queue_ms(const struct core *core) {
    return queue_clock_now_ms(&core->clock, core_own_clock(core));
}

#endif
