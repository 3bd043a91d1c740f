/* The logs of the simulated Kafka. */
#include "tests/sim/broker.h"

#include "common/base/memory.h"
#include "tests/sim/promises.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct broker *broker_new(struct world *world, int partitions) {
    struct broker *broker = memory_new(sizeof *broker);

    broker->world = world;
    broker->partitions = partitions;
    return broker;
}

void broker_record_free(struct log_record *record) {
    free(record->key);
    free(record->value);
    for (size_t i = 0; i < record->header_count; i++) {
        free((char *)record->headers[i].name);
        free((char *)record->headers[i].value.data);
    }
}

void broker_free(struct broker *broker) {
    for (size_t t = 0; t < broker->topic_count; t++) {
        for (int p = 0; p < broker->partitions; p++) {
            struct log_partition *log = &broker->topics[t].partitions[p];
            for (size_t i = 0; i < log->count; i++)
                broker_record_free(&log->records[i]);
            free(log->records);
        }
    }
    for (size_t i = 0; i < broker->member_count; i++)
        free(broker->members[i]);
    free(broker);
}

size_t broker_topic_index(struct broker *broker, const char *name) {
    for (size_t i = 0; i < broker->topic_count; i++)
        if (strcmp(broker->topics[i].name, name) == 0)
            return i;
    if (broker->topic_count == TOPICS_MAX)
        abort();
    struct log_topic *topic = &broker->topics[broker->topic_count];
    snprintf(topic->name, sizeof topic->name, "%s", name);
    topic->is_dead_letter = strstr(name, "dead.") != NULL;
    return broker->topic_count++;
}

static int partition_of(const struct broker *broker, struct slice key) {
    unsigned hash = 5381;

    for (size_t i = 0; i < key.size; i++)
        hash = hash * 33 + (unsigned char)key.data[i];
    return (int)(hash % (unsigned)broker->partitions);
}

struct log_record broker_record_copy(const struct queue_message *message, int64_t now_ms) {
    struct log_record copy = {
        .key = memory_copy_slice(message->key),
        .key_size = message->key.size,
        .value = memory_copy_slice(message->value),
        .value_size = message->value.size,
        .header_count = message->header_count,
        .timestamp_ms = now_ms,
        .push = promises_by_id(header_find(message->headers, message->header_count, "columba-id"))};

    for (size_t i = 0; i < message->header_count; i++) {
        struct slice value = message->headers[i].value;
        copy.headers[i].name = memory_copy_text(message->headers[i].name);
        copy.headers[i].value =
            (struct slice){.data = memory_copy_slice(value), .size = value.size};
    }
    return copy;
}

void broker_append_take(struct broker *broker, const char *topic_name, struct log_record record) {
    struct log_topic *topic = &broker->topics[broker_topic_index(broker, topic_name)];
    struct slice key = {.data = record.key, .size = record.key_size};
    struct log_partition *log = &topic->partitions[partition_of(broker, key)];
    struct push *push = &broker->world->promises->pushes[record.push];

    if (log->count == log->capacity) {
        log->capacity = log->capacity == 0 ? 64 : log->capacity * 2;
        log->records = memory_resize(log->records, log->capacity * sizeof *log->records);
    }
    record.timestamp_ms = broker->world->now_ms;
    log->records[log->count++] = record;
    if (topic->is_dead_letter)
        push->is_dead_letter = true;
    else
        push->copies_live++;
    world_trace(broker->world, "push %lld appended to %s", (long long)record.push, topic->name);
    broker_wake_members(broker);
}

void broker_accept(struct broker *broker, const char *lane, const struct queue_message *message) {
    char topic[128];

    snprintf(topic, sizeof topic, "columba.push.%s", lane);
    broker_append_take(broker, topic, broker_record_copy(message, broker->world->now_ms));
}

size_t broker_backlog(const struct broker *broker) {
    size_t backlog = 0;

    for (size_t t = 0; t < broker->topic_count; t++)
        for (int p = 0; p < broker->partitions && !broker->topics[t].is_dead_letter; p++) {
            const struct log_partition *log = &broker->topics[t].partitions[p];
            backlog += log->count - (size_t)log->committed;
        }
    return backlog;
}
