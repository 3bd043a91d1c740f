#include "common/queue/browse.h"

#include "common/base/memory.h"
#include "common/queue/kafka_admin.h"
#include "common/queue/kafka_client.h"
#include "common/queue/kafka_offsets.h"
#include "common/queue/kafka_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POLL_MS = 100, DISPOSE_WAIT_MS = 3000 };

static const struct kafka_setting reader_settings[] = {
    {"enable.auto.commit", "false"},        {"enable.partition.eof", "true"},
    {"auto.offset.reset", "earliest"},      {"fetch.wait.max.ms", "100"},
    {"queued.max.messages.kbytes", "8192"}, {NULL, NULL},
};

static int64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- Ranges ---- */

static void add_topics(const struct rd_kafka_metadata *metadata,
                       const char (*topics)[TOPIC_NAME_SIZE], size_t topic_count,
                       rd_kafka_topic_partition_list_t *list) {
    for (size_t i = 0; i < topic_count; i++) {
        const struct rd_kafka_metadata_topic *topic = kafka_admin_topic(metadata, topics[i]);
        if (topic != NULL)
            rd_kafka_topic_partition_list_add_range(list, topics[i], 0, topic->partition_cnt - 1);
    }
}

/* Where each partition stood at that time. Behind its last record it is the end. */
static bool find_time(struct kafka_admin *admin, rd_kafka_topic_partition_list_t *list,
                      int64_t since_ms, struct browse_range *ranges, struct error *error) {
    rd_kafka_resp_err_t code;

    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = since_ms;
    code = rd_kafka_offsets_for_times(kafka_admin_client(admin), list,
                                      (int)kafka_admin_remaining_ms(admin));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return kafka_error_set(error, code, "the brokers do not find the time: %s",
                               rd_kafka_err2str(code));
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR)
            ranges[i].next = list->elems[i].offset >= 0 ? list->elems[i].offset : ranges[i].end;
    return true;
}

/* Fills a range for each entry of the list. */
static bool find_ends(struct kafka_admin *admin, const rd_kafka_topic_partition_list_t *list,
                      struct browse_range *ranges, struct error *error) {
    struct kafka_offsets *offsets = memory_new_array((size_t)list->cnt + 1, sizeof *offsets);
    bool success =
        list->cnt == 0 || kafka_offsets_read(kafka_admin_client(admin), list,
                                             kafka_admin_remaining_ms(admin), offsets, error);

    for (int i = 0; success && i < list->cnt; i++) {
        struct browse_range *range = &ranges[i];
        snprintf(range->topic, sizeof range->topic, "%s", list->elems[i].topic);
        range->partition = list->elems[i].partition;
        range->start = range->next = offsets[i].start;
        range->end = offsets[i].end;
    }
    free(offsets);
    return success;
}

static void reader_group(const struct queue_config *config, char out[TOPIC_NAME_SIZE]) {
    snprintf(out, TOPIC_NAME_SIZE, "%sctl", config->prefix);
}

bool browse_ranges(const struct queue_config *config, const char (*topics)[TOPIC_NAME_SIZE],
                   size_t topic_count, int64_t since_ms, int64_t timeout_ms,
                   struct browse_range **out, size_t *count, struct error *error) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(0);
    const struct rd_kafka_metadata *metadata = NULL;
    char group[TOPIC_NAME_SIZE];
    struct kafka_admin *admin;
    bool success = false;

    *out = NULL;
    *count = 0;
    reader_group(config, group);
    admin = kafka_admin_open(config, group, timeout_ms, error);
    if (admin != NULL)
        metadata = kafka_admin_metadata(admin, error);
    if (metadata != NULL) {
        add_topics(metadata, topics, topic_count, list);
        rd_kafka_metadata_destroy(metadata);
        *count = (size_t)list->cnt;
        *out = memory_new_array(*count + 1, sizeof **out);
        success = find_ends(admin, list, *out, error) &&
                  (since_ms == 0 || *count == 0 || find_time(admin, list, since_ms, *out, error));
    }
    if (!success) {
        free(*out);
        *out = NULL;
    }
    rd_kafka_topic_partition_list_destroy(list);
    kafka_admin_close(admin);
    return success;
}

/* ---- Reading ---- */

struct reader {
    rd_kafka_t *client;
    struct browse_range *ranges;
    size_t count;
    size_t open_count; /* of those that have not reached their end */
    browse_record_take *record;
    void *context;
};

static struct browse_range *find_range(const struct reader *reader, const char *topic,
                                       int32_t partition) {
    for (size_t i = 0; i < reader->count; i++)
        if (reader->ranges[i].partition == partition && strcmp(reader->ranges[i].topic, topic) == 0)
            return &reader->ranges[i];
    return NULL;
}

/* The end may be passed: what came later is of no interest, and its partition has been counted. */
static void reach(struct reader *reader, struct browse_range *range, int64_t next) {
    bool was_open = range->next < range->end;

    if (next > range->next)
        range->next = next;
    if (was_open && range->next >= range->end)
        reader->open_count--;
}

/* False when it is enough. */
static bool take(struct reader *reader, const rd_kafka_message_t *message) {
    struct browse_range *range =
        find_range(reader, rd_kafka_topic_name(message->rkt), message->partition);
    bool goes_on;

    if (range == NULL || range->next >= range->end)
        return true;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        reach(reader, range, message->offset > range->end ? message->offset : range->end);
        return true;
    }
    if (message->offset >= range->end) {
        reach(reader, range, range->end);
        return true;
    }
    goes_on = reader->record(reader->context, kafka_record_copy(message));
    reach(reader, range, message->offset + 1);
    return goes_on;
}

static bool read_all(struct reader *reader, int64_t deadline_ms, struct error *error) {
    while (reader->open_count > 0 && now_ms() < deadline_ms) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->client, POLL_MS);
        rd_kafka_resp_err_t code = message == NULL ? RD_KAFKA_RESP_ERR_NO_ERROR : message->err;
        bool goes_on = true;
        if (message == NULL)
            continue;
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            goes_on = take(reader, message);
        else if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
            kafka_error_set(error, code, "the topics may not be read: %s",
                            rd_kafka_message_errstr(message));
            rd_kafka_message_destroy(message);
            return false;
        }
        rd_kafka_message_destroy(message);
        if (!goes_on)
            return true;
    }
    return true;
}

static rd_kafka_t *open_client(const struct queue_config *config, struct error *error) {
    rd_kafka_conf_t *conf = kafka_conf_new(config, reader_settings, error);
    char group[TOPIC_NAME_SIZE];
    rd_kafka_t *client;

    if (conf == NULL)
        return NULL;
    reader_group(config, group);
    kafka_conf_set(conf, "group.id", group);
    client = kafka_client_new(RD_KAFKA_CONSUMER, conf, error);
    if (client == NULL)
        rd_kafka_conf_destroy(conf);
    else
        rd_kafka_poll_set_consumer(client);
    return client;
}

static void assign(struct reader *reader) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)reader->count);

    for (size_t i = 0; i < reader->count; i++) {
        const struct browse_range *range = &reader->ranges[i];
        if (range->next >= range->end)
            continue;
        rd_kafka_topic_partition_list_add(list, range->topic, range->partition)->offset =
            range->next;
        reader->open_count++;
    }
    rd_kafka_assign(reader->client, list);
    rd_kafka_topic_partition_list_destroy(list);
}

bool browse_is_complete(const struct browse_range *ranges, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (ranges[i].next < ranges[i].end)
            return false;
    return true;
}

bool browse(const struct queue_config *config, struct browse_range *ranges, size_t count,
            int64_t timeout_ms, browse_record_take *record, void *context, struct error *error) {
    struct reader reader = {.ranges = ranges, .count = count, .record = record, .context = context};
    int64_t deadline_ms = now_ms() + timeout_ms;
    bool success;

    if (browse_is_complete(ranges, count))
        return true;
    reader.client = open_client(config, error);
    if (reader.client == NULL)
        return false;
    assign(&reader);
    success = read_all(&reader, deadline_ms, error);
    rd_kafka_assign(reader.client, NULL);
    kafka_client_dispose(reader.client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE, NULL,
                         DISPOSE_WAIT_MS);
    return success;
}

/* ---- One ---- */

static bool keep(void *context, struct queue_record *record) {
    struct queue_record **out = context;

    *out = record;
    return false;
}

struct queue_record *browse_one(const struct queue_config *config, const char *topic,
                                int32_t partition, int64_t offset, int64_t timeout_ms,
                                struct error *error) {
    char topics[1][TOPIC_NAME_SIZE] = {""};
    struct browse_range *ranges;
    struct queue_record *record = NULL;
    size_t count;

    strncat(topics[0], topic, sizeof topics[0] - 1);
    if (!browse_ranges(config, (const char(*)[TOPIC_NAME_SIZE])topics, 1, 0, timeout_ms, &ranges,
                       &count, error))
        return NULL;
    if (partition < 0 || (size_t)partition >= count) {
        error_set(error, ERROR_NOT_FOUND, "there is no partition %d of %s", partition, topic);
    } else if (offset < ranges[partition].start || offset >= ranges[partition].end) {
        error_set(error, ERROR_NOT_FOUND, "%s [%d] has no record %lld: it goes from %lld to %lld",
                  topic, partition, (long long)offset, (long long)ranges[partition].start,
                  (long long)ranges[partition].end - 1);
    } else {
        ranges[partition].next = offset;
        ranges[partition].end = offset + 1;
        if (browse(config, &ranges[partition], 1, timeout_ms, keep, &record, error) &&
            record == NULL)
            error_set(error,
                      browse_is_complete(&ranges[partition], 1) ? ERROR_NOT_FOUND : ERROR_TIMEOUT,
                      "%s [%d] does not give record %lld", topic, partition, (long long)offset);
    }
    free(ranges);
    return record;
}
