#include "dispatcher/instruments.h"

#include "dispatcher/gates.h"
#include "dispatcher/intake.h"
#include "dispatcher/partition.h"

#include <stdio.h>
#include <string.h>

/* From a phone that rings at once to a backlog of a day. */
#define AGE_BUCKETS                                                                                \
    { 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 1800, 7200, 43200, 86400 }

const struct metric dispatcher_metrics[DISPATCHER_METRIC_COUNT] = {
    [DISPATCHER_RECORDS] = {.name = "columba_dispatcher_records_total",
                            .type = METRIC_COUNTER,
                            .help = "Records settled, by how they ended. moved lives on in a retry "
                                    "topic, dead in the dead-letter topic.",
                            .labels = {"lane", "provider", "app", "outcome", "reason"},
                            .series_limit = 1000},
    [DISPATCHER_LATE] = {.name = "columba_dispatcher_late_total",
                         .type = METRIC_COUNTER,
                         .help = "Deliveries that ended after their partition was given up; the "
                                 "record's new owner settles it.",
                         .labels = {"lane"}},
    [DISPATCHER_UNCERTAIN] = {.name = "columba_dispatcher_uncertain_total",
                              .type = METRIC_COUNTER,
                              .help = "Requests whose answer got lost; what they carried is sent "
                                      "again and may show twice.",
                              .labels = {"lane", "app"}},
    [DISPATCHER_QUEUE_SECONDS] = {.name = "columba_dispatcher_queue_seconds",
                                  .type = METRIC_HISTOGRAM,
                                  .help = "Age of a push when it was taken off the queue.",
                                  .labels = {"lane"},
                                  .buckets = AGE_BUCKETS},
    [DISPATCHER_DELIVERY_SECONDS] = {.name = "columba_dispatcher_delivery_seconds",
                                     .type = METRIC_HISTOGRAM,
                                     .help = "Age of a push when the provider had taken it.",
                                     .labels = {"lane"},
                                     .buckets = AGE_BUCKETS},
    [DISPATCHER_PROVIDER_SECONDS] = {.name = "columba_dispatcher_provider_seconds",
                                     .type = METRIC_HISTOGRAM,
                                     .help = "Time from sending a request to its answer.",
                                     .labels = {"lane", "app"},
                                     .buckets = {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30}},
    [DISPATCHER_WITHHELD] = {.name = "columba_dispatcher_withheld_total",
                             .type = METRIC_COUNTER,
                             .help = "Ambiguous answers that rejected nobody, since no success had "
                                     "earned a reject: the configuration may be wrong.",
                             .labels = {"lane", "app"}},
    [DISPATCHER_HELD] = {.name = "columba_dispatcher_held_total",
                         .type = METRIC_COUNTER,
                         .help =
                             "Records moved to a retry topic because their pushkey has to wait.",
                         .labels = {"lane"}},
    [DISPATCHER_GATED] = {.name = "columba_dispatcher_gated_total",
                          .type = METRIC_COUNTER,
                          .help = "Records moved to a retry topic because their app or host has to "
                                  "wait, the attempt not counted.",
                          .labels = {"lane", "app"}},
    [DISPATCHER_GATES] = {.name = "columba_dispatcher_gates",
                          .type = METRIC_GAUGE,
                          .help =
                              "Gates of apps and hosts, by state and by what shut them: wait (the "
                              "provider said so), failing, unreachable, token (no access "
                              "token to be had), refused, credential (ours cannot be used), "
                              "operator.",
                          .labels = {"lane", "state", "reason"},
                          .series_limit = 1000},
    [DISPATCHER_GATED_WAITING] = {.name = "columba_dispatcher_gated_waiting",
                                  .type = METRIC_GAUGE,
                                  .help = "Records that wait in memory for a gate.",
                                  .labels = {"lane"}},
    [DISPATCHER_COPY_FAILURES] = {.name = "columba_dispatcher_copy_failures_total",
                                  .type = METRIC_COUNTER,
                                  .help = "Copies to a retry or dead-letter topic that the queue "
                                          "did not take; tried again.",
                                  .labels = {"lane"}},
    [DISPATCHER_STATE_ANSWERS] = {.name = "columba_dispatcher_state_answers_total",
                                  .type = METRIC_COUNTER,
                                  .help = "Questions and marks for Redis, by whether it answered.",
                                  .labels = {"lane", "result"}},
    [DISPATCHER_COMMIT_FAILURES] = {.name = "columba_dispatcher_commit_failures_total",
                                    .type = METRIC_COUNTER,
                                    .help = "Commits that the broker refused; repeated.",
                                    .labels = {"lane"}},
    [DISPATCHER_LOST_RECORDS] = {.name = "columba_dispatcher_lost_records_total",
                                 .type = METRIC_COUNTER,
                                 .help = "Records that retention deleted before they were read.",
                                 .labels = {"lane"}},
    [DISPATCHER_REBALANCES] = {.name = "columba_dispatcher_rebalances_total",
                               .type = METRIC_COUNTER,
                               .help = "Assignments received.",
                               .labels = {"lane"}},
    [DISPATCHER_IN_FLIGHT] = {.name = "columba_dispatcher_in_flight",
                              .type = METRIC_GAUGE,
                              .help = "Records taken and not settled.",
                              .labels = {"lane"}},
    [DISPATCHER_IN_FLIGHT_BYTES] = {.name = "columba_dispatcher_in_flight_bytes",
                                    .type = METRIC_GAUGE,
                                    .help = "The memory they take up.",
                                    .labels = {"lane"}},
    [DISPATCHER_PARTITIONS] = {.name = "columba_dispatcher_partitions",
                               .type = METRIC_GAUGE,
                               .help = "Partitions assigned to this process.",
                               .labels = {"lane"}},
    [DISPATCHER_LAG] = {.name = "columba_dispatcher_lag_records",
                        .type = METRIC_GAUGE,
                        .help =
                            "End of the log minus the committed offset, as KEDA and Kafka's tools "
                            "count it.",
                        .labels = {"lane", "topic", "partition"},
                        .series_limit = 4096},
    [DISPATCHER_OLDEST_SECONDS] = {.name = "columba_dispatcher_oldest_seconds",
                                   .type = METRIC_GAUGE,
                                   .help =
                                       "How long ago the oldest unsettled record was due: since it "
                                       "was accepted, less the delay of a retry topic.",
                                   .labels = {"lane", "topic", "partition"},
                                   .series_limit = 4096},
    [DISPATCHER_REDIS_AVAILABLE] = {.name = "columba_dispatcher_redis_available",
                                    .type = METRIC_GAUGE,
                                    .help = "1 when Redis answers."},
    [DISPATCHER_KAFKA_CONNECTED] = {.name = "columba_dispatcher_kafka_connected",
                                    .type = METRIC_GAUGE,
                                    .help = "1 when a broker is connected."},
    [DISPATCHER_CREDENTIAL_DAYS] = {.name = "columba_dispatcher_credential_days_left",
                                    .type = METRIC_GAUGE,
                                    .help = "Days until the certificate of an app ends; 0 or less "
                                            "where it has ended or cannot be read.",
                                    .labels = {"app"},
                                    .series_limit = 1000},
    [DISPATCHER_CONFIG_RELOADS] =
        {.name = "columba_dispatcher_config_reloads_total",
         .type = METRIC_COUNTER,
         .help = "Times the configuration was read again, by what became of it.",
         .labels = {"result"}},
    [DISPATCHER_CONFIG_FAILED] =
        {.name = "columba_dispatcher_config_reload_failed",
         .type = METRIC_GAUGE,
         .help = "1 while the file as it is was refused and an older configuration is in force."},
    [DISPATCHER_CONFIG_LOADED] =
        {.name = "columba_dispatcher_config_loaded_timestamp_seconds",
         .type = METRIC_GAUGE,
         .help = "When the configuration in force was read, in seconds since 1970."},
    [DISPATCHER_SPANS_EXPORTED] = {.name = "columba_dispatcher_spans_exported_total",
                                   .type = METRIC_COUNTER,
                                   .help =
                                       "Spans that the collector of tracing.endpoint has taken."},
    [DISPATCHER_SPANS_DROPPED] =
        {.name = "columba_dispatcher_spans_dropped_total",
         .type = METRIC_COUNTER,
         .help = "Spans that it has not: queue_full, refused by it, or unavailable for too long.",
         .labels = {"reason"}},
    [DISPATCHER_BUILD_INFO] = {.name = "columba_dispatcher_build_info",
                               .type = METRIC_GAUGE,
                               .help = "Always 1; the version is in the label.",
                               .labels = {"version"}},
};

static const char *app_label(const struct app *app) {
    return app == NULL ? "" : app->pattern;
}

static const char *provider_label(const struct app *app) {
    return app == NULL ? "" : provider_kind_name(app->kind);
}

static void count(struct core *core, enum dispatcher_metric metric) {
    metrics_add(core->parts.metrics, metric, (const char *const[]){core->lane}, 1);
}

static int64_t microseconds(int64_t ms) {
    return ms < 0 ? 0 : ms * 1000;
}

void instruments_taken(struct core *core, int64_t accepted_ms) {
    metrics_observe(core->parts.metrics, DISPATCHER_QUEUE_SECONDS,
                    (const char *const[]){core->lane},
                    microseconds(core_queue_ms(core) - accepted_ms));
}

void instruments_settled(struct core *core, const struct app *app, const struct ending *ending,
                         int64_t age_ms) {
    struct metrics *metrics = core->parts.metrics;

    metrics_add(metrics, DISPATCHER_RECORDS,
                (const char *const[]){core->lane, provider_label(app), app_label(app),
                                      outcome_name(ending->outcome), ending->reason},
                1);
    if (ending->outcome == OUTCOME_MOVED && strcmp(ending->reason, "held") == 0)
        count(core, DISPATCHER_HELD);
    if (ending->is_gated)
        metrics_add(metrics, DISPATCHER_GATED, (const char *const[]){core->lane, app_label(app)},
                    1);
    if (ending->is_uncertain)
        metrics_add(metrics, DISPATCHER_UNCERTAIN,
                    (const char *const[]){core->lane, app_label(app)}, 1);
    if (ending->outcome == OUTCOME_DELIVERED)
        metrics_observe(metrics, DISPATCHER_DELIVERY_SECONDS, (const char *const[]){core->lane},
                        microseconds(age_ms));
}

void instruments_late(struct core *core) {
    count(core, DISPATCHER_LATE);
}

void instruments_provider_time(struct core *core, const struct app *app, int64_t took_ms) {
    metrics_observe(core->parts.metrics, DISPATCHER_PROVIDER_SECONDS,
                    (const char *const[]){core->lane, app_label(app)}, microseconds(took_ms));
}

void instruments_withheld(struct core *core, const struct app *app) {
    metrics_add(core->parts.metrics, DISPATCHER_WITHHELD,
                (const char *const[]){core->lane, app_label(app)}, 1);
}

void instruments_copy_failed(struct core *core) {
    count(core, DISPATCHER_COPY_FAILURES);
}

void instruments_state_answered(struct core *core, bool known) {
    metrics_add(core->parts.metrics, DISPATCHER_STATE_ANSWERS,
                (const char *const[]){core->lane, known ? "answered" : "unavailable"}, 1);
}

void instruments_commit_failed(struct core *core) {
    count(core, DISPATCHER_COMMIT_FAILURES);
}

void instruments_rebalanced(struct core *core) {
    count(core, DISPATCHER_REBALANCES);
}

static void note_oldest(const struct core *core) {
    size_t count = partitions_count(core->partitions);

    for (size_t i = 0; i < count; i++)
        partitions_at(core->partitions, i)->oldest_ms = INT64_MAX;
    intake_note_oldest(core->intake);
}

/* What is in flight says so itself. Behind a pause may wait more, which nobody has seen yet: for as
 * long as the pause lasts, but for the one of a retry topic, which is no delay. */
static int64_t overdue_ms(const struct core *core, const struct partition *partition, int64_t lag) {
    if (partition->oldest_ms < INT64_MAX)
        return core_queue_ms(core) - partition->oldest_ms;
    if (lag == 0 || partition->state == PARTITION_READING || partition->state == PARTITION_HOLDING)
        return 0;
    return loop_monotonic_ms(core->parts.loop) - partition->entered_ms;
}

int64_t instruments_oldest_ms(const struct core *core) {
    size_t count = partitions_count(core->partitions);
    int64_t oldest_ms = 0;

    note_oldest(core);
    for (size_t i = 0; i < count; i++) {
        const struct partition *partition = partitions_at(core->partitions, i);
        int64_t overdue = overdue_ms(core, partition, partition_lag(partition));
        oldest_ms = overdue > oldest_ms ? overdue : oldest_ms;
    }
    return oldest_ms;
}

static void update_partition(struct core *core, const struct partition *partition) {
    char number[16];
    int64_t lag = partition_lag(partition);
    int64_t oldest_ms = overdue_ms(core, partition, lag);

    snprintf(number, sizeof number, "%d", partition->number);
    const char *const labels[] = {core->lane, partition->topic, number};
    metrics_set(core->parts.metrics, DISPATCHER_LAG, labels, (double)lag);
    metrics_set(core->parts.metrics, DISPATCHER_OLDEST_SECONDS, labels,
                oldest_ms < 0 ? 0 : (double)oldest_ms / 1000);
}

static void update_partitions(struct core *core) {
    size_t count = partitions_count(core->partitions);

    /* Those of partitions that are somebody else's by now would be counted twice. */
    metrics_unset(core->parts.metrics, DISPATCHER_LAG, core->lane);
    metrics_unset(core->parts.metrics, DISPATCHER_OLDEST_SECONDS, core->lane);
    note_oldest(core);
    for (size_t i = 0; i < count; i++)
        update_partition(core, partitions_at(core->partitions, i));
}

static void update_gates(struct core *core) {
    const struct gates_count count = gates_count(core->gates);

    /* What shuts no gate by now is not written. */
    metrics_unset(core->parts.metrics, DISPATCHER_GATES, core->lane);
    for (int state = 0; state < GATE_STATE_COUNT; state++)
        for (int cause = 0; cause < GATE_CAUSE_COUNT; cause++)
            if (count.gates[state][cause] > 0 || cause == GATE_CAUSE_NONE)
                metrics_set(core->parts.metrics, DISPATCHER_GATES,
                            (const char *const[]){core->lane,
                                                  gate_state_name((enum gate_state)state),
                                                  gate_cause_name((enum gate_cause)cause)},
                            (double)count.gates[state][cause]);
    metrics_set(core->parts.metrics, DISPATCHER_GATED_WAITING, (const char *const[]){core->lane},
                (double)count.waiting);
}

/* What has not happened is 0, and not absent: of a counter that begins with 1 no rate is known. */
static void update_counters(struct core *core) {
    struct metrics *metrics = core->parts.metrics;

    for (size_t i = 0; i < DISPATCHER_METRIC_COUNT; i++) {
        const struct metric *metric = &dispatcher_metrics[i];
        if (metric->type == METRIC_COUNTER && metric->labels[0] != NULL &&
            strcmp(metric->labels[0], "lane") == 0 && metric->labels[1] == NULL)
            metrics_add(metrics, i, (const char *const[]){core->lane}, 0);
    }
    metrics_add(metrics, DISPATCHER_STATE_ANSWERS, (const char *const[]){core->lane, "unavailable"},
                0);
}

void instruments_update(struct core *core) {
    struct metrics *metrics = core->parts.metrics;
    const char *const labels[] = {core->lane};

    update_counters(core);
    metrics_set(metrics, DISPATCHER_IN_FLIGHT, labels, (double)intake_in_flight(core->intake));
    metrics_set(metrics, DISPATCHER_IN_FLIGHT_BYTES, labels,
                (double)intake_in_flight_bytes(core->intake));
    metrics_set(metrics, DISPATCHER_PARTITIONS, labels, (double)partitions_count(core->partitions));
    update_gates(core);
    metrics_set(metrics, DISPATCHER_LOST_RECORDS, labels,
                (double)queue_consumer_lost_count(core->consumer));
    update_partitions(core);
}
