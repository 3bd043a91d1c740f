#include "common/queue/topics.h"

#include "common/base/memory.h"
#include "common/queue/kafka_admin.h"
#include "common/queue/kafka_client.h"
#include "common/queue/kafka_offsets.h"
#include "common/queue/topic_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note_metadata(struct topic_report *report, const struct rd_kafka_metadata *metadata) {
    for (size_t i = 0; i < report->count; i++) {
        struct topic_state *state = &report->topics[i];
        const struct rd_kafka_metadata_topic *topic = kafka_admin_topic(metadata, state->name);
        if (topic == NULL)
            continue;
        state->exists = true;
        state->partitions = topic->partition_cnt;
        state->replication = topic->partitions[0].replica_cnt;
        for (int p = 1; p < topic->partition_cnt; p++) {
            if (topic->partitions[p].replica_cnt < state->replication)
                state->replication = topic->partitions[p].replica_cnt;
        }
    }
}

static const char *value_of(const rd_kafka_ConfigEntry_t **entries, size_t count,
                            const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0)
            return rd_kafka_ConfigEntry_value(entries[i]);
    return NULL;
}

static void judge_settings(const struct config *config, const rd_kafka_ConfigResource_t *resource,
                           struct topic_state *state) {
    rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(resource);
    size_t count;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        topic_rules_fault(state,
                          "its settings cannot be read (%s): kafka-acls.sh --add --operation "
                          "DescribeConfigs",
                          rd_kafka_err2str(code));
    for (size_t i = 0; i < topic_rules_count(); i++) {
        const char *value = value_of(entries, count, topic_rules_name(i));
        if (value != NULL)
            topic_rules_judge_setting(config, topic_rules_name(i), value, state);
    }
}

static bool inspect_settings(struct kafka_admin *admin, const struct config *config,
                             struct topic_report *report, struct error *error) {
    const char **names = memory_new_array(report->count, sizeof *names);
    const rd_kafka_ConfigResource_t **resources;
    rd_kafka_event_t *event = NULL;
    size_t count = 0;

    for (size_t i = 0; i < report->count; i++) {
        if (report->topics[i].exists)
            names[count++] = report->topics[i].name;
    }
    if (count > 0)
        event = kafka_admin_describe(admin, names, count, error);
    free(names);
    if (event == NULL)
        return count == 0;
    resources = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        struct topic_state *state =
            topic_rules_find(report, rd_kafka_ConfigResource_name(resources[i]));
        if (state != NULL)
            judge_settings(config, resources[i], state);
    }
    rd_kafka_event_destroy(event);
    return true;
}

bool topics_inspect(const struct config *config, const char *const *lanes, size_t lane_count,
                    int64_t timeout_ms, struct topic_report *out, struct error *error) {
    struct kafka_admin *admin = kafka_admin_open(&config->queue, NULL, timeout_ms, error);
    const struct rd_kafka_metadata *metadata;
    bool success = false;

    *out = (struct topic_report){0};
    if (admin == NULL)
        return false;
    metadata = kafka_admin_metadata(admin, error);
    if (metadata == NULL)
        goto out;
    topic_rules_list(config, lanes, lane_count, out);
    note_metadata(out, metadata);
    for (size_t i = 0; i < out->count; i++)
        topic_rules_judge_shape(config, out, &out->topics[i]);
    success =
        !kafka_admin_has_controller(admin, metadata) || inspect_settings(admin, config, out, error);
    for (int i = 0; success && i < metadata->topic_cnt; i++)
        topic_rules_note_left(config, lanes, lane_count, metadata->topics[i].topic, out);
    note_metadata(out, metadata);
    rd_kafka_metadata_destroy(metadata);
    if (success)
        topic_rules_conclude(out);
    else
        topic_report_free(out);
out:
    kafka_admin_close(admin);
    return success;
}

void topic_report_free(struct topic_report *report) {
    free(report->topics);
    *report = (struct topic_report){0};
}

static rd_kafka_NewTopic_t *new_topic(const struct config *config, const struct topic_state *state,
                                      int32_t partitions) {
    char reason[200];
    char number[TOPIC_VALUE_SIZE];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
        state->name, partitions, (int)config->queue.replication, reason, sizeof reason);

    for (size_t i = 0; topic != NULL && i < topic_rules_count(); i++) {
        const char *value;
        const char *name = topic_rules_setting(i, config, state->role, number, &value);
        rd_kafka_NewTopic_set_config(topic, name, value);
    }
    return topic;
}

/* Those that are missing. */
static size_t plan(const struct config *config, const struct topic_report *report,
                   rd_kafka_NewTopic_t **topics) {
    size_t count = 0;

    for (size_t i = 0; i < report->count; i++) {
        int32_t partitions = topic_rules_partitions(report, report->topics[i].lane);
        rd_kafka_NewTopic_t *topic;
        if (report->topics[i].exists)
            continue;
        topic = new_topic(config, &report->topics[i],
                          partitions > 0 ? partitions : (int32_t)config->queue.partitions);
        if (topic != NULL)
            topics[count++] = topic;
    }
    return count;
}

/* Another columbactl may have been quicker. */
static bool count_created(rd_kafka_event_t *event, size_t *created, struct error *error) {
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    bool success = true;

    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        const char *reason = rd_kafka_topic_result_error_string(results[i]);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            ++*created;
        else if (code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS && success)
            success = kafka_error_set(
                error, code, "%s: %s%s", rd_kafka_topic_result_name(results[i]),
                reason == NULL ? rd_kafka_err2str(code) : reason,
                code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR ? " (queue.replication)" : "");
    }
    return success;
}

bool topics_create(const struct config *config, const char *const *lanes, size_t lane_count,
                   int64_t timeout_ms, size_t *created, struct error *error) {
    struct kafka_admin *admin = kafka_admin_open(&config->queue, NULL, timeout_ms, error);
    const struct rd_kafka_metadata *metadata = NULL;
    struct topic_report report = {0};
    rd_kafka_NewTopic_t **missing = NULL;
    rd_kafka_event_t *event;
    bool success = false;
    size_t count;

    *created = 0;
    if (admin == NULL)
        return false;
    metadata = kafka_admin_metadata(admin, error);
    if (metadata == NULL)
        goto out;
    topic_rules_list(config, lanes, lane_count, &report);
    note_metadata(&report, metadata);
    rd_kafka_metadata_destroy(metadata);
    missing = memory_new_array(report.count, sizeof(void *));
    count = plan(config, &report, missing);
    if (count == 0) {
        success = true;
        goto out;
    }
    event = kafka_admin_create_take(admin, missing, count, error);
    if (event == NULL)
        goto out;
    success = count_created(event, created, error);
    rd_kafka_event_destroy(event);
out:
    free(missing);
    topic_report_free(&report);
    kafka_admin_close(admin);
    return success;
}

static rd_kafka_topic_partition_list_t *
lane_partition_list(const struct config *config, const char *lane,
                    const struct rd_kafka_metadata *metadata) {
    struct topic_report report = {0};
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(0);

    topic_rules_list(config, &lane, 1, &report);
    note_metadata(&report, metadata);
    for (size_t i = 0; i < report.count; i++) {
        if (report.topics[i].exists && report.topics[i].role != TOPIC_DEAD)
            rd_kafka_topic_partition_list_add_range(list, report.topics[i].name, 0,
                                                    report.topics[i].partitions - 1);
    }
    topic_report_free(&report);
    return list;
}

static void fill_lag(const rd_kafka_topic_partition_t *partition,
                     const struct kafka_offsets *offsets, struct topic_lag *out) {
    int64_t from = offsets->committed < 0 ? offsets->start : offsets->committed;

    snprintf(out->topic, sizeof out->topic, "%s", partition->topic);
    out->partition = partition->partition;
    out->start = offsets->start;
    out->end = offsets->end;
    out->committed = offsets->committed;
    out->lag = offsets->end > from ? offsets->end - from : 0;
}

bool topics_lag(const struct config *config, const char *lane, int64_t timeout_ms,
                struct topic_lag **out, size_t *count, struct error *error) {
    rd_kafka_topic_partition_list_t *list = NULL;
    const struct rd_kafka_metadata *metadata;
    struct kafka_offsets *offsets = NULL;
    char group[TOPIC_NAME_SIZE];
    struct kafka_admin *admin;
    bool success = false;

    topic_group(&config->queue, lane, group);
    admin = kafka_admin_open(&config->queue, group, timeout_ms, error);
    if (admin == NULL)
        return false;
    metadata = kafka_admin_metadata(admin, error);
    if (metadata == NULL)
        goto out;
    list = lane_partition_list(config, lane, metadata);
    rd_kafka_metadata_destroy(metadata);
    offsets = memory_new_array((size_t)list->cnt, sizeof *offsets);
    if (list->cnt > 0 && !kafka_offsets_read(kafka_admin_client(admin), list,
                                             kafka_admin_remaining_ms(admin), offsets, error))
        goto out;
    *count = (size_t)list->cnt;
    *out = memory_new_array(*count, sizeof **out);
    for (size_t i = 0; i < *count; i++)
        fill_lag(&list->elems[i], &offsets[i], &(*out)[i]);
    success = true;
out:
    free(offsets);
    if (list != NULL)
        rd_kafka_topic_partition_list_destroy(list);
    kafka_admin_close(admin);
    return success;
}
