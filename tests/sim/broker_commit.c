/* Commits to the simulated Kafka: each is checked, so that nothing it passes is left without an
 * outcome. */
#include "common/base/memory.h"
#include "tests/sim/broker.h"

#include <stdlib.h>
#include <string.h>

struct commit {
    struct queue_consumer *member;
    struct queue_position positions[TOPICS_MAX * PARTITIONS_MAX];
    size_t count;
    bool refused;
};

static void check_passed(struct world *world, const struct log_record *record) {
    struct push *push = &world->pushes[record->push];
    int64_t pushkey = world_number(slice_of(record->key + strlen(record->key) + 1), "key");

    push->copies_live--;
    if (push->copies_live == 0 && push->delivered == 0 && !push->is_dead_letter &&
        !(pushkey >= 0 && world->reported_dead[pushkey]))
        world_broken(world, "a commit passes push %lld, which has no outcome",
                     (long long)record->push);
}

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
            check_passed(broker->world, &log->records[log->committed++]);
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
        world->met[MET_LATE_COMMIT]++;
    else
        apply(commit);
    world_schedule(world, consumer->process, 1 + (int64_t)world_random(world, 20), commit_answered,
                   commit);
}
