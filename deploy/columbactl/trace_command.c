#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/report.h"
#include "deploy/columbactl/table.h"
#include "deploy/columbactl/tracing.h"

enum { TRACE_TIMEOUT_MS = 60 * 1000 };

static const char *const where_names[] = {
    [TRACE_WAITS] = "unsettled", [TRACE_SETTLED] = "settled", [TRACE_DEAD] = "dead letter"};

/* ---- For scripts ---- */

static void add_records(struct json_object *row, const struct trace_story *story) {
    struct json_object *records = report_list(row, "records");

    for (size_t i = 0; i < story->count; i++) {
        const struct trace_record *record = &story->records[i];
        struct json_object *entry = report_entry(records);
        report_text(entry, "place", record->place);
        report_text(entry, "where", where_names[record->where]);
        report_text(entry, "id", record->letter.meta.id);
        report_text(entry, "reason", record->letter.meta.reason);
        report_number(entry, "attempt", record->letter.meta.attempt);
        report_number(entry, "accepted_ms", record->letter.accepted_ms);
        report_number(entry, "written_ms", record->written_ms);
    }
}

static void write_json(const struct tracing *tracing, struct buffer *out) {
    struct json_object *whole = json_object_new_object();
    struct json_object *stories = report_list(whole, "stories");

    for (size_t i = 0; i < tracing->story_count; i++) {
        const struct trace_story *story = &tracing->stories[i];
        struct json_object *row = report_entry(stories);
        report_text(row, "app_id", story->records[0].letter.app_id);
        report_text(row, "h", story->records[0].letter.pushkey);
        report_text(row, "end", trace_end_name(trace_conclude(story)));
        report_bool(row, "state_known", story->knows_state);
        report_bool(row, "seen", story->is_seen);
        report_text(row, "verdict", story->known.has_verdict ? story->known.verdict.reason : NULL);
        if (story->known.has_hold)
            report_number(row, "hold_until_ms", story->known.hold.until_ms);
        report_text(row, "gate", story->gate == NULL ? NULL : story->gate->name);
        add_records(row, story);
    }
    report_bool(whole, "complete", tracing->is_complete);
    report_end_take(whole, out);
}

/* ---- For people ---- */

static void write_records(const struct trace_story *story, struct buffer *out) {
    struct table *table =
        table_new((const char *const[]){"WRITTEN", "PLACE", "IT IS", ">ATTEMPT", "REASON", NULL});

    for (size_t i = 0; i < story->count; i++) {
        const struct trace_record *record = &story->records[i];
        char written[REPORT_TEXT_SIZE];
        report_time(record->written_ms, written);
        table_text(table, written);
        table_text(table, record->place);
        table_text(table, where_names[record->where]);
        table_number(table, record->letter.meta.attempt);
        table_text(table, record->letter.meta.reason);
    }
    table_write(table, out);
    table_free(table);
}

static void write_state(const struct trace_story *story, int64_t now_ms, struct buffer *out) {
    char until[REPORT_TEXT_SIZE];

    if (!story->knows_state) {
        buffer_append_text(out,
                           "Redis does not answer: its marks, verdict and gate are unknown.\n");
        return;
    }
    buffer_append_format(out, "mark: %s; verdict: %s; ", story->is_seen ? "delivered" : "none",
                         story->known.has_verdict ? story->known.verdict.reason : "none");
    report_time(story->known.hold.until_ms, until);
    if (story->known.has_hold && story->known.hold.until_ms > now_ms)
        buffer_append_format(out, "hold: until %s; ", until);
    else
        buffer_append_text(out, "hold: none; ");
    if (story->gate == NULL)
        buffer_append_text(out, "gate: open\n");
    else
        buffer_append_format(out, "gate: %s (%s, by %s)\n",
                             gate_entry_state_name(story->gate->state), story->gate->reason,
                             story->gate->by);
}

static void write_text(const struct tracing *tracing, const char *wanted, int64_t now_ms,
                       struct buffer *out) {
    for (size_t i = 0; i < tracing->story_count; i++) {
        const struct trace_story *story = &tracing->stories[i];
        const struct letter *letter = &story->records[0].letter;
        buffer_append_format(out, "%s%s of %s, lane %s\n", i == 0 ? "" : "\n",
                             *letter->pushkey == '\0' ? "a pushkey" : letter->pushkey,
                             *letter->app_id == '\0' ? "no app" : letter->app_id,
                             story->records[0].use.lane);
        write_records(story, out);
        write_state(story, now_ms, out);
        trace_explain(story, now_ms, out);
    }
    if (tracing->story_count == 0)
        buffer_append_format(out,
                             "No record of %s. Either its homeserver never sent it (ask its log "
                             "for push errors), or "
                             "the ingress named the pushkey as rejected (columbactl pushkey show "
                             "APP_ID PUSHKEY), or "
                             "it is older than the topics keep.\n",
                             wanted);
    if (!tracing->is_complete)
        buffer_append_text(out, "Time ran out before all topics were read: give more with "
                                "--timeout, or look less far back with --since.\n");
}

enum command_status trace_command_write(const struct tracing *tracing, const char *wanted,
                                        bool json, int64_t now_ms, struct buffer *out) {
    if (json)
        write_json(tracing, out);
    else
        write_text(tracing, wanted, now_ms, out);
    return tracing->story_count > 0 && tracing->is_complete ? COMMAND_OK : COMMAND_WRONG;
}

enum command_status trace_command_run(const struct invocation *invocation, struct buffer *out,
                                      struct error *error) {
    struct tracing_question question = {.wanted = invocation->arguments[0]};
    struct tracing tracing = {0};
    enum command_status status;
    struct session session;
    int64_t since_ms;

    if (session_open(invocation, &session, error) &&
        invocation_duration(invocation, OPTION_SINCE, 0, &since_ms, error) &&
        invocation_duration(invocation, OPTION_TIMEOUT, TRACE_TIMEOUT_MS, &question.timeout_ms,
                            error)) {
        question.since_ms = since_ms == 0 ? 0 : report_now_ms() - since_ms;
        session.redis = inspect_open(&session.config->redis, SESSION_REDIS_TIMEOUT_MS, NULL);
        status = tracing_gather(&session, &question, &tracing, error)
                     ? trace_command_write(&tracing, question.wanted, invocation->json,
                                           report_now_ms(), out)
                     : invocation_status_of(error);
    } else {
        status = invocation_status_of(error);
    }
    tracing_free(&tracing);
    session_close(&session);
    return status;
}
