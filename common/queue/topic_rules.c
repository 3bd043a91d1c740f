#include "common/queue/topic_rules.h"

#include "common/base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000 };

/* Kafka deletes whole segments, by their newest record. So the oldest is kept for longer than
 * retention.ms, by one part of it: more parts are more files of each of many small partitions. */
enum { RETENTION_PARTS = 8 };

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

static int64_t segment_made(const struct config *config, enum topic_role role) {
    return retention_made(config, role) / RETENTION_PARTS;
}

/* By what the topic is set to: who keeps records for longer, or less long, did so on purpose. */
static int64_t segment_most(const struct config *config, const struct topic_state *state) {
    if (state->retention_ms < 0)
        return INT64_MAX;
    return state->retention_ms == 0 ? segment_made(config, state->role)
                                    : state->retention_ms / RETENTION_PARTS;
}

/* What brokers and the library take by default, and more than the ingress lets through. */
static int64_t message_least(const struct config *config, enum topic_role role) {
    (void)config;
    (void)role;
    return 1000000;
}

static int64_t message_made(const struct config *config, enum topic_role role) {
    (void)config;
    (void)role;
    return 1048588;
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

/* How a topic is made, and what is checked of one that exists, the worst first. */
static const struct setting {
    const char *name;
    const char *exact; /* NULL: a number, at least least() or at most most(); -1 is without limit */
    int64_t (*least)(const struct config *config, enum topic_role role);
    int64_t (*most)(const struct config *config, const struct topic_state *state);
    int64_t (*made)(const struct config *config, enum topic_role role);
    void (*keep)(struct topic_state *state, const char *value); /* may be NULL */
} settings[] = {
    {.name = "min.insync.replicas",
     .least = in_sync_least,
     .made = in_sync_least,
     .keep = keep_in_sync},
    {.name = "unclean.leader.election.enable", .exact = "false", .keep = keep_unclean},
    {.name = "cleanup.policy", .exact = "delete", .keep = keep_cleanup},
    {.name = "max.message.bytes", .least = message_least, .made = message_made},
    {.name = "retention.bytes", .exact = "-1"},
    {.name = "retention.ms",
     .least = retention_least,
     .made = retention_made,
     .keep = keep_retention},
    {.name = "message.timestamp.type", .exact = "LogAppendTime", .keep = keep_timestamp},
    {.name = "segment.ms", .most = segment_most, .made = segment_made},
};

enum { SETTING_COUNT = sizeof settings / sizeof settings[0] };

static const char *made_value(const struct setting *setting, const struct config *config,
                              enum topic_role role, char number[TOPIC_VALUE_SIZE]) {
    if (setting->exact != NULL)
        return setting->exact;
    snprintf(number, TOPIC_VALUE_SIZE, "%lld", (long long)setting->made(config, role));
    return number;
}

size_t topic_rules_count(void) {
    return SETTING_COUNT;
}

const char *topic_rules_name(size_t at) {
    return settings[at].name;
}

const char *topic_rules_setting(size_t at, const struct config *config, enum topic_role role,
                                char number[TOPIC_VALUE_SIZE], const char **value) {
    *value = made_value(&settings[at], config, role, number);
    return settings[at].name;
}

void topic_rules_fault(struct topic_state *state, const char *format, ...) {
    va_list arguments;

    if (state->fault[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(state->fault, sizeof state->fault, format, arguments);
    va_end(arguments);
}

static bool is_kept(const struct setting *setting, const struct config *config, const char *value,
                    const struct topic_state *state) {
    long long is = strtoll(value, NULL, 10);

    if (setting->exact != NULL)
        return strcmp(value, setting->exact) == 0;
    if (setting->most != NULL)
        return is <= setting->most(config, state);
    return is == -1 || is >= setting->least(config, state->role);
}

static void judge_setting(const struct setting *setting, const struct config *config,
                          const char *value, struct topic_state *state) {
    char number[TOPIC_VALUE_SIZE];
    const char *wanted = made_value(setting, config, state->role, number);

    if (setting->keep != NULL)
        setting->keep(state, value);
    if (is_kept(setting, config, value, state))
        return;
    if (setting->most != NULL)
        snprintf(number, sizeof number, "%lld", (long long)setting->most(config, state));
    topic_rules_fault(state, "%s is %s, should be %s: kafka-configs.sh --alter --add-config %s=%s",
                      setting->name, value, wanted, setting->name, wanted);
}

void topic_rules_judge_setting(const struct config *config, const char *name, const char *value,
                               struct topic_state *state) {
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(settings[i].name, name) == 0)
            judge_setting(&settings[i], config, value, state);
    }
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

void topic_rules_list(const struct config *config, const char *const *lanes, size_t lane_count,
                      struct topic_report *out) {
    out->topics =
        memory_new_array(lane_count * (config->retry.delays.count + 2), sizeof *out->topics);
    out->count = 0;
    out->sound = false;
    for (size_t i = 0; i < lane_count; i++)
        out->count += name_lane(config, lanes[i], out->topics + out->count);
}

struct topic_state *topic_rules_find(const struct topic_report *report, const char *name) {
    for (size_t i = 0; i < report->count; i++)
        if (strcmp(report->topics[i].name, name) == 0)
            return &report->topics[i];
    return NULL;
}

void topic_rules_note_left(const struct config *config, const char *const *lanes, size_t lane_count,
                           const char *name, struct topic_report *report) {
    size_t at = 0;

    while (at < lane_count && !topic_is_retry(&config->queue, lanes[at], name))
        at++;
    if (at == lane_count || topic_rules_find(report, name) != NULL)
        return;
    report->topics = memory_resize(report->topics, (report->count + 1) * sizeof *report->topics);
    struct topic_state *left = &report->topics[report->count++];
    *left = (struct topic_state){.role = TOPIC_RETRY, .lane = lanes[at], .exists = true};
    snprintf(left->name, sizeof left->name, "%s", name);
    topic_rules_fault(left, "read by nobody: put its delay back into retry.delays until columbactl "
                            "lag shows none waiting there, then delete it: "
                            "kafka-topics.sh --delete");
}

int32_t topic_rules_partitions(const struct topic_report *report, const char *lane) {
    int32_t partitions = 0;

    for (size_t i = 0; i < report->count; i++) {
        const struct topic_state *state = &report->topics[i];
        if (strcmp(state->lane, lane) == 0 && state->partitions > partitions)
            partitions = state->partitions;
    }
    return partitions;
}

void topic_rules_judge_shape(const struct config *config, const struct topic_report *report,
                             struct topic_state *state) {
    int32_t partitions = topic_rules_partitions(report, state->lane);

    if (!state->exists)
        topic_rules_fault(state, "does not exist: columbactl topics create");
    else if (state->partitions != partitions)
        topic_rules_fault(state,
                          "%d partitions, others of its lane %d (a pushkey keeps its number): "
                          "kafka-topics.sh --alter --partitions %d",
                          state->partitions, partitions, partitions);
    else if (state->replication < config->queue.replication)
        topic_rules_fault(
            state, "replication is %d, should be %lld: kafka-reassign-partitions.sh --execute",
            state->replication, (long long)config->queue.replication);
}

bool topic_rules_conclude(struct topic_report *report) {
    report->sound = true;
    for (size_t i = 0; i < report->count; i++) {
        struct topic_state *state = &report->topics[i];
        if (state->exists && state->min_isr > state->replication)
            topic_rules_fault(
                state,
                "nothing can be written: min.insync.replicas is %lld, of %d replicas: "
                "kafka-configs.sh --alter --add-config min.insync.replicas=%d",
                (long long)state->min_isr, state->replication, state->replication);
        report->sound = report->sound && state->fault[0] == '\0';
    }
    return report->sound;
}
