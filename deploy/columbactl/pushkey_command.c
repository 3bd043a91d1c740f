#include "common/push/identity.h"
#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/report.h"
#include "deploy/columbactl/session.h"

#include <inttypes.h>

static void write_json(const struct pushkey_report *report, struct buffer *out) {
    const struct inspect_pushkey *known = report->known;
    struct json_object *whole = json_object_new_object();

    report_text(whole, "app_id", report->app_id);
    report_text(whole, "h", report->pushkey);
    report_text(whole, "lane", report->app == NULL ? NULL : report->app->lane);
    json_object_object_add(whole, "verdict", NULL);
    json_object_object_add(whole, "hold", NULL);
    if (known->has_verdict) {
        struct json_object *verdict = json_object_new_object();
        report_text(verdict, "reason", known->verdict.reason);
        report_number(verdict, "code", known->verdict.code);
        report_number(verdict, "pushkey_ts_ms", known->verdict.pushkey_ts_ms);
        report_number(verdict, "at_ms", known->verdict.at_ms);
        report_number(verdict, "lifetime_ms", known->verdict_lifetime_ms);
        json_object_object_add(whole, "verdict", verdict);
    }
    if (known->has_hold) {
        struct json_object *hold = json_object_new_object();
        report_number(hold, "until_ms", known->hold.until_ms);
        report_number(hold, "newest_ms", known->hold.newest_ms);
        report_number(hold, "lifetime_ms", known->hold_lifetime_ms);
        json_object_object_add(whole, "hold", hold);
    }
    report_bool(whole, "forgiven", report->forgiven);
    report_end_take(whole, out);
}

static void write_verdict(const struct inspect_pushkey *known, struct buffer *out) {
    char at[REPORT_TEXT_SIZE];
    char lifetime[REPORT_TEXT_SIZE];
    char registered[REPORT_TEXT_SIZE];

    if (!known->has_verdict) {
        buffer_append_text(out, "verdict  none: nobody has called it dead\n");
        return;
    }
    report_time(known->verdict.at_ms, at);
    report_duration(known->verdict_lifetime_ms, lifetime);
    report_time(known->verdict.pushkey_ts_ms, registered);
    buffer_append_format(out, "verdict  dead: %s (%" PRId64 "), since %s, kept for %s\n",
                         known->verdict.reason, known->verdict.code, at, lifetime);
    if (known->verdict.pushkey_ts_ms > 0)
        buffer_append_format(out, "         void for who registered it after %s\n", registered);
}

static void write_hold(const struct inspect_pushkey *known, int64_t now_ms, struct buffer *out) {
    char until[REPORT_TEXT_SIZE];
    char newest[REPORT_TEXT_SIZE];

    if (!known->has_hold) {
        buffer_append_text(out, "hold     none: nothing of it waits in a retry topic\n");
        return;
    }
    report_time(known->hold.until_ms, until);
    report_time(known->hold.newest_ms, newest);
    buffer_append_format(out, "hold     %s %s\n",
                         known->hold.until_ms > now_ms ? "its pushes wait until" : "was over at",
                         until);
    if (known->hold.newest_ms > 0)
        buffer_append_format(out, "         newest counts delivered: of %s\n", newest);
}

void pushkey_command_write(const struct pushkey_report *report, bool json, int64_t now_ms,
                           struct buffer *out) {
    const struct inspect_pushkey *known = report->known;

    if (json) {
        write_json(report, out);
        return;
    }
    buffer_append_format(out, "pushkey  %s of %s", report->pushkey, report->app_id);
    if (report->app == NULL)
        buffer_append_text(out, ", which no app of the configuration serves\n");
    else
        buffer_append_format(out, ", lane %s\n", report->app->lane);
    write_verdict(known, out);
    write_hold(known, now_ms, out);
    if (report->forgiven)
        buffer_append_text(out, known->has_verdict || known->has_hold
                                    ? "Forgiven: the next push goes to the provider.\n"
                                    : "There is nothing to forgive.\n");
}

static enum command_status look(const struct invocation *invocation, bool forgives,
                                struct buffer *out, struct error *error) {
    struct pushkey_report report = {.app_id = invocation->arguments[0], .forgiven = forgives};
    enum command_status status = COMMAND_OK;
    struct inspect_pushkey known;
    struct session session;

    identity_pushkey(slice_of(report.app_id), slice_of(invocation->arguments[1]), report.pushkey);
    if (session_open_redis(invocation, &session, error) &&
        inspect_pushkey(session.redis, report.pushkey, &known, error) &&
        (!forgives || inspect_forgive(session.redis, report.pushkey, error))) {
        report.app = apps_find(&session.config->apps, slice_of(report.app_id));
        report.known = &known;
        pushkey_command_write(&report, invocation->json, report_now_ms(), out);
    } else {
        status = invocation_status_of(error);
    }
    session_close(&session);
    return status;
}

enum command_status pushkey_command_show(const struct invocation *invocation, struct buffer *out,
                                         struct error *error) {
    return look(invocation, false, out, error);
}

enum command_status pushkey_command_forgive(const struct invocation *invocation, struct buffer *out,
                                            struct error *error) {
    return look(invocation, true, out, error);
}
