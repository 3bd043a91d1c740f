/* Commits to the simulated Kafka: each is checked, so that nothing it passes is left without an
 * outcome. */
#include "common/base/memory.h"
#include "tests/sim/broker.h"
#include "tests/sim/promises.h"

#include <stdio.h>
#include <stdlib.h>

struct commit {
    struct queue_consumer *member;
    struct queue_position positions[TOPICS_MAX * PARTITIONS_MAX];
    size_t count;
    bool refused;
};

static void apply(struct commit *commit) {
    struct broker *broker = commit->member->broker;

    for (size_t i = 0; i < commit->count; i++) {
        const struct queue_position *position = &commit->positions[i];
        size_t topic = broker_topic_index(broker, position->topic);
        struct log_partition *log = &broker->topics[topic].partitions[position->partition];
        if (position->offset < log->committed)
            world_broken(broker->world, "a commit of %s goes back from %lld to %lld",
                         position->topic, (long long)log->committed, (long long)position->offset);
        while (log->committed < position->offset)
            promises_passed(broker->world, log->records[log->committed++].push);
        snprintf(log->note, sizeof log->note, "%s", position->note == NULL ? "" : position->note);
    }
}

/* What it would have passed was settled by one who may not say so any more. */
static void meet_refusal(struct commit *commit) {
    struct broker *broker = commit->member->broker;

    broker->world->tally->happened[FAULT_LATE_COMMIT]++;
    for (size_t i = 0; i < commit->count; i++) {
        const struct queue_position *position = &commit->positions[i];
        size_t topic = broker_topic_index(broker, position->topic);
        const struct log_partition *log = &broker->topics[topic].partitions[position->partition];
        for (int64_t at = log->committed; at < position->offset; at++)
            promises_meet(broker->world, log->records[at].push, FAULT_LATE_COMMIT);
    }
}

static void commit_answered(void *context) {
    static const struct error stale = {.code = ERROR_REFUSED, .text = "unknown member"};
    struct commit *commit = context;

    commit->member->events->committed(commit->member->context, commit->refused ? &stale : NULL);
    free(commit);
}

/* A member that was expelled commits nothing any more: the broker knows its generation. */
void queue_consumer_commit(struct queue_consumer *consumer, const struct queue_position *positions,
                           size_t count) {
    struct world *world = consumer->broker->world;
    struct commit *commit = memory_new(sizeof *commit);

    commit->member = consumer;
    commit->count = count;
    for (size_t i = 0; i < count; i++) {
        commit->positions[i] = positions[i];
        commit->positions[i].topic =
            consumer->broker->topics[broker_topic_index(consumer->broker, positions[i].topic)].name;
    }
    commit->refused = consumer->expelled;
    if (commit->refused)
        meet_refusal(commit);
    else
        apply(commit);
    world_schedule(world, consumer->process, 1 + (int64_t)world_random(world, 20), commit_answered,
                   commit);
}
