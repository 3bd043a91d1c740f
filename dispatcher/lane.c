#include "dispatcher/lane.h"

#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/queue/topics.h"
#include "dispatcher/core.h"
#include "dispatcher/gates.h"
#include "dispatcher/instruments.h"
#include "dispatcher/intake.h"
#include "dispatcher/partition.h"
#include "dispatcher/recent.h"

#include <stdlib.h>

enum lane_state {
    LANE_JOINING,  /* no partitions yet, or none any more */
    LANE_RUNNING,  /* reading */
    LANE_DRAINING, /* reads nothing; what is on the wire has until the deadline */
    LANE_FLUSHING, /* drained; the last commit is on its way */
    LANE_LEAVING,  /* waits for the group to let go */
    LANE_LEFT,
};

/* How long the last commit may take before the partitions go without it: what it would have
 * covered is then read again by the next owner, and told from new by its marks. */
enum { FLUSH_TIMEOUT_MS = 2000, ENCODING_BYTES = 16384 };

struct lane {
    struct core core;
    char *name;
    enum lane_state state;
    bool revoked; /* the group waits for queue_consumer_release */
    bool leaves;  /* the process goes down */
    size_t commits_outstanding;
    struct timer *commit;
    struct timer *deadline; /* of LANE_DRAINING and LANE_FLUSHING */
    lane_failed *failed;
    void *failed_context;
    lane_drained *drained;
    void *drained_context;
};

static void enter(struct lane *lane, enum lane_state state) {
    static const char *const names[] = {"joining",  "running", "draining",
                                        "flushing", "leaving", "left"};

    log_info("lane", log_text("lane", lane->name), log_text("from", names[lane->state]),
             log_text("to", names[state]),
             log_number("partitions", (int64_t)partitions_count(lane->core.partitions)));
    lane->state = state;
}

static void commit(struct lane *lane, bool force) {
    if (partitions_commit(lane->core.partitions, force) > 0)
        lane->commits_outstanding++;
}

/* From here on nothing of the partitions is ours any more. */
static void let_go(struct lane *lane) {
    timer_stop(lane->deadline);
    intake_detach(lane->core.intake);
    partitions_clear(lane->core.partitions);
    if (lane->revoked) {
        lane->revoked = false;
        queue_consumer_release(lane->core.consumer);
    }
    if (lane->state == LANE_LEAVING)
        return;
    if (lane->leaves) {
        enter(lane, LANE_LEAVING);
        queue_consumer_leave(lane->core.consumer);
    } else {
        enter(lane, LANE_JOINING);
    }
}

static void flush(struct lane *lane) {
    enter(lane, LANE_FLUSHING);
    commit(lane, false);
    if (lane->commits_outstanding == 0)
        let_go(lane);
    else
        timer_start(lane->deadline, FLUSH_TIMEOUT_MS);
}

static void drain(struct lane *lane) {
    enter(lane, LANE_DRAINING);
    intake_open(lane->core.intake, false);
    intake_abandon_idle(lane->core.intake);
    if (intake_attached(lane->core.intake) == 0)
        flush(lane);
    else
        timer_start(lane->deadline, lane->core.config->dispatcher.drain_timeout_ms);
}

static void on_progress(void *context) {
    struct lane *lane = context;

    if (lane->state == LANE_DRAINING && intake_attached(lane->core.intake) == 0)
        flush(lane);
}

static void on_deadline(void *context) {
    struct lane *lane = context;

    log_warning(
        "drain_deadline", log_text("lane", lane->name),
        log_number("in_flight", (int64_t)intake_attached(lane->core.intake)),
        log_text("reason", lane->state == LANE_FLUSHING ? "commit_unanswered" : "provider_slow"));
    if (lane->state == LANE_DRAINING)
        flush(lane);
    else if (lane->state == LANE_FLUSHING)
        let_go(lane);
}

static void on_commit_due(void *context) {
    struct lane *lane = context;

    if (lane->commits_outstanding == 0 &&
        (lane->state == LANE_RUNNING || lane->state == LANE_DRAINING))
        commit(lane, false);
    timer_start(lane->commit, lane->core.config->dispatcher.commit_interval_ms);
}

static void assigned(void *context, const struct queue_position *positions, size_t count) {
    struct lane *lane = context;

    queue_consumer_accept(lane->core.consumer);
    if (lane->state != LANE_JOINING)
        return;
    partitions_assign(lane->core.partitions, positions, count);
    instruments_rebalanced(&lane->core);
    enter(lane, LANE_RUNNING);
    /* So that lag, which counts from the commit, is true before the first record is settled. */
    commit(lane, true);
    intake_open(lane->core.intake, true);
}

static void revoked(void *context, bool lost) {
    struct lane *lane = context;

    lane->revoked = true;
    if (lost || lane->state == LANE_JOINING || lane->state == LANE_LEAVING) {
        intake_open(lane->core.intake, false);
        intake_abandon_idle(lane->core.intake);
        let_go(lane);
    } else if (lane->state == LANE_RUNNING) {
        drain(lane);
    }
}

static void received(void *context, struct queue_record *record) {
    struct lane *lane = context;

    if (lane->state == LANE_RUNNING)
        partitions_receive(lane->core.partitions, record);
    else
        queue_record_free(record);
}

static void committed(void *context, const struct error *error) {
    struct lane *lane = context;

    if (lane->commits_outstanding > 0)
        lane->commits_outstanding--;
    if (error != NULL) {
        log_warning("commit_failed", log_text("lane", lane->name), log_text("reason", error->text));
        instruments_commit_failed(&lane->core);
        partitions_commit_failed(lane->core.partitions);
    }
    if (lane->state == LANE_FLUSHING && lane->commits_outstanding == 0)
        let_go(lane);
}

static void left(void *context) {
    struct lane *lane = context;

    enter(lane, LANE_LEFT);
    if (lane->drained != NULL)
        lane->drained(lane->drained_context);
}

static void consumer_failed(void *context, const struct error *error) {
    struct lane *lane = context;

    lane->failed(lane->failed_context, error);
}

static const struct queue_consumer_events events = {.assigned = assigned,
                                                    .revoked = revoked,
                                                    .record = received,
                                                    .committed = committed,
                                                    .left = left,
                                                    .failed = consumer_failed};

static struct queue_consumer *join(struct lane *lane, struct error *error) {
    const struct config *config = lane->core.config;
    char names[CONFIG_LIST_MAX + 1][TOPIC_NAME_SIZE];
    const char *topics[CONFIG_LIST_MAX + 1];
    char group[TOPIC_NAME_SIZE];
    size_t count = 0;

    topic_name(&config->queue, TOPIC_PUSH, lane->name, 0, names[count++]);
    for (size_t i = 0; i < config->retry.delays.count; i++)
        topic_name(&config->queue, TOPIC_RETRY, lane->name, config->retry.delays.items_ms[i],
                   names[count++]);
    for (size_t i = 0; i < count; i++)
        topics[i] = names[i];
    topic_group(&config->queue, lane->name, group);
    return queue_consumer_open(lane->core.parts.loop, &config->queue, group, topics, count, &events,
                               lane, error);
}

struct lane *lane_open(const char *name, const struct lane_parts *parts, lane_failed *failed,
                       void *context, struct error *error) {
    struct lane *lane = memory_new(sizeof *lane);
    struct core *core = &lane->core;

    lane->name = memory_copy_text(name);
    lane->failed = failed;
    lane->failed_context = context;
    lane->commit = timer_new(parts->loop, on_commit_due, lane);
    lane->deadline = timer_new(parts->loop, on_deadline, lane);
    core->lane = lane->name;
    core->parts = *parts;
    core->config = config_hold(parts->config);
    core->progressed = on_progress;
    core->progressed_context = lane;
    core->arena = arena_new(ENCODING_BYTES);
    core->partitions = partitions_new(core);
    core->gates = gates_new(core);
    core->recent = recent_new();
    core->intake = intake_new(core);
    core->consumer = join(lane, error);
    if (core->consumer == NULL) {
        lane_close(lane);
        return NULL;
    }
    timer_start(lane->commit, parts->config->dispatcher.commit_interval_ms);
    return lane;
}

void lane_configure(struct lane *lane, const struct config *config) {
    struct core *core = &lane->core;
    const struct config *before = core->config;

    core->config = config_hold(config);
    config_release(before);
    gates_reconfigure(core->gates);
    intake_configured(core->intake);
}

void lane_drain(struct lane *lane, lane_drained *drained, void *context) {
    lane->drained = drained;
    lane->drained_context = context;
    if (lane->leaves)
        return;
    lane->leaves = true;
    if (lane->state == LANE_JOINING)
        let_go(lane);
    else if (lane->state == LANE_RUNNING)
        drain(lane);
}

void lane_close(struct lane *lane) {
    if (lane == NULL)
        return;
    timer_free(lane->commit);
    timer_free(lane->deadline);
    intake_free(lane->core.intake);
    gates_free(lane->core.gates);
    recent_free(lane->core.recent);
    partitions_free(lane->core.partitions);
    if (lane->core.consumer != NULL)
        queue_consumer_close(lane->core.consumer);
    arena_free(lane->core.arena);
    config_release(lane->core.config);
    free(lane->name);
    free(lane);
}

const char *lane_name(const struct lane *lane) {
    return lane->name;
}

bool lane_is_ready(const struct lane *lane) {
    return lane->state == LANE_RUNNING;
}

void lane_update_gauges(struct lane *lane) {
    instruments_update(&lane->core);
}

static void write_partition(const struct partition *partition, struct buffer *out) {
    buffer_append_text(out, "{\"topic\":\"");
    buffer_append_json_escaped(out, slice_of(partition->topic));
    buffer_append_format(out,
                         "\",\"partition\":%d,\"state\":\"%s\",\"position\":%lld,\"lag\":%lld,"
                         "\"unsettled\":%zu}",
                         partition->number, partition_state_name(partition->state),
                         (long long)ledger_position(partition->ledger),
                         (long long)partition_lag(partition), ledger_unsettled(partition->ledger));
}

void lane_write_status(const struct lane *lane, struct buffer *out) {
    struct partitions *partitions = lane->core.partitions;

    buffer_append_text(out, "{\"lane\":\"");
    buffer_append_json_escaped(out, slice_of(lane->name));
    buffer_append_format(
        out,
        "\",\"ready\":%s,\"oldest_ms\":%lld,\"in_flight\":%zu,\"in_flight_bytes\":%zu,"
        "\"partitions\":[",
        lane_is_ready(lane) ? "true" : "false", (long long)instruments_oldest_ms(&lane->core),
        intake_in_flight(lane->core.intake), intake_in_flight_bytes(lane->core.intake));
    for (size_t i = 0; i < partitions_count(partitions); i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        write_partition(partitions_at(partitions, i), out);
    }
    buffer_append_text(out, "],\"outcomes\":");
    recent_write_outcomes(lane->core.recent, out);
    buffer_append_text(out, ",\"gates\":");
    gates_write_status(lane->core.gates, out);
    buffer_append_byte(out, '}');
}

void lane_write_details(const struct lane *lane, struct buffer *out) {
    buffer_append_text(out, "{\"lane\":");
    buffer_append_json_text(out, slice_of(lane->name));
    buffer_append_text(out, ",\"hosts\":");
    recent_write_hosts(lane->core.recent, out);
    buffer_append_text(out, ",\"failures\":");
    recent_write_failures(lane->core.recent, out);
    buffer_append_byte(out, '}');
}
