#include "deploy/columbactl/top.h"

#include "common/base/memory.h"
#include "deploy/columbactl/report.h"
#include "deploy/columbactl/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fleet_member *same_member(const struct fleet *fleet,
                                              const struct fleet_member *wanted) {
    for (size_t i = 0; fleet != NULL && i < fleet->count; i++)
        if (strcmp(fleet->members[i].instance, wanted->instance) == 0)
            return &fleet->members[i];
    return NULL;
}

/* How many records a second came to that outcome in a lane; who has just come does not count. False
 * when nothing is known yet. */
static bool rate_of(const struct fleet *before, const struct fleet *now, const char *lane,
                    const char *outcome, double *rate) {
    bool known = false;

    *rate = 0;
    for (size_t m = 0; m < now->count; m++) {
        const struct fleet_member *member = &now->members[m];
        const struct fleet_member *earlier = same_member(before, member);
        struct json_object *then =
            earlier == NULL ? NULL : json_member(fleet_lane(earlier, lane), "outcomes");
        struct json_object *outcomes = json_member(fleet_lane(member, lane), "outcomes");
        int64_t grown = fleet_number(outcomes, outcome) - fleet_number(then, outcome);
        int64_t passed_ms = then == NULL ? 0 : member->at_ms - earlier->at_ms;
        if (passed_ms <= 0 || grown < 0)
            continue;
        known = true;
        *rate += (double)grown * 1000 / (double)passed_ms;
    }
    return known;
}

static void add_rate(struct table *table, const struct fleet *before, const struct fleet *now,
                     const char *lane, const char *outcome) {
    char text[24] = "-";
    double rate;

    if (rate_of(before, now, lane, outcome, &rate))
        snprintf(text, sizeof text, "%.0f", rate);
    table_text(table, text);
}

static void write_lanes(const struct fleet *before, const struct fleet *now,
                        const char *const *lanes, size_t lane_count, struct buffer *out) {
    struct table *table =
        table_new((const char *const[]){"LANE", ">DISPATCHERS", ">SENT/S", ">MOVED/S", ">LAG",
                                        ">RETRIES", ">OLDEST", ">IN FLIGHT", NULL});

    for (size_t l = 0; l < lane_count; l++) {
        struct fleet_sums sums = {0};
        char oldest[REPORT_TEXT_SIZE];
        for (size_t m = 0; m < now->count; m++)
            fleet_add(&now->members[m], lanes[l], &sums);
        report_duration(sums.oldest_ms, oldest);
        table_text(table, lanes[l]);
        table_number(table, sums.dispatchers);
        add_rate(table, before, now, lanes[l], "delivered");
        add_rate(table, before, now, lanes[l], "moved");
        table_number(table, sums.push_lag);
        table_number(table, sums.retry_lag);
        table_text(table, oldest);
        table_number(table, sums.in_flight);
    }
    table_write(table, out);
    table_free(table);
}

static void add_member_text(struct table *table, struct json_object *object, const char *name) {
    char *text = memory_copy_slice(json_member_text(object, name));

    table_text(table, *text == '\0' ? "-" : text);
    free(text);
}

static void write_gates(const struct fleet *now, const char *const *lanes, size_t lane_count,
                        int64_t now_ms, struct buffer *out) {
    struct table *table = table_new((const char *const[]){
        "LANE", "APP", "HOST", "STATE", "REASON", ">WAITING", ">NEXT TRY", ">DISPATCHERS", NULL});
    struct fleet_gate *gates;
    size_t count = fleet_gates(now, lanes, lane_count, &gates);

    for (size_t i = 0; i < count; i++) {
        const struct fleet_gate *gate = &gates[i];
        char next[REPORT_TEXT_SIZE];
        snprintf(next, sizeof next, "%s", fleet_gate_is_by_hand(gate) ? "by hand" : "-");
        if (gate->until_ms > 0)
            report_duration(gate->until_ms > now_ms ? gate->until_ms - now_ms : 0, next);
        table_text(table, gate->lane);
        add_member_text(table, gate->gate, "app");
        add_member_text(table, gate->gate, "host");
        add_member_text(table, gate->gate, "state");
        add_member_text(table, gate->gate, "reason");
        table_number(table, gate->waiting);
        table_text(table, next);
        table_number(table, (int64_t)gate->dispatchers);
    }
    if (count > 0) {
        buffer_append_text(out, "\n");
        table_write(table, out);
    }
    free(gates);
    table_free(table);
}

static void add_lanes(struct table *table, const struct fleet_member *member,
                      const char *const *lanes, size_t lane_count) {
    struct fleet_sums sums = {0};
    struct buffer names = {0};

    for (size_t l = 0; l < lane_count; l++) {
        if (fleet_lane(member, lanes[l]) == NULL)
            continue;
        buffer_append_format(&names, "%s%s", names.size > 0 ? "," : "", lanes[l]);
        fleet_add(member, lanes[l], &sums);
    }
    table_text(table, names.size > 0 ? buffer_text(&names) : "-");
    table_number(table, sums.push_lag + sums.retry_lag);
    buffer_free(&names);
}

static void write_members(const struct fleet *now, const char *const *lanes, size_t lane_count,
                          int64_t now_ms, struct buffer *out) {
    struct table *table =
        table_new((const char *const[]){"DISPATCHER", "VERSION", "LANES", ">LAG", ">SAID", NULL});

    for (size_t m = 0; m < now->count; m++) {
        const struct fleet_member *member = &now->members[m];
        char age[REPORT_TEXT_SIZE];
        char said[REPORT_TEXT_SIZE + 8];
        report_duration(now_ms > member->at_ms ? now_ms - member->at_ms : 0, age);
        snprintf(said, sizeof said, "%s ago", age);
        table_text(table, member->instance);
        add_member_text(table, member->status, "version");
        add_lanes(table, member, lanes, lane_count);
        table_text(table, said);
    }
    buffer_append_text(out, "\n");
    table_write(table, out);
    table_free(table);
}

void top_write(const struct fleet *before, const struct fleet *now, const char *const *lanes,
               size_t lane_count, int64_t now_ms, struct buffer *out) {
    char time[REPORT_TEXT_SIZE];

    report_time(now_ms, time);
    buffer_append_format(out, "Columba at %s: %zu dispatcher%s\n\n", time, now->count,
                         now->count == 1 ? "" : "s");
    write_lanes(before, now, lanes, lane_count, out);
    write_gates(now, lanes, lane_count, now_ms, out);
    if (now->count == 0)
        buffer_append_text(out, "\nNo dispatcher has written how it is within 15 s: none runs, or "
                                "none reaches Redis.\n");
    else
        write_members(now, lanes, lane_count, now_ms, out);
}

void top_fit(struct slice page, size_t columns, size_t rows, struct buffer *out) {
    buffer_append_text(out, "\x1b[H");
    for (size_t row = 0; page.size > 0 && row < rows; row++) {
        const char *end = memchr(page.data, '\n', page.size);
        size_t size = end == NULL ? page.size : (size_t)(end - page.data);
        struct slice line = {.data = page.data, .size = size};
        line.size = slice_utf8_prefix(line, columns);
        buffer_append_text(out, row == 0 ? "" : "\n");
        buffer_append(out, line);
        buffer_append_text(out, "\x1b[K");
        size += end == NULL ? 0 : 1;
        page = (struct slice){.data = page.data + size, .size = page.size - size};
    }
    buffer_append_text(out, "\x1b[J");
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
