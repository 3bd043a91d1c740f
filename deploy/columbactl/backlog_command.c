#include "deploy/columbactl/backlog_reading.h"
#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/report.h"
#include "deploy/columbactl/session.h"
#include "deploy/columbactl/table.h"

#include <inttypes.h>
#include <stdio.h>

enum { READ_TIMEOUT_MS = 60 * 1000, READ_RECORDS = 1000 * 1000 };

static bool is_complete(const struct backlog *lanes, size_t count) {
    for (size_t l = 0; l < count; l++)
        if (lanes[l].unread_count > 0)
            return false;
    return true;
}

/* ---- JSON ---- */

static void add_app_json(const struct backlog *lane, const struct backlog_app *app,
                         struct json_object *list) {
    struct json_object *entry = report_entry(list);
    struct json_object *topics = json_object_new_object();

    report_text(entry, "app", app->name);
    report_bool(entry, "served", app->is_served);
    report_number(entry, "pushes", app->count);
    report_number(entry, "oldest_accepted_ms", app->oldest_ms);
    report_number(entry, "attempt_least", app->attempt_least);
    report_number(entry, "attempt_most", app->attempt_most);
    for (size_t i = 0; i < lane->topic_count; i++)
        report_number(topics, lane->topics[i], app->counts[i]);
    json_object_object_add(entry, "topics", topics);
}

static void write_json(const struct backlog *lanes, size_t count, struct buffer *out) {
    struct json_object *whole = json_object_new_object();
    struct json_object *list = report_list(whole, "lanes");

    for (size_t l = 0; l < count; l++) {
        const struct backlog *lane = &lanes[l];
        struct json_object *entry = report_entry(list);
        struct json_object *apps;
        report_text(entry, "lane", lane->lane);
        report_text(entry, "group", lane->group);
        report_number(entry, "pushes", lane->count);
        report_number(entry, "settled", lane->settled_count);
        report_number(entry, "doubles", lane->double_count);
        report_number(entry, "unread", lane->unread_count);
        apps = report_list(entry, "apps");
        for (const struct backlog_app *app = lane->apps; app != NULL; app = app->hh.next)
            add_app_json(lane, app, apps);
    }
    report_bool(whole, "complete", is_complete(lanes, count));
    report_end_take(whole, out);
}

/* ---- Text ---- */

/* What no app serves may be named anything, which is not to steer a terminal. */
static void add_name(struct table *table, const struct backlog_app *app) {
    struct buffer name = {0};

    if (app->name[0] == '\0')
        buffer_append_text(&name, "(cannot be told)");
    else
        buffer_append_json_escaped(&name, slice_of(app->name));
    if (app->name[0] != '\0' && !app->is_served)
        buffer_append_text(&name, " (not configured)");
    table_text(table, buffer_text(&name));
    buffer_free(&name);
}

/* Like "15s: 12, 15m: 3". */
static void add_retries(struct table *table, const struct backlog *lane,
                        const struct backlog_app *app) {
    struct buffer cell = {0};
    char delay[32];

    for (size_t i = 1; i < lane->topic_count; i++) {
        if (app->counts[i] == 0)
            continue;
        topic_delay_text(lane->delays_ms[i - 1], delay, sizeof delay);
        buffer_append_format(&cell, "%s%s: %" PRId64, cell.size > 0 ? ", " : "", delay,
                             app->counts[i]);
    }
    table_text(table, cell.size > 0 ? buffer_text(&cell) : "-");
    buffer_free(&cell);
}

static void add_app(struct table *table, const struct backlog *lane, const struct backlog_app *app,
                    int64_t now_ms) {
    char age[REPORT_TEXT_SIZE] = "-";
    char attempts[64];

    if (app->oldest_ms > 0)
        report_duration(now_ms > app->oldest_ms ? now_ms - app->oldest_ms : 0, age);
    if (app->attempt_least == app->attempt_most)
        snprintf(attempts, sizeof attempts, "%" PRId64, app->attempt_most);
    else
        snprintf(attempts, sizeof attempts, "%" PRId64 "-%" PRId64, app->attempt_least,
                 app->attempt_most);
    add_name(table, app);
    table_number(table, app->count);
    table_number(table, app->counts[0]);
    add_retries(table, lane, app);
    table_text(table, age);
    table_text(table, attempts);
}

static void write_lane(const struct backlog *lane, int64_t now_ms, struct buffer *out) {
    struct table *table = table_new(
        (const char *const[]){"APP", ">PUSHES", ">PUSH", "RETRY", ">OLDEST", ">ATTEMPTS", NULL});

    buffer_append_format(out, "Lane %s, consumer group %s: %s%" PRId64 " pushes wait\n", lane->lane,
                         lane->group, lane->unread_count > 0 ? "at least " : "", lane->count);
    for (const struct backlog_app *app = lane->apps; app != NULL; app = app->hh.next)
        add_app(table, lane, app, now_ms);
    if (lane->count > 0)
        table_write(table, out);
    if (lane->settled_count > 0)
        buffer_append_format(out,
                             "%" PRId64 " more are settled, though the commit has not passed them "
                             "yet.\n",
                             lane->settled_count);
    if (lane->double_count > 0)
        buffer_append_format(out,
                             "%" PRId64 " more are further records of these, most of them moved, "
                             "but not yet committed.\n",
                             lane->double_count);
    if (lane->unread_count > 0)
        buffer_append_format(out,
                             "%" PRId64 " more were not looked at, so each app may have more: give "
                             "more with --limit and --timeout.\n",
                             lane->unread_count);
    table_free(table);
}

enum command_status backlog_command_write(const struct backlog *lanes, size_t count, bool json,
                                          int64_t now_ms, struct buffer *out) {
    if (json)
        write_json(lanes, count, out);
    else
        for (size_t l = 0; l < count; l++) {
            if (l > 0)
                buffer_append_text(out, "\n");
            write_lane(&lanes[l], now_ms, out);
        }
    return is_complete(lanes, count) ? COMMAND_OK : COMMAND_WRONG;
}

static bool ask(const struct session *session, const struct invocation *invocation,
                struct backlog *lanes, struct error *error) {
    struct backlog_bound bound;
    int64_t timeout_ms;

    if (!invocation_duration(invocation, OPTION_TIMEOUT, READ_TIMEOUT_MS, &timeout_ms, error) ||
        !invocation_number(invocation, OPTION_LIMIT, READ_RECORDS, &bound.record_count, error))
        return false;
    bound.deadline_ms = report_now_ms() + timeout_ms;
    for (size_t l = 0; l < session->lane_count; l++) {
        backlog_begin(session->config, session->lanes[l], &lanes[l]);
        if (!backlog_read(session->config, &bound, &lanes[l], error))
            return false;
    }
    return true;
}

enum command_status backlog_command_show(const struct invocation *invocation, struct buffer *out,
                                         struct error *error) {
    struct backlog lanes[SESSION_LANE_LIMIT] = {0};
    enum command_status status = COMMAND_OK;
    struct session session;

    if (session_open(invocation, &session, error) &&
        (invocation->argument_count == 0 ||
         session_select_lane(&session, invocation->arguments[0], error)) &&
        ask(&session, invocation, lanes, error))
        status = backlog_command_write(lanes, session.lane_count, invocation->json, report_now_ms(),
                                       out);
    else
        status = invocation_status_of(error);
    for (size_t l = 0; l < SESSION_LANE_LIMIT; l++)
        backlog_free(&lanes[l]);
    session_close(&session);
    return status;
}
