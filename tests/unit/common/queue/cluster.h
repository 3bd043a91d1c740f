/* A cluster to test against: librdkafka's mock, or with COLUMBA_TEST_BROKERS set a real one, whose
 * topics are made and left behind; and a member of a group that keeps account of what it is told.
 */
#ifndef COLUMBA_TESTS_QUEUE_CLUSTER_H
#define COLUMBA_TESTS_QUEUE_CLUSTER_H

#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/queue/kafka_admin.h"
#include "common/queue/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000, PARTITIONS = 4 };

struct cluster {
    struct loop *loop;
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *mock; /* NULL for a real one */
    struct queue_config config;
    struct property properties[4];
    char topic[64];
    char group[64];
};

static inline void cluster_property(struct cluster *cluster, char *name, char *value) {
    cluster->config.properties.items = cluster->properties;
    cluster->properties[cluster->config.properties.count++] = (struct property){name, value};
}

static inline void cluster_make_topic(struct cluster *cluster, const char *name, int partitions) {
    struct error error;

    if (cluster->mock != NULL) {
        assert_int_equal(rd_kafka_mock_topic_create(cluster->mock, name, partitions, 1), 0);
        return;
    }
    struct kafka_admin *admin = kafka_admin_open(&cluster->config, NULL, 5000, &error);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, 1, NULL, 0);
    rd_kafka_event_t *event = kafka_admin_create_take(admin, &topic, 1, &error);
    assert_non_null(event);
    rd_kafka_event_destroy(event);
    kafka_admin_close(admin);
}

/* Opens the cluster with one topic, made of names that no other test has. */
static inline struct cluster *cluster_open(void) {
    static int serial;
    struct cluster *cluster = memory_new(sizeof *cluster);
    char *brokers = getenv("COLUMBA_TEST_BROKERS");
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    log_open("test", getenv("COLUMBA_TEST_DEBUG") != NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
    cluster->loop = loop_new();
    if (brokers == NULL) {
        cluster->host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
        cluster->mock = rd_kafka_mock_cluster_new(cluster->host, 1);
        brokers = (char *)(uintptr_t)rd_kafka_mock_cluster_bootstraps(cluster->mock);
    } else {
        rd_kafka_conf_destroy(conf);
    }
    cluster->config.brokers = memory_copy_text(brokers);
    cluster->config.ack_timeout_ms = 10000;
    /* The least that each of them allows. */
    cluster_property(cluster, "session.timeout.ms", cluster->mock != NULL ? "4000" : "6000");
    snprintf(cluster->topic, sizeof cluster->topic, "test.%d.%d", (int)getpid(), serial);
    snprintf(cluster->group, sizeof cluster->group, "group.%d.%d", (int)getpid(), serial++);
    cluster_make_topic(cluster, cluster->topic, PARTITIONS);
    return cluster;
}

static inline void cluster_close(struct cluster *cluster) {
    loop_free(cluster->loop);
    if (cluster->mock != NULL) {
        rd_kafka_mock_cluster_destroy(cluster->mock);
        rd_kafka_destroy(cluster->host);
    }
    free(cluster->config.brokers);
    free(cluster);
}

/* Skips a test that the mock cannot pass: its groups take no commits while they rebalance and expel
 * members who take their time, and it deletes nothing. */
static inline void cluster_needs_real(struct cluster *cluster) {
    if (cluster->mock == NULL)
        return;
    cluster_close(cluster);
    skip();
}

/* ---- Running the loop until something holds ---- */

typedef bool condition(void *context);

struct wait {
    struct loop *loop;
    condition *holds;
    void *context;
    struct timer *poll;
    int64_t until_ms;
    bool held;
};

static inline void wait_poll(void *context) {
    struct wait *wait = context;

    wait->held = wait->holds != NULL && wait->holds(wait->context);
    if (wait->held || loop_monotonic_ms(wait->loop) >= wait->until_ms)
        loop_stop(wait->loop);
    else
        timer_start(wait->poll, 2);
}

static inline bool loop_until(struct loop *loop, condition *holds, void *context, int64_t for_ms) {
    struct wait wait = {.loop = loop,
                        .holds = holds,
                        .context = context,
                        .until_ms = loop_monotonic_ms(loop) + for_ms};

    wait.poll = timer_new(loop, wait_poll, &wait);
    timer_start(wait.poll, 0);
    loop_run(loop);
    timer_free(wait.poll);
    return wait.held;
}

#define await(loop, holds, context) assert_true(loop_until(loop, holds, context, PATIENCE_MS))
#define let_pass(loop, for_ms) loop_until(loop, NULL, NULL, for_ms)

/* ---- Sending ---- */

struct sent {
    size_t acknowledged;
    size_t failed;
    struct error last;
};

static inline void sent_done(void *context, const struct error *error) {
    struct sent *sent = context;

    if (error == NULL) {
        sent->acknowledged++;
        return;
    }
    sent->failed++;
    sent->last = *error;
}

static inline bool send_text(struct queue_producer *producer, const char *topic, const char *key,
                             const char *value, struct sent *sent, struct error *error) {
    struct queue_message message = {.topic = topic, .key = slice_of(key), .value = slice_of(value)};

    return queue_producer_send(producer, &message, sent_done, sent, error);
}

struct sent_all {
    const struct sent *sent;
    size_t count;
};

static inline bool all_reported(void *context) {
    const struct sent_all *all = context;

    return all->sent->acknowledged + all->sent->failed >= all->count;
}

/* Until so many are acknowledged or failed. */
static inline void await_reported(struct cluster *cluster, const struct sent *sent, size_t count) {
    await(cluster->loop, all_reported, (&(struct sent_all){sent, count}));
}

/* Publishes numbered messages under numbered keys and waits for all of them. */
static inline void publish(struct cluster *cluster, size_t count) {
    struct error error;
    struct sent sent = {0};
    struct queue_producer *producer = queue_producer_open(cluster->loop, &cluster->config, &error);
    char key[24];
    char value[24];

    assert_non_null(producer);
    for (size_t i = 0; i < count; i++) {
        snprintf(key, sizeof key, "key-%zu", i % 97);
        snprintf(value, sizeof value, "%zu", i);
        assert_true(send_text(producer, cluster->topic, key, value, &sent, &error));
    }
    await_reported(cluster, &sent, count);
    assert_int_equal(sent.acknowledged, count);
    queue_producer_close(producer);
}

/* ---- A member of a group ---- */

enum { MEMBER_PARTITIONS = 16 };

struct member {
    struct cluster *cluster;
    struct queue_consumer *consumer;
    size_t assigned_count;
    size_t revoked_count;
    size_t lost_count;
    size_t commit_count;
    size_t commit_failure_count;
    size_t left_count;
    size_t record_count;
    size_t disorder_count; /* records that are not the next of a partition that is ours */
    bool is_assigned;
    size_t partition_count;
    bool has[MEMBER_PARTITIONS];
    bool is_paused[MEMBER_PARTITIONS];
    int64_t next[MEMBER_PARTITIONS];
    char notes[MEMBER_PARTITIONS][16]; /* that came with the assignment */
    const char *note;                  /* to commit with; may be NULL */
    bool holds_release;                /* the test releases */
    void (*on_record)(struct member *member, const struct queue_record *record);
};

static inline void member_assigned(void *context, const struct queue_position *positions,
                                   size_t count) {
    struct member *member = context;

    assert_false(member->is_assigned);
    member->is_assigned = true;
    member->assigned_count++;
    member->partition_count = count;
    memset(member->has, 0, sizeof member->has);
    memset(member->is_paused, 0, sizeof member->is_paused);
    for (size_t i = 0; i < count; i++) {
        assert_true(positions[i].offset >= 0);
        member->has[positions[i].partition] = true;
        member->next[positions[i].partition] = positions[i].offset;
        snprintf(member->notes[positions[i].partition], sizeof member->notes[0], "%s",
                 positions[i].note == NULL ? "" : positions[i].note);
    }
    queue_consumer_accept(member->consumer);
}

static inline void member_revoked(void *context, bool lost) {
    struct member *member = context;

    assert_true(member->is_assigned);
    member->is_assigned = false;
    member->revoked_count++;
    member->lost_count += lost;
    if (!member->holds_release)
        queue_consumer_release(member->consumer);
}

static inline void member_record(void *context, struct queue_record *record) {
    struct member *member = context;
    int32_t partition = record->partition;

    member->record_count++;
    if (!member->is_assigned || !member->has[partition] || member->is_paused[partition] ||
        member->next[partition] != record->offset)
        member->disorder_count++;
    member->next[partition] = record->offset + 1;
    if (member->on_record != NULL)
        member->on_record(member, record);
    queue_record_free(record);
}

static inline void member_committed(void *context, const struct error *error) {
    struct member *member = context;

    member->commit_count++;
    member->commit_failure_count += error != NULL;
}

static inline void member_left(void *context) {
    struct member *member = context;

    member->left_count++;
}

static inline void member_failed(void *context, const struct error *error) {
    (void)context;
    fail_msg("the consumer failed: %s", error->text);
}

static const struct queue_consumer_events member_events = {.assigned = member_assigned,
                                                           .revoked = member_revoked,
                                                           .record = member_record,
                                                           .committed = member_committed,
                                                           .left = member_left,
                                                           .failed = member_failed};

static inline void member_join(struct member *member, struct cluster *cluster) {
    struct error error;
    const char *topic = cluster->topic;

    member->cluster = cluster;
    member->consumer = queue_consumer_open(cluster->loop, &cluster->config, cluster->group, &topic,
                                           1, &member_events, member, &error);
    assert_non_null(member->consumer);
}

static inline bool member_is_assigned(void *context) {
    return ((struct member *)context)->is_assigned;
}

static inline bool member_has_left(void *context) {
    return ((struct member *)context)->left_count == 1;
}

static inline void member_commit(struct member *member) {
    struct queue_position positions[MEMBER_PARTITIONS];
    size_t count = 0;

    for (int32_t i = 0; i < MEMBER_PARTITIONS; i++) {
        if (member->has[i])
            positions[count++] = (struct queue_position){.topic = member->cluster->topic,
                                                         .partition = i,
                                                         .offset = member->next[i],
                                                         .note = member->note};
    }
    queue_consumer_commit(member->consumer, positions, count);
}

static inline void member_leave(struct member *member) {
    queue_consumer_leave(member->consumer);
    await(member->cluster->loop, member_has_left, member);
    queue_consumer_close(member->consumer);
}

struct member_count {
    const size_t *counter;
    size_t least;
};

static inline bool has_counted(void *context) {
    const struct member_count *count = context;

    return *count->counter >= count->least;
}

#define await_count(cluster, counter, least)                                                       \
    await((cluster)->loop, has_counted, (&(struct member_count){&(counter), (least)}))

#endif
