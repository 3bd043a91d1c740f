/* One lane: a consumer group on its push and retry topics, and everything between a record and
 * its outcome. This is the whole of the dispatcher's core seen from outside: main.c gives it real
 * parts, the simulation simulated ones. */
#ifndef COLUMBA_DISPATCHER_LANE_H
#define COLUMBA_DISPATCHER_LANE_H

#include "common/observe/metrics.h"
#include "common/observe/trace.h"
#include "common/queue/queue.h"
#include "common/state/state.h"
#include "dispatcher/credential.h"
#include "dispatcher/sender.h"

struct lane;

/* Borrowed, and shared between the lanes of a process; config is the first one, see lane_configure.
 * metrics is a set over dispatcher_metrics (instruments.h). */
struct lane_parts {
    struct loop *loop;
    const char *instance; /* this dispatcher's name in the fleet */
    const struct config *config;
    struct queue_producer *producer;
    struct state *state;
    struct sender *sender;
    struct credentials *credentials;
    struct metrics *metrics;
    struct trace *trace; /* NULL: tracing is off */
};

/* failed: the consumer cannot go on, the process has to end. */
typedef void lane_failed(void *context, const struct error *error);

struct lane *lane_open(const char *name, const struct lane_parts *parts, lane_failed *failed,
                       void *context, struct error *error);

/* From here on records are read with this configuration; deliveries under way keep theirs. What
 * change_check refuses is the same in both. */
void lane_configure(struct lane *lane, const struct config *config);

/* Takes no more, finishes what is on the wire within drain_timeout, commits, leaves the group, and
 * calls back once. */
typedef void lane_drained(void *context);
void lane_drain(struct lane *lane, lane_drained *drained, void *context);

/* After drained, or at once as in a crash. The parts must not call back for it any more: close
 * sender, credentials and state before it. */
void lane_close(struct lane *lane);

const char *lane_name(const struct lane *lane);

/* Whether partitions were assigned at least once and the group has not been lost since. */
bool lane_is_ready(const struct lane *lane);

/* A JSON object for /status: partitions, offsets, lag, the oldest, in flight, outcomes, gates. */
void lane_write_status(const struct lane *lane, struct buffer *out);

/* A JSON object of what is for this process's own page alone: slowest hosts, last failures. */
void lane_write_details(const struct lane *lane, struct buffer *out);

/* Brings the gauges of the metrics (lag, in flight, oldest unsettled) up to date. */
void lane_update_gauges(struct lane *lane);

#endif
