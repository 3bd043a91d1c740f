#include "deploy/columbactl/top.h"

#include "common/base/memory.h"
#include "deploy/columbactl/report.h"
#include "deploy/columbactl/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is told of a lane, over all who serve it. */
struct sums {
    int64_t members;
    int64_t partitions;
    int64_t in_flight;
    int64_t push_lag;
    int64_t retry_lag;
    int64_t unsettled;
    int64_t closed_gates;
    double rate; /* records that were settled, each second */
    bool has_rate;
};

static int64_t number_of(struct json_object *object, const char *name) {
    int64_t number = 0;

    json_member_integer(object, name, &number);
    return number;
}

static bool is_retry(struct json_object *partition) {
    struct slice topic = json_member_text(partition, "topic");

    return topic.size > 0 && memmem(topic.data, topic.size, "retry.", 6) != NULL;
}

static struct json_object *same_partition(struct json_object *lane, struct json_object *wanted) {
    struct json_object *list = json_member_array(lane, "partitions");

    for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
        struct json_object *at = json_object_array_get_idx(list, i);
        if (number_of(at, "partition") == number_of(wanted, "partition") &&
            slice_equal(json_member_text(at, "topic"), json_member_text(wanted, "topic")))
            return at;
    }
    return NULL;
}

static const struct fleet_member *same_member(const struct fleet *fleet,
                                              const struct fleet_member *wanted) {
    for (size_t i = 0; fleet != NULL && i < fleet->count; i++)
        if (strcmp(fleet->members[i].instance, wanted->instance) == 0)
            return &fleet->members[i];
    return NULL;
}

/* By how much the positions of a member's partitions have grown; those it has just got do not
 * count.
 */
static void add_rate(const struct fleet *before, const struct fleet_member *member,
                     const char *lane, struct json_object *partition, struct sums *sums) {
    const struct fleet_member *earlier = same_member(before, member);
    struct json_object *then =
        earlier == NULL ? NULL : same_partition(fleet_lane(earlier, lane), partition);
    int64_t passed_ms = earlier == NULL ? 0 : member->at_ms - earlier->at_ms;
    int64_t grown = number_of(partition, "position") - number_of(then, "position");

    if (then == NULL || passed_ms <= 0)
        return;
    sums->has_rate = true;
    if (grown > 0)
        sums->rate += (double)grown * 1000 / (double)passed_ms;
}

static void add_member(const struct fleet *before, const struct fleet_member *member,
                       const char *lane, struct sums *sums) {
    struct json_object *status = fleet_lane(member, lane);
    struct json_object *partitions = json_member_array(status, "partitions");
    struct json_object *gates = json_member_array(status, "gates");

    if (status == NULL)
        return;
    sums->members++;
    sums->in_flight += number_of(status, "in_flight");
    for (size_t i = 0; partitions != NULL && i < json_object_array_length(partitions); i++) {
        struct json_object *at = json_object_array_get_idx(partitions, i);
        sums->partitions++;
        *(is_retry(at) ? &sums->retry_lag : &sums->push_lag) += number_of(at, "lag");
        sums->unsettled += number_of(at, "unsettled");
        add_rate(before, member, lane, at, sums);
    }
    for (size_t i = 0; gates != NULL && i < json_object_array_length(gates); i++)
        sums->closed_gates +=
            !slice_is(json_member_text(json_object_array_get_idx(gates, i), "state"), "open");
}

static void write_lanes(const struct fleet *before, const struct fleet *now,
                        const char *const *lanes, size_t lane_count, struct buffer *out) {
    struct table *table =
        table_new((const char *const[]){"LANE", ">DISPATCHERS", ">SETTLED/S", ">LAG", ">RETRIES",
                                        ">IN FLIGHT", ">UNSETTLED", ">CLOSED GATES", NULL});

    for (size_t l = 0; l < lane_count; l++) {
        struct sums sums = {0};
        char rate[24] = "-";
        for (size_t m = 0; m < now->count; m++)
            add_member(before, &now->members[m], lanes[l], &sums);
        if (sums.has_rate)
            snprintf(rate, sizeof rate, "%.0f", sums.rate);
        table_text(table, lanes[l]);
        table_number(table, sums.members);
        table_text(table, rate);
        table_number(table, sums.push_lag);
        table_number(table, sums.retry_lag);
        table_number(table, sums.in_flight);
        table_number(table, sums.unsettled);
        table_number(table, sums.closed_gates);
    }
    table_write(table, out);
    table_free(table);
}

static void write_gates(const struct fleet *now, const char *const *lanes, size_t lane_count,
                        struct buffer *out) {
    static const char *const columns[] = {"app", "host", "state", "reason"};
    struct table *table = table_new((const char *const[]){"LANE", "APP", "HOST", "STATE", "REASON",
                                                          ">WAITING", "DISPATCHER", NULL});
    bool any = false;

    for (size_t l = 0; l < lane_count; l++)
        for (size_t m = 0; m < now->count; m++) {
            struct json_object *gates =
                json_member_array(fleet_lane(&now->members[m], lanes[l]), "gates");
            for (size_t i = 0; gates != NULL && i < json_object_array_length(gates); i++) {
                struct json_object *gate = json_object_array_get_idx(gates, i);
                if (slice_is(json_member_text(gate, "state"), "open"))
                    continue;
                any = true;
                table_text(table, lanes[l]);
                for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
                    char *text = memory_copy_slice(json_member_text(gate, columns[c]));
                    table_text(table, *text == '\0' ? "-" : text);
                    free(text);
                }
                table_number(table, number_of(gate, "waiting"));
                table_text(table, now->members[m].instance);
            }
        }
    if (any) {
        buffer_append_text(out, "\n");
        table_write(table, out);
    }
    table_free(table);
}

static void write_members(const struct fleet *now, int64_t now_ms, struct buffer *out) {
    struct table *table = table_new((const char *const[]){"DISPATCHER", "VERSION", "SAID", NULL});

    for (size_t m = 0; m < now->count; m++) {
        const struct fleet_member *member = &now->members[m];
        char *version = memory_copy_slice(json_member_text(member->status, "version"));
        char age[REPORT_TEXT_SIZE];
        char said[REPORT_TEXT_SIZE + 8];
        report_duration(now_ms > member->at_ms ? now_ms - member->at_ms : 0, age);
        snprintf(said, sizeof said, "%s ago", age);
        table_text(table, member->instance);
        table_text(table, version);
        table_text(table, said);
        free(version);
    }
    buffer_append_text(out, "\n");
    table_write(table, out);
    table_free(table);
}

void top_write(const struct fleet *before, const struct fleet *now, const char *const *lanes,
               size_t lane_count, int64_t now_ms, struct buffer *out) {
    char time[REPORT_TEXT_SIZE];

    report_time(now_ms, time);
    buffer_append_format(out, "Columba at %s: %zu dispatchers\n\n", time, now->count);
    write_lanes(before, now, lanes, lane_count, out);
    write_gates(now, lanes, lane_count, out);
    if (now->count == 0)
        buffer_append_text(out, "\nNo dispatcher has written how it is within 15 s: none runs, or "
                                "none reaches Redis.\n");
    else
        write_members(now, now_ms, out);
}

void top_write_json(const struct fleet *now, struct buffer *out) {
    struct json_object *whole = json_object_new_object();
    struct json_object *list = report_list(whole, "dispatchers");

    for (size_t m = 0; m < now->count; m++) {
        struct json_object *row = report_entry(list);
        report_text(row, "instance", now->members[m].instance);
        json_object_object_add(row, "status", json_object_get(now->members[m].status));
    }
    report_end_take(whole, out);
}
