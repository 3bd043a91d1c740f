#include "deploy/columbactl/check.h"

#include "common/base/memory.h"
#include "deploy/columbactl/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OLDEST_USUAL_MS = 60 * 1000 };

static const struct {
    const char *for_scripts;
    const char *for_people;
} verdict_names[] = {
    [CHECK_OK] = {"ok", "ok"}, [CHECK_NOTE] = {"note", "note"}, [CHECK_WRONG] = {"wrong", "WRONG"}};

void check_add(struct check *check, enum check_verdict verdict, const char *about,
               const char *format, ...) {
    struct check_line *line;
    va_list arguments;

    check->lines = memory_resize(check->lines, (check->count + 1) * sizeof *check->lines);
    line = &check->lines[check->count++];
    line->verdict = verdict;
    line->about = about;
    va_start(arguments, format);
    vsnprintf(line->text, sizeof line->text, format, arguments);
    va_end(arguments);
}

void check_free(struct check *check) {
    free(check->lines);
    *check = (struct check){0};
}

bool check_is_sound(const struct check *check) {
    for (size_t i = 0; i < check->count; i++)
        if (check->lines[i].verdict == CHECK_WRONG)
            return false;
    return true;
}

void check_topics(struct check *check, const struct topic_report *report) {
    const char *missing = NULL;
    size_t missing_count = 0;

    for (size_t i = 0; i < report->count; i++) {
        const struct topic_state *topic = &report->topics[i];
        if (!topic->exists && missing_count++ == 0)
            missing = topic->name;
        if (topic->exists && *topic->fault != '\0')
            check_add(check, CHECK_WRONG, "topics", "%s: %s", topic->name, topic->fault);
    }
    if (missing_count == 1)
        check_add(check, CHECK_WRONG, "topics", "%s is missing: columbactl topics create", missing);
    else if (missing_count > 1)
        check_add(check, CHECK_WRONG, "topics",
                  "%s and %zu more are missing: columbactl topics create", missing,
                  missing_count - 1);
    if (report->sound)
        check_add(check, CHECK_OK, "topics", "%zu, as they should be", report->count);
}

static void check_persistence(struct check *check, const struct inspect_server *server) {
    if (!server->knows_persistence)
        check_add(check, CHECK_NOTE, "redis",
                  "it does not tell whether it keeps anything over a restart (CONFIG GET save)");
    else if (!server->appends && !server->saves)
        check_add(check, CHECK_NOTE, "redis",
                  "it keeps nothing over a restart: pushes may then ring twice, and dead pushkeys "
                  "are asked about again (appendonly yes)");
}

/* What each does in place of what is best; every key has an expiry. */
static const struct {
    const char *part;
    const char *does;
} policies[] = {
    {"noeviction", "takes no new marks, verdicts and gates"},
    {"-random", "may throw away closed gates"},
    {"-lru", "throws away verdicts before old marks"},
    {"-lfu", "throws away verdicts before old marks"},
};

static void check_memory(struct check *check, const struct inspect_server *server) {
    if (server->limit_bytes == 0)
        check_add(check, CHECK_NOTE, "redis",
                  "it has no maxmemory: its host decides what happens when memory ends");
    else if (server->limit_bytes > 0 && server->used_bytes > server->limit_bytes / 10 * 9)
        check_add(check, CHECK_WRONG, "redis",
                  "more than nine tenths of its maxmemory are in use (%s): give it more, or marks "
                  "get lost and pushes ring twice",
                  server->policy);
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++)
        if (strstr(server->policy, policies[i].part) != NULL)
            check_add(
                check, CHECK_NOTE, "redis",
                "maxmemory-policy %s: when memory ends it %s; volatile-ttl gives up what would "
                "end first",
                server->policy, policies[i].does);
}

void check_redis(struct check *check, const struct inspect_server *server) {
    if (strcmp(server->role, "master") != 0 && *server->role != '\0')
        check_add(check, CHECK_WRONG, "redis",
                  "it is a %s, which takes no writes: name the master in redis.address",
                  server->role);
    else
        check_add(check, CHECK_OK, "redis", "%s answers", server->version);
    check_persistence(check, server);
    check_memory(check, server);
}

static void check_lane(struct check *check, const struct fleet *fleet, const char *lane) {
    struct fleet_sums sums = {0};
    char oldest[REPORT_TEXT_SIZE];

    for (size_t m = 0; m < fleet->count; m++)
        fleet_add(&fleet->members[m], lane, &sums);
    report_duration(sums.oldest_ms, oldest);
    if (sums.dispatchers == 0)
        check_add(check, CHECK_WRONG, "lane", "%s: no dispatcher serves it: start one", lane);
    else
        check_add(check, sums.oldest_ms > OLDEST_USUAL_MS ? CHECK_NOTE : CHECK_OK, "lane",
                  "%s: a lag of %" PRId64 ", %" PRId64 " to be tried again, the oldest due for %s",
                  lane, sums.push_lag, sums.retry_lag, oldest);
}

static void check_gate(struct check *check, const struct fleet_gate *gate) {
    struct slice state = json_member_text(gate->gate, "state");
    struct slice reason = json_member_text(gate->gate, "reason");
    struct slice host = json_member_text(gate->gate, "host");
    struct slice name = host.size > 0 ? host : json_member_text(gate->gate, "app");
    bool latched = slice_is(state, "latched");
    struct buffer what_to_do = {0};

    if (fleet_gate_is_by_hand(gate)) {
        buffer_append_text(&what_to_do, "columbactl gate open ");
        buffer_append(&what_to_do, name);
    } else {
        buffer_append_text(&what_to_do, latched ? "mend its key or options, which are tried at "
                                                  "once, or what the provider has of it, which "
                                                  "one push a minute finds out"
                                                : "it opens by itself");
    }
    check_add(check, latched ? CHECK_WRONG : CHECK_NOTE, "gate",
              "%s: %.*s is %.*s (%.*s), %" PRId64 " wait: %s", gate->lane, (int)name.size,
              name.data, (int)state.size, state.data, (int)reason.size,
              reason.size > 0 ? reason.data : "", gate->waiting, buffer_text(&what_to_do));
    buffer_free(&what_to_do);
}

void check_fleet(struct check *check, const struct fleet *fleet, const char *const *lanes,
                 size_t lane_count) {
    struct fleet_gate *gates;
    size_t count = fleet_gates(fleet, lanes, lane_count, &gates);

    if (fleet->count == 0)
        check_add(check, CHECK_NOTE, "dispatchers", "none has written how it is within 15 s");
    else
        check_add(check, CHECK_OK, "dispatchers", "%zu of them", fleet->count);
    for (size_t l = 0; l < lane_count && fleet->count > 0; l++)
        check_lane(check, fleet, lanes[l]);
    for (size_t i = 0; i < count; i++)
        check_gate(check, &gates[i]);
    free(gates);
}

static void check_credential(struct check *check, const struct rehearsal_app *app) {
    const char *pattern = app->app->pattern;

    if (!app->needs_credential)
        check_add(check, CHECK_OK, "credential", "%s needs none", pattern);
    else if (!app->has_answer)
        check_add(check, CHECK_WRONG, "credential", "%s: no answer in time", pattern);
    else if (app->credential == CREDENTIAL_READY)
        check_add(check, CHECK_OK, "credential", "%s has one", pattern);
    else if (app->credential == CREDENTIAL_LATER)
        check_add(check, CHECK_WRONG, "credential",
                  "%s: its token endpoint does not give one now (%s): see whether this machine "
                  "reaches it",
                  pattern, app->credential_reason);
    else
        check_add(check, CHECK_WRONG, "credential",
                  "%s: %s: mend the key file or its settings; the log line above says more",
                  pattern, app->credential_reason);
}

/* By how the sender calls what happened. */
static const char *way_to(const char *reason) {
    static const struct {
        const char *reason;
        const char *see;
    } ways[] = {
        {"tls:", "the certificate there, and the option ca_file"},
        {"dns:", "the name and DNS"},
        {"proxy:", "the option proxy"},
    };

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strncmp(reason, ways[i].reason, strlen(ways[i].reason)) == 0)
            return ways[i].see;
    return "firewalls, and the option proxy";
}

void check_app(struct check *check, const struct rehearsal_app *app) {
    check_credential(check, app);
    if (app->origin[0] == '\0')
        check_add(check, CHECK_OK, "provider", "%s: each pushkey has a host of its own",
                  app->app->pattern);
    else if (app->is_reached)
        check_add(check, CHECK_OK, "provider", "%s: %s answers", app->app->pattern, app->origin);
    else
        check_add(check, CHECK_WRONG, "provider", "%s: %s cannot be reached: %s; see %s",
                  app->app->pattern, app->origin, app->reach_reason, way_to(app->reach_reason));
}

void check_write(const struct check *check, bool json, struct buffer *out) {
    struct json_object *whole;
    struct json_object *list;

    if (!json) {
        for (size_t i = 0; i < check->count; i++)
            buffer_append_format(out, "%-5s  %-13s  %s\n",
                                 verdict_names[check->lines[i].verdict].for_people,
                                 check->lines[i].about, check->lines[i].text);
        return;
    }
    whole = json_object_new_object();
    report_bool(whole, "sound", check_is_sound(check));
    list = report_list(whole, "lines");
    for (size_t i = 0; i < check->count; i++) {
        struct json_object *row = report_entry(list);
        report_text(row, "verdict", verdict_names[check->lines[i].verdict].for_scripts);
        report_text(row, "about", check->lines[i].about);
        report_text(row, "text", check->lines[i].text);
    }
    report_end_take(whole, out);
}
