#include "common/base/json.h"
#include "common/base/memory.h"
#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/session.h"
#include "deploy/columbactl/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct totals {
    int64_t push;
    int64_t retry;
};

static struct totals add_up(const struct lane_lag *lane) {
    struct totals totals = {0};

    for (size_t i = 0; i < lane->count; i++) {
        const struct topic_lag *at = &lane->partitions[i];
        *(strcmp(at->topic, lane->push_topic) == 0 ? &totals.push : &totals.retry) += at->lag;
    }
    return totals;
}

/* What is wrong with a partition beside being behind, and what to do; NULL when nothing is. */
static const char *fault_of(const struct topic_lag *at) {
    if (at->committed < 0)
        return at->lag == 0 ? NULL
                            : "records wait and nobody ever read here: start a dispatcher for this "
                              "lane";
    if (at->committed < at->start)
        return "records were deleted before they were read: raise retention.ms of the topic, and "
               "add dispatchers";
    if (at->committed > at->end)
        return "the group has read beyond the end, so the topic was made anew: stop the "
               "dispatchers and reset the group's offsets with kafka-consumer-groups.sh";
    return NULL;
}

static bool is_sound(const struct lane_lag *lanes, size_t count) {
    for (size_t l = 0; l < count; l++) {
        if (lanes[l].count == 0)
            return false;
        for (size_t i = 0; i < lanes[l].count; i++)
            if (fault_of(&lanes[l].partitions[i]) != NULL)
                return false;
    }
    return true;
}

static struct json_object *partition_json(const struct topic_lag *at) {
    const char *fault = fault_of(at);
    struct json_object *entry = json_object_new_object();
    const struct {
        const char *name;
        int64_t number;
    } numbers[] = {
        {"partition", at->partition}, {"start", at->start}, {"end", at->end},
        {"committed", at->committed}, {"lag", at->lag},
    };

    json_object_object_add(entry, "topic", json_object_new_string(at->topic));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        json_object_object_add(entry, numbers[i].name, json_object_new_int64(numbers[i].number));
    json_object_object_add(entry, "fault", json_object_new_string(fault == NULL ? "" : fault));
    return entry;
}

static void write_json(const struct lane_lag *lanes, size_t count, struct buffer *out) {
    struct json_object *whole = json_object_new_object();
    struct json_object *list = json_object_new_array();

    for (size_t l = 0; l < count; l++) {
        struct totals totals = add_up(&lanes[l]);
        struct json_object *entry = json_object_new_object();
        struct json_object *partitions = json_object_new_array();
        for (size_t i = 0; i < lanes[l].count; i++)
            json_object_array_add(partitions, partition_json(&lanes[l].partitions[i]));
        json_object_object_add(entry, "lane", json_object_new_string(lanes[l].lane));
        json_object_object_add(entry, "group", json_object_new_string(lanes[l].group));
        json_object_object_add(entry, "push_lag", json_object_new_int64(totals.push));
        json_object_object_add(entry, "retry_lag", json_object_new_int64(totals.retry));
        json_object_object_add(entry, "partitions", partitions);
        json_object_array_add(list, entry);
    }
    json_object_object_add(whole, "sound", json_object_new_boolean(is_sound(lanes, count)));
    json_object_object_add(whole, "lanes", list);
    json_write(whole, out);
    buffer_append_text(out, "\n");
    json_object_put(whole);
}

static void add_total(struct table *table, const char *name, int64_t lag) {
    table_text(table, name);
    for (int column = 0; column < 3; column++)
        table_text(table, "");
    table_number(table, lag);
}

/* How many partitions from here on are of one topic, and have nothing to tell. */
static size_t count_quiet(const struct lane_lag *lane, size_t from) {
    const struct topic_lag *first = &lane->partitions[from];
    size_t at = from;

    while (at < lane->count && strcmp(lane->partitions[at].topic, first->topic) == 0 &&
           lane->partitions[at].lag == 0 && fault_of(&lane->partitions[at]) == NULL)
        at++;
    return at - from;
}

static void add_quiet(struct table *table, const struct topic_lag *first, size_t count) {
    char numbers[32];

    snprintf(numbers, sizeof numbers, "%" PRId32 "-%" PRId32, first->partition,
             first[count - 1].partition);
    table_text(table, first->topic);
    table_text(table, numbers);
    table_text(table, "");
    table_text(table, "");
    table_number(table, 0);
}

static void write_partitions(const struct lane_lag *lane, struct buffer *out) {
    struct totals totals = add_up(lane);
    size_t quiet = 0;
    struct table *table =
        table_new((const char *const[]){"TOPIC", ">PARTITION", ">COMMITTED", ">END", ">LAG", NULL});

    for (size_t i = 0; i<lane->count; i += quiet> 1 ? quiet : 1) {
        const struct topic_lag *at = &lane->partitions[i];
        quiet = count_quiet(lane, i);
        if (quiet > 1) {
            add_quiet(table, at, quiet);
            continue;
        }
        table_text(table, at->topic);
        table_number(table, at->partition);
        if (at->committed < 0)
            table_text(table, "-");
        else
            table_number(table, at->committed);
        table_number(table, at->end);
        table_number(table, at->lag);
    }
    add_total(table, "push, in all", totals.push);
    add_total(table, "retry, in all", totals.retry);
    table_write(table, out);
    table_free(table);
}

static void write_lane(const struct lane_lag *lane, struct buffer *out) {
    buffer_append_format(out, "Lane %s, consumer group %s\n", lane->lane, lane->group);
    if (lane->count == 0)
        buffer_append_text(out, "It has no topics: make them with columbactl topics create.\n");
    else
        write_partitions(lane, out);
    for (size_t i = 0; i < lane->count; i++) {
        const struct topic_lag *at = &lane->partitions[i];
        const char *fault = fault_of(at);
        if (fault != NULL)
            buffer_append_format(out, "%s [%" PRId32 "]: %s\n", at->topic, at->partition, fault);
    }
}

enum command_status lag_command_write(const struct lane_lag *lanes, size_t count, bool json,
                                      struct buffer *out) {
    if (json)
        write_json(lanes, count, out);
    else
        for (size_t l = 0; l < count; l++) {
            if (l > 0)
                buffer_append_text(out, "\n");
            write_lane(&lanes[l], out);
        }
    return is_sound(lanes, count) ? COMMAND_OK : COMMAND_WRONG;
}

static enum command_status ask_and_write(const struct config *config, const char *const *lanes,
                                         size_t count, bool json, struct buffer *out,
                                         struct error *error) {
    struct lane_lag *lags = memory_new_array(count, sizeof *lags);
    enum command_status status = COMMAND_OK;

    for (size_t l = 0; l < count && status == COMMAND_OK; l++) {
        lags[l].lane = lanes[l];
        topic_group(&config->queue, lanes[l], lags[l].group);
        topic_name(&config->queue, TOPIC_PUSH, lanes[l], 0, lags[l].push_topic);
        if (!topics_lag(config, lanes[l], COMMAND_TIMEOUT_MS, &lags[l].partitions, &lags[l].count,
                        error))
            status = invocation_status_of(error);
    }
    if (status == COMMAND_OK)
        status = lag_command_write(lags, count, json, out);
    for (size_t l = 0; l < count; l++)
        free(lags[l].partitions);
    free(lags);
    return status;
}

enum command_status lag_command_show(const struct invocation *invocation, struct buffer *out,
                                     struct error *error) {
    enum command_status status = COMMAND_USAGE;
    struct session session;

    if (session_open(invocation, &session, error) &&
        (invocation->argument_count == 0 ||
         session_select_lane(&session, invocation->arguments[0], error)))
        status = ask_and_write(session.config, session.lanes, session.lane_count, invocation->json,
                               out, error);
    session_close(&session);
    return status;
}
