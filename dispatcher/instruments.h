/* The dispatcher's metrics: one table, and one function for each thing that happens. */
#ifndef COLUMBA_DISPATCHER_INSTRUMENTS_H
#define COLUMBA_DISPATCHER_INSTRUMENTS_H

#include "common/push/app.h"
#include "dispatcher/core.h"
#include "dispatcher/decision.h"

enum dispatcher_metric {
    DISPATCHER_RECORDS,
    DISPATCHER_LATE,
    DISPATCHER_UNCERTAIN,
    DISPATCHER_QUEUE_SECONDS,
    DISPATCHER_DELIVERY_SECONDS,
    DISPATCHER_PROVIDER_SECONDS,
    DISPATCHER_WITHHELD,
    DISPATCHER_HELD,
    DISPATCHER_GATED,
    DISPATCHER_GATES,
    DISPATCHER_GATED_WAITING,
    DISPATCHER_COPY_FAILURES,
    DISPATCHER_STATE_ANSWERS,
    DISPATCHER_COMMIT_FAILURES,
    DISPATCHER_LOST_RECORDS,
    DISPATCHER_REBALANCES,
    DISPATCHER_IN_FLIGHT,
    DISPATCHER_IN_FLIGHT_BYTES,
    DISPATCHER_PARTITIONS,
    DISPATCHER_LAG,
    DISPATCHER_OLDEST_SECONDS,
    DISPATCHER_REDIS_AVAILABLE,
    DISPATCHER_KAFKA_CONNECTED,
    DISPATCHER_CREDENTIAL_DAYS,
    DISPATCHER_CONFIG_RELOADS,
    DISPATCHER_CONFIG_FAILED,
    DISPATCHER_CONFIG_LOADED,
    DISPATCHER_SPANS_EXPORTED,
    DISPATCHER_SPANS_DROPPED,
    DISPATCHER_BUILD_INFO,
    DISPATCHER_METRIC_COUNT
};

extern const struct metric dispatcher_metrics[DISPATCHER_METRIC_COUNT];

/* A record was taken off the queue. */
void instruments_taken(struct core *core, int64_t accepted_ms);

/* A record has its outcome; age_ms is since it was accepted. app is NULL when unknown. */
void instruments_settled(struct core *core, const struct app *app, const struct ending *ending,
                         int64_t age_ms);

/* A delivery ended after its partition was given up. */
void instruments_late(struct core *core);

/* A request to a provider has ended, answered or not. */
void instruments_provider_time(struct core *core, const struct app *app, int64_t took_ms);

/* An ambiguous answer that nothing had earned a reject for. */
void instruments_withheld(struct core *core, const struct app *app);

void instruments_copy_failed(struct core *core);
void instruments_state_answered(struct core *core, bool known);
void instruments_commit_failed(struct core *core);
void instruments_rebalanced(struct core *core);

/* For how long the record has been due that has waited longest; 0 when none waits. */
int64_t instruments_oldest_ms(const struct core *core);

/* Brings the gauges up to date. */
void instruments_update(struct core *core);

#endif
