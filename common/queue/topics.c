#include "common/queue/topics.h"

#include "common/base/memory.h"
#include "common/queue/kafka_admin.h"
#include "common/queue/kafka_client.h"
#include "common/queue/kafka_offsets.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000 };

/* A dispatcher that is away for max_age still finds everything when it returns. */
static int64_t retention_least(const struct config *config, enum topic_role role) {
    (void)role;
    return 2 * config->retry.max_age_ms;
}

/* People read dead letters: they get a month. */
static int64_t retention_made(const struct config *config, enum topic_role role) {
    int64_t least_ms = retention_least(config, role);
    int64_t usual_ms = (int64_t)DAY_MS * (role == TOPIC_DEAD ? 30 : 1);

    return least_ms > usual_ms ? least_ms : usual_ms;
}

static int64_t in_sync_least(const struct config *config, enum topic_role role) {
    (void)role;
    return config->queue.replication >= 3 ? 2 : 1;
}

static void keep_cleanup(struct topic_state *state, const char *value) {
    state->compacted = strcmp(value, "delete") != 0;
}

static void keep_timestamp(struct topic_state *state, const char *value) {
    state->append_time = strcmp(value, "LogAppendTime") == 0;
}

static void keep_unclean(struct topic_state *state, const char *value) {
    state->unclean_election = strcmp(value, "true") == 0;
}

static void keep_retention(struct topic_state *state, const char *value) {
    state->retention_ms = strtoll(value, NULL, 10);
}

static void keep_in_sync(struct topic_state *state, const char *value) {
    state->min_isr = strtoll(value, NULL, 10);
}

/* How a topic is made, and what is checked of one that exists. */
static const struct setting {
    const char *name;
    const char *exact; /* NULL: a number, at least least(); -1 is without limit */
    int64_t (*least)(const struct config *config, enum topic_role role);
    int64_t (*made)(const struct config *config, enum topic_role role);
    void (*keep)(struct topic_state *state, const char *value); /* may be NULL */
} settings[] = {
    {.name = "min.insync.replicas",
     .least = in_sync_least,
     .made = in_sync_least,
     .keep = keep_in_sync},
    {.name = "unclean.leader.election.enable", .exact = "false", .keep = keep_unclean},
    {.name = "cleanup.policy", .exact = "delete", .keep = keep_cleanup},
    {.name = "retention.bytes", .exact = "-1"},
    {.name = "retention.ms",
     .least = retention_least,
     .made = retention_made,
     .keep = keep_retention},
    {.name = "message.timestamp.type", .exact = "LogAppendTime", .keep = keep_timestamp},
};

enum { SETTING_COUNT = sizeof settings / sizeof settings[0], NUMBER_SIZE = 24 };

/* The value a topic is made with. */
static const char *made_value(const struct setting *setting, const struct config *config,
                              enum topic_role role, char number[NUMBER_SIZE]) {
    if (setting->exact != NULL)
        return setting->exact;
    snprintf(number, NUMBER_SIZE, "%lld", (long long)setting->made(config, role));
    return number;
}

/* Only the first fault of a topic is told. */
static void fault(struct topic_state *state, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void fault(struct topic_state *state, const char *format, ...) {
    va_list arguments;

    if (state->fault[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(state->fault, sizeof state->fault, format, arguments);
    va_end(arguments);
}

static void judge_setting(const struct setting *setting, const struct config *config,
                          const char *value, struct topic_state *state) {
    char number[NUMBER_SIZE];
    const char *wanted = made_value(setting, config, state->role, number);
    long long is = strtoll(value, NULL, 10);

    if (setting->keep != NULL)
        setting->keep(state, value);
    if (setting->exact != NULL ? strcmp(value, setting->exact) == 0
                               : is == -1 || is >= setting->least(config, state->role))
        return;
    fault(state, "%s is %s, should be %s: kafka-configs.sh --alter --add-config %s=%s",
          setting->name, value, wanted, setting->name, wanted);
}

/* All topics of a lane, in a fixed order: push, the retries, dead. */
static size_t name_lane(const struct config *config, const char *lane, struct topic_state *out) {
    const struct duration_list *delays = &config->retry.delays;
    size_t count = 0;

    topic_name(&config->queue, TOPIC_PUSH, lane, 0, out[count].name);
    out[count++].role = TOPIC_PUSH;
    for (size_t i = 0; i < delays->count; i++) {
        topic_name(&config->queue, TOPIC_RETRY, lane, delays->items_ms[i], out[count].name);
        out[count++].role = TOPIC_RETRY;
    }
    topic_name(&config->queue, TOPIC_DEAD, lane, 0, out[count].name);
    out[count++].role = TOPIC_DEAD;
    for (size_t i = 0; i < count; i++)
        out[i].lane = lane;
    return count;
}

static void name_all(const struct config *config, const char *const *lanes, size_t lane_count,
                     struct topic_report *out) {
    out->topics =
        memory_new_array(lane_count * (config->retry.delays.count + 2), sizeof *out->topics);
    out->count = 0;
    for (size_t i = 0; i < lane_count; i++)
        out->count += name_lane(config, lanes[i], out->topics + out->count);
}

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

/* What the topics of a lane that exist agree on, or should: the most any has, since partitions can
 * only be added. */
static int32_t lane_partitions(const struct topic_report *report, const char *lane) {
    int32_t partitions = 0;

    for (size_t i = 0; i < report->count; i++) {
        const struct topic_state *state = &report->topics[i];
        if (strcmp(state->lane, lane) == 0 && state->partitions > partitions)
            partitions = state->partitions;
    }
    return partitions;
}

static void judge_shape(const struct config *config, const struct topic_report *report,
                        struct topic_state *state) {
    int32_t partitions = lane_partitions(report, state->lane);

    if (!state->exists)
        fault(state, "does not exist: columbactl topics create");
    else if (state->partitions != partitions)
        fault(state,
              "%d partitions, others of its lane %d (a pushkey keeps its number): "
              "kafka-topics.sh --alter --partitions %d",
              state->partitions, partitions, partitions);
    else if (state->replication < config->queue.replication)
        fault(state, "replication is %d, should be %lld: kafka-reassign-partitions.sh --execute",
              state->replication, (long long)config->queue.replication);
}

static void judge_settings(const struct config *config, const rd_kafka_ConfigResource_t *resource,
                           struct topic_state *state) {
    rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(resource);
    size_t count;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        fault(state,
              "its settings cannot be read (%s): kafka-acls.sh --add --operation "
              "DescribeConfigs",
              rd_kafka_err2str(code));
    for (size_t s = 0; s < SETTING_COUNT; s++) {
        for (size_t i = 0; i < count; i++) {
            const char *value = rd_kafka_ConfigEntry_value(entries[i]);
            if (value != NULL &&
                strcmp(rd_kafka_ConfigEntry_name(entries[i]), settings[s].name) == 0)
                judge_setting(&settings[s], config, value, state);
        }
    }
}

static struct topic_state *find_state(const struct topic_report *report, const char *name) {
    for (size_t i = 0; i < report->count; i++) {
        if (strcmp(report->topics[i].name, name) == 0)
            return &report->topics[i];
    }
    return NULL;
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
        struct topic_state *state = find_state(report, rd_kafka_ConfigResource_name(resources[i]));
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

    *out = (struct topic_report){.sound = true};
    if (admin == NULL)
        return false;
    metadata = kafka_admin_metadata(admin, error);
    if (metadata == NULL)
        goto out;
    name_all(config, lanes, lane_count, out);
    note_metadata(out, metadata);
    rd_kafka_metadata_destroy(metadata);
    for (size_t i = 0; i < out->count; i++)
        judge_shape(config, out, &out->topics[i]);
    success = inspect_settings(admin, config, out, error);
    for (size_t i = 0; i < out->count; i++)
        out->sound = out->sound && out->topics[i].fault[0] == '\0';
    if (!success)
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
    char number[NUMBER_SIZE];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
        state->name, partitions, (int)config->queue.replication, reason, sizeof reason);

    for (size_t i = 0; topic != NULL && i < SETTING_COUNT; i++)
        rd_kafka_NewTopic_set_config(topic, settings[i].name,
                                     made_value(&settings[i], config, state->role, number));
    return topic;
}

/* Those that are missing. */
static size_t plan(const struct config *config, const struct topic_report *report,
                   rd_kafka_NewTopic_t **topics) {
    size_t count = 0;

    for (size_t i = 0; i < report->count; i++) {
        int32_t partitions = lane_partitions(report, report->topics[i].lane);
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
    name_all(config, lanes, lane_count, &report);
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

    name_all(config, &lane, 1, &report);
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
