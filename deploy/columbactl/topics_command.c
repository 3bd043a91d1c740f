#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/report.h"
#include "deploy/columbactl/table.h"

#include <stdio.h>
#include <time.h>

enum { ASK_AGAIN_MS = 200, ASK_LIMIT = 25 };

struct lanes {
    const char *names[COMMAND_LANE_LIMIT];
    size_t count;
};

static const char *const role_names[] = {
    [TOPIC_PUSH] = "push",
    [TOPIC_RETRY] = "retry",
    [TOPIC_DEAD] = "dead",
};

static void add_topic(struct json_object *topics, const struct topic_state *topic) {
    struct json_object *entry = report_entry(topics);

    report_text(entry, "name", topic->name);
    report_text(entry, "role", role_names[topic->role]);
    report_text(entry, "lane", topic->lane);
    report_bool(entry, "exists", topic->exists);
    if (topic->exists) {
        report_number(entry, "partitions", topic->partitions);
        report_number(entry, "replication", topic->replication);
        report_number(entry, "min_isr", topic->min_isr);
        report_number(entry, "retention_ms", topic->retention_ms);
        report_bool(entry, "append_time", topic->append_time);
        report_bool(entry, "unclean_election", topic->unclean_election);
        report_bool(entry, "compacted", topic->compacted);
    }
    report_text(entry, "fault", topic->fault);
}

static void write_json(const struct topic_report *report, struct buffer *out) {
    struct json_object *whole = json_object_new_object();

    report_bool(whole, "sound", report->sound);
    struct json_object *topics = report_list(whole, "topics");
    for (size_t i = 0; i < report->count; i++)
        add_topic(topics, &report->topics[i]);
    report_end_take(whole, out);
}

static void write_table(const struct topic_report *report, struct buffer *out) {
    struct table *table = table_new((const char *const[]){"TOPIC", ">PARTITIONS", ">REPLICATION",
                                                          ">MIN.ISR", ">RETENTION", "STATE", NULL});

    for (size_t i = 0; i < report->count; i++) {
        const struct topic_state *topic = &report->topics[i];
        char retention[32] = "for ever";

        /* Nobody has described it: the embedded broker cannot. */
        if (topic->retention_ms == 0)
            snprintf(retention, sizeof retention, "-");
        else if (topic->retention_ms > 0)
            topic_delay_text(topic->retention_ms, retention, sizeof retention);
        table_text(table, topic->name);
        if (topic->exists) {
            table_number(table, topic->partitions);
            table_number(table, topic->replication);
            if (topic->min_isr > 0)
                table_number(table, topic->min_isr);
            else
                table_text(table, "-");
            table_text(table, retention);
        } else {
            for (int column = 0; column < 4; column++)
                table_text(table, "-");
        }
        table_text(table, !topic->exists ? "missing" : *topic->fault == '\0' ? "ok" : "faulty");
    }
    table_write(table, out);
    table_free(table);
}

static void write_advice(const struct topic_report *report, struct buffer *out) {
    bool missing = false;
    bool faulty = false;

    buffer_append_text(out, "\n");
    for (size_t i = 0; i < report->count; i++) {
        const struct topic_state *topic = &report->topics[i];
        missing = missing || !topic->exists;
        if (!topic->exists || *topic->fault == '\0')
            continue;
        faulty = true;
        buffer_append_format(out, "%s: %s\n", topic->name, topic->fault);
    }
    if (missing)
        buffer_append_text(out, "What is missing is made by: columbactl topics create\n");
    if (faulty)
        buffer_append_text(out, "A topic that exists is never changed by columbactl: mend it, then "
                                "look again with\ncolumbactl topics show.\n");
}

enum command_status topics_command_write(const struct topic_report *report, bool json,
                                         struct buffer *out) {
    if (json) {
        write_json(report, out);
    } else {
        write_table(report, out);
        if (!report->sound)
            write_advice(report, out);
    }
    return report->sound ? COMMAND_OK : COMMAND_WRONG;
}

static bool is_any_missing(const struct topic_report *report) {
    for (size_t i = 0; i < report->count; i++)
        if (!report->topics[i].exists)
            return true;
    return false;
}

/* Asks again while topics are missing, since brokers hear of a new one a moment after it is made.
 */
static bool ask(const struct config *config, const struct lanes *lanes, int asks,
                struct topic_report *report, struct error *error) {
    while (topics_inspect(config, lanes->names, lanes->count, COMMAND_TIMEOUT_MS, report, error)) {
        if (--asks <= 0 || !is_any_missing(report))
            return true;
        topic_report_free(report);
        nanosleep(&(struct timespec){.tv_nsec = ASK_AGAIN_MS * 1000 * 1000}, NULL);
    }
    return false;
}

static enum command_status inspect(const struct config *config, const struct lanes *lanes, int asks,
                                   bool json, struct buffer *out, struct error *error) {
    struct topic_report report;
    enum command_status status;

    if (!ask(config, lanes, asks, &report, error))
        return invocation_status_of(error);
    status = topics_command_write(&report, json, out);
    topic_report_free(&report);
    return status;
}

enum command_status topics_command_show(const struct invocation *invocation, struct buffer *out,
                                        struct error *error) {
    struct config *config = config_load_without_keys(invocation->config_path, error);
    enum command_status status;
    struct lanes lanes;

    if (config == NULL)
        return COMMAND_USAGE;
    lanes.count = topic_lanes(config, lanes.names, COMMAND_LANE_LIMIT);
    status = inspect(config, &lanes, 1, invocation->json, out, error);
    config_release(config);
    return status;
}

enum command_status topics_command_create(const struct invocation *invocation, struct buffer *out,
                                          struct error *error) {
    struct config *config = config_load_without_keys(invocation->config_path, error);
    enum command_status status;
    struct lanes lanes;
    size_t created = 0;

    if (config == NULL)
        return COMMAND_USAGE;
    lanes.count = topic_lanes(config, lanes.names, COMMAND_LANE_LIMIT);
    if (topics_create(config, lanes.names, lanes.count, COMMAND_TIMEOUT_MS, &created, error)) {
        if (!invocation->json)
            buffer_append_format(out, "%zu topics made.\n\n", created);
        status = inspect(config, &lanes, created > 0 ? ASK_LIMIT : 1, invocation->json, out, error);
    } else {
        status = invocation_status_of(error);
    }
    config_release(config);
    return status;
}
