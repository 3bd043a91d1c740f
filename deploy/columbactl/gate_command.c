#include "common/base/memory.h"
#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/fleet.h"
#include "deploy/columbactl/report.h"
#include "deploy/columbactl/session.h"
#include "deploy/columbactl/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- gates: what is closed ---- */

/* The rest of a time that may be past, or without an end. */
static void write_rest(int64_t until_ms, int64_t now_ms, char out[REPORT_TEXT_SIZE]) {
    if (until_ms == 0)
        snprintf(out, REPORT_TEXT_SIZE, "until opened");
    else if (until_ms <= now_ms)
        snprintf(out, REPORT_TEXT_SIZE, "over");
    else
        report_duration(until_ms - now_ms, out);
}

static void add_entry(const struct gate_report *report, const struct gate_entry *entry,
                      struct table *table) {
    const char *bar = strrchr(entry->name, '|');
    char rest[REPORT_TEXT_SIZE];
    char *app = memory_copy_slice(
        (struct slice){.data = entry->name,
                       .size = bar == NULL ? strlen(entry->name) : (size_t)(bar - entry->name)});

    write_rest(entry->until_ms, report->now_ms, rest);
    table_text(table, report->lane);
    table_text(table, app);
    table_text(table, bar == NULL ? "-" : bar + 1);
    table_text(table, gate_entry_state_name(entry->state));
    table_text(table, rest);
    table_text(table, entry->by);
    table_text(table, entry->reason);
    free(app);
}

/* Text of a member of an object of a dispatcher's, for a cell. */
static void add_member_text(struct table *table, struct json_object *object, const char *name) {
    char *text = memory_copy_slice(json_member_text(object, name));

    table_text(table, *text == '\0' ? "-" : text);
    free(text);
}

static void add_number(struct table *table, struct json_object *object, const char *name) {
    int64_t number = 0;

    json_member_integer(object, name, &number);
    table_number(table, number);
}

/* What one dispatcher holds back by itself. Returns whether it is anything. */
static bool add_seen(const struct gate_report *report, const struct fleet_member *member,
                     struct table *table) {
    struct json_object *gates = json_member_array(fleet_lane(member, report->lane), "gates");
    bool any = false;

    for (size_t i = 0; gates != NULL && i < json_object_array_length(gates); i++) {
        struct json_object *gate = json_object_array_get_idx(gates, i);
        if (slice_is(json_member_text(gate, "state"), "open"))
            continue;
        any = true;
        table_text(table, report->lane);
        add_member_text(table, gate, "app");
        add_member_text(table, gate, "host");
        add_member_text(table, gate, "state");
        add_number(table, gate, "waiting");
        add_number(table, gate, "in_flight");
        table_text(table, member->instance);
        add_member_text(table, gate, "reason");
    }
    return any;
}

static void write_text(const struct gate_report *lanes, size_t count, const struct fleet *fleet,
                       struct buffer *out) {
    struct table *said = table_new(
        (const char *const[]){"LANE", "APP", "CREDENTIAL", "STATE", "FOR", "BY", "REASON", NULL});
    struct table *seen = table_new((const char *const[]){
        "LANE", "APP", "HOST", "STATE", ">WAITING", ">IN FLIGHT", "DISPATCHER", "REASON", NULL});
    bool any_said = false;
    bool any_seen = false;

    for (size_t l = 0; l < count; l++) {
        for (size_t i = 0; i < lanes[l].count; i++) {
            any_said = any_said || gate_entry_holds(&lanes[l].entries[i], lanes[l].now_ms);
            if (gate_entry_holds(&lanes[l].entries[i], lanes[l].now_ms))
                add_entry(&lanes[l], &lanes[l].entries[i], said);
        }
        for (size_t m = 0; m < fleet->count; m++)
            any_seen = add_seen(&lanes[l], &fleet->members[m], seen) || any_seen;
    }
    buffer_append_text(out, any_said ? "The fleet heeds:\n" : "The fleet heeds no closed gate.\n");
    if (any_said)
        table_write(said, out);
    if (fleet->count == 0)
        buffer_append_text(out, "\nNo dispatcher has written how it is within 15 s.\n");
    else if (!any_seen)
        buffer_append_text(out, "\nEvery gate of every dispatcher is open.\n");
    else
        buffer_append_text(out, "\nDispatchers hold back:\n");
    if (any_seen)
        table_write(seen, out);
    table_free(said);
    table_free(seen);
}

static void write_json(const struct gate_report *lanes, size_t count, const struct fleet *fleet,
                       struct buffer *out) {
    struct json_object *whole = json_object_new_object();
    struct json_object *list = report_list(whole, "lanes");

    for (size_t l = 0; l < count; l++) {
        struct json_object *lane = report_entry(list);
        struct json_object *entries;
        struct json_object *members;
        report_text(lane, "lane", lanes[l].lane);
        entries = report_list(lane, "entries");
        members = report_list(lane, "dispatchers");
        for (size_t i = 0; i < lanes[l].count; i++) {
            const struct gate_entry *entry = &lanes[l].entries[i];
            struct json_object *row = report_entry(entries);
            report_text(row, "name", entry->name);
            report_text(row, "state", gate_entry_state_name(entry->state));
            report_bool(row, "holds", gate_entry_holds(entry, lanes[l].now_ms));
            report_number(row, "until_ms", entry->until_ms);
            report_number(row, "at_ms", entry->at_ms);
            report_text(row, "by", entry->by);
            report_text(row, "reason", entry->reason);
        }
        for (size_t m = 0; m < fleet->count; m++) {
            struct json_object *gates =
                json_member_array(fleet_lane(&fleet->members[m], lanes[l].lane), "gates");
            struct json_object *row;
            if (gates == NULL)
                continue;
            row = report_entry(members);
            report_text(row, "instance", fleet->members[m].instance);
            json_object_object_add(row, "gates", json_object_get(gates));
        }
    }
    report_end_take(whole, out);
}

void gate_command_write(const struct gate_report *lanes, size_t count, const struct fleet *fleet,
                        bool json, struct buffer *out) {
    (json ? write_json : write_text)(lanes, count, fleet, out);
}

enum command_status gate_command_show(const struct invocation *invocation, struct buffer *out,
                                      struct error *error) {
    struct gate_report reports[SESSION_LANE_LIMIT] = {{0}};
    struct inspect_members members = {0};
    struct fleet fleet = {0};
    struct session session;
    int64_t now_ms = report_now_ms();
    bool success = session_open_redis(invocation, &session, error) &&
                   (invocation->argument_count == 0 ||
                    session_select_lane(&session, invocation->arguments[0], error)) &&
                   inspect_members(session.redis, &members, error);

    for (size_t l = 0; success && l < session.lane_count; l++) {
        reports[l].lane = session.lanes[l];
        reports[l].now_ms = now_ms;
        success = inspect_gates(session.redis, session.lanes[l], &reports[l].entries,
                                &reports[l].count, error);
    }
    if (success) {
        fleet_read(&members, now_ms, &fleet);
        gate_command_write(reports, session.lane_count, &fleet, invocation->json, out);
        fleet_free(&fleet);
    }
    for (size_t l = 0; l < SESSION_LANE_LIMIT; l++)
        free(reports[l].entries);
    inspect_members_free(&members);
    session_close(&session);
    return success ? COMMAND_OK : invocation_status_of(error);
}

/* ---- gate close, gate open ---- */

static void write_change(const struct app *app, bool json, const char *state, int64_t until_ms,
                         struct buffer *out) {
    struct json_object *whole;
    char until[REPORT_TEXT_SIZE];

    if (json) {
        whole = json_object_new_object();
        report_text(whole, "app", app->pattern);
        report_text(whole, "lane", app->lane);
        report_text(whole, "state", state);
        report_number(whole, "until_ms", until_ms);
        report_end_take(whole, out);
        return;
    }
    report_time(until_ms, until);
    buffer_append_format(out, "The gate of %s on lane %s is %s%s%s.\n", app->pattern, app->lane,
                         state, until_ms == 0 ? "" : " until ", until_ms == 0 ? "" : until);
}

enum command_status gate_command_close(const struct invocation *invocation, struct buffer *out,
                                       struct error *error) {
    const char *reason = invocation->options[OPTION_REASON];
    struct gate_entry entry = {.state = GATE_ENTRY_CLOSED, .at_ms = report_now_ms()};
    const struct app *app = NULL;
    struct session session;
    int64_t for_ms;
    char host[64] = "";
    bool success = session_open_redis(invocation, &session, error) &&
                   invocation_duration(invocation, OPTION_FOR, 0, &for_ms, error) &&
                   (app = session_app(&session, invocation->arguments[0], error)) != NULL;

    if (success) {
        gethostname(host, sizeof host - 1);
        gate_entry_name(app->pattern, GATE_OPERATOR, entry.name);
        entry.until_ms = for_ms == 0 ? 0 : entry.at_ms + for_ms;
        snprintf(entry.reason, sizeof entry.reason, "%s", reason == NULL ? "operator" : reason);
        snprintf(entry.by, sizeof entry.by, "columbactl at %s", host);
        success = inspect_write_gate(session.redis, app->lane, &entry, error);
    }
    if (success)
        write_change(app, invocation->json, "closed", entry.until_ms, out);
    session_close(&session);
    return success ? COMMAND_OK : invocation_status_of(error);
}

enum command_status gate_command_open(const struct invocation *invocation, struct buffer *out,
                                      struct error *error) {
    char name[GATE_NAME_SIZE];
    const struct app *app = NULL;
    struct session session;
    bool removed = false;
    bool success = session_open_redis(invocation, &session, error) &&
                   (app = session_app(&session, invocation->arguments[0], error)) != NULL;

    if (success) {
        gate_entry_name(app->pattern, GATE_OPERATOR, name);
        success = inspect_remove_gate(session.redis, app->lane, name, &removed, error);
    }
    if (success && !removed)
        success = error_set(error, ERROR_NOT_FOUND,
                            "no operator has closed the gate of %s; what a provider closed opens "
                            "by itself: see columbactl gates %s",
                            app->pattern, app->lane);
    if (success)
        write_change(app, invocation->json, "open", 0, out);
    session_close(&session);
    return success ? COMMAND_OK : invocation_status_of(error);
}
