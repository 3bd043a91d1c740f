#include "common/base/memory.h"
#include "common/queue/browse.h"
#include "common/queue/publisher.h"
#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/dead_letters.h"
#include "deploy/columbactl/report.h"
#include "deploy/columbactl/session.h"
#include "deploy/columbactl/table.h"

#include <stdlib.h>
#include <string.h>

enum { READ_TIMEOUT_MS = 60 * 1000, BATCH = 100, LIST_LIMIT = 50 };

/* Which of the letters are meant. */
struct wish {
    const char *app_id; /* NULL: of any app */
    const char *reason; /* NULL: for any reason */
};

static struct wish wish_of(const struct invocation *invocation) {
    return (struct wish){.app_id = invocation->options[OPTION_APP],
                         .reason = invocation->options[OPTION_REASON]};
}

static bool is_meant(const struct wish *wish, const struct letter *letter) {
    return (wish->app_id == NULL || strcmp(wish->app_id, letter->app_id) == 0) &&
           (wish->reason == NULL || strcmp(wish->reason, letter->meta.reason) == 0);
}

/* ---- dead list ---- */

struct list {
    struct wish wish;
    struct dead_entry *entries;
    size_t count;
};

static bool add_to_list(void *context, const struct queue_record *record, struct error *error) {
    struct list *list = context;
    struct dead_entry *entry;

    (void)error;
    list->entries = memory_resize(list->entries, (list->count + 1) * sizeof *list->entries);
    entry = &list->entries[list->count];
    letter_read(record, &entry->letter);
    place_write(record->topic, record->partition, record->offset, entry->place);
    entry->written_ms = record->timestamp_ms;
    list->count += is_meant(&list->wish, &entry->letter) ? 1 : 0;
    return true;
}

static void write_list_json(const struct dead_entry *entries, size_t count, bool complete,
                            struct buffer *out) {
    struct json_object *whole = json_object_new_object();
    struct json_object *list = report_list(whole, "letters");

    for (size_t i = 0; i < count; i++) {
        const struct dead_entry *entry = &entries[i];
        struct json_object *row = report_entry(list);
        report_text(row, "place", entry->place);
        report_text(row, "id", entry->letter.meta.id);
        report_text(row, "app_id", entry->letter.app_id);
        report_text(row, "h", entry->letter.pushkey);
        report_text(row, "reason", entry->letter.meta.reason);
        report_number(row, "attempt", entry->letter.meta.attempt);
        report_number(row, "accepted_ms", entry->letter.accepted_ms);
        report_number(row, "written_ms", entry->written_ms);
    }
    report_bool(whole, "complete", complete);
    report_end_take(whole, out);
}

void dead_command_write(const struct dead_entry *entries, size_t count, bool complete, bool json,
                        int64_t now_ms, struct buffer *out) {
    struct table *table;
    char age[REPORT_TEXT_SIZE];

    if (json) {
        write_list_json(entries, count, complete, out);
        return;
    }
    buffer_append_format(out, "%zu dead letters.\n", count);
    table = table_new(
        (const char *const[]){"PLACE", "DEAD FOR", ">ATTEMPTS", "APP", "PUSHKEY", "REASON", NULL});
    for (size_t i = 0; i < count && i < LIST_LIMIT; i++) {
        const struct dead_entry *entry = &entries[i];
        report_duration(now_ms - entry->written_ms, age);
        table_text(table, entry->place);
        table_text(table, age);
        table_number(table, entry->letter.meta.attempt);
        table_text(table, *entry->letter.app_id == '\0' ? "-" : entry->letter.app_id);
        table_text(table, *entry->letter.pushkey == '\0' ? "-" : entry->letter.pushkey);
        table_text(table, entry->letter.meta.reason);
    }
    if (count > 0)
        table_write(table, out);
    if (count > LIST_LIMIT)
        buffer_append_format(out, "… and %zu more; --json shows all, --app and --reason fewer.\n",
                             count - LIST_LIMIT);
    if (!complete)
        buffer_append_text(out, "Time ran out before all were read: give more with --timeout.\n");
    table_free(table);
}

enum command_status dead_command_list(const struct invocation *invocation, struct buffer *out,
                                      struct error *error) {
    struct list list = {.wish = wish_of(invocation)};
    struct session session;
    bool complete = true;
    int64_t timeout_ms;
    bool success =
        session_open(invocation, &session, error) &&
        invocation_duration(invocation, OPTION_TIMEOUT, READ_TIMEOUT_MS, &timeout_ms, error) &&
        (invocation->argument_count == 0 ||
         session_select_lane(&session, invocation->arguments[0], error));

    for (size_t l = 0; success && l < session.lane_count; l++) {
        struct dead_letters *letters =
            dead_letters_open(session.config, session.lanes[l], SESSION_TIMEOUT_MS, error);
        success =
            letters != NULL && dead_letters_read(letters, timeout_ms, add_to_list, &list, error);
        complete = complete && success && dead_letters_is_complete(letters);
        dead_letters_close(letters);
    }
    if (success)
        dead_command_write(list.entries, list.count, complete, invocation->json, report_now_ms(),
                           out);
    free(list.entries);
    session_close(&session);
    if (!success)
        return invocation_status_of(error);
    return complete ? COMMAND_OK : COMMAND_WRONG;
}

/* ---- dead show ---- */

enum command_status dead_command_show(const struct invocation *invocation, struct buffer *out,
                                      struct error *error) {
    struct queue_record *record = NULL;
    struct session session;
    struct place_use use;
    struct place place;

    if (session_open(invocation, &session, error) &&
        place_parse(invocation->arguments[0], &place, error) &&
        place_use(session.config, session.lanes, session.lane_count, place.topic, &use, error))
        record = browse_one(&session.config->queue, place.topic, place.partition, place.offset,
                            SESSION_TIMEOUT_MS, error);
    session_close(&session);
    if (record == NULL)
        return invocation_status_of(error);
    if (invocation->json)
        report_end_take(letter_json(record), out);
    else
        letter_write(record, out);
    queue_record_free(record);
    return COMMAND_OK;
}

/* ---- dead replay, dead drop ---- */

struct job {
    const struct config *config;
    const char *lane;
    struct wish wish;
    struct dead_letters *letters;
    struct publisher *publisher; /* NULL: they are dropped */
    size_t batch_count;          /* handled, but not remembered */
    size_t done_count;
};

static bool end_batch(struct job *job, struct error *error) {
    size_t count = job->batch_count;

    if (count == 0)
        return true;
    job->batch_count = 0;
    if ((job->publisher != NULL &&
         !publisher_flush(job->publisher, job->config->queue.ack_timeout_ms, error)) ||
        !dead_letters_remember(job->letters, SESSION_TIMEOUT_MS, error))
        return false;
    job->done_count += count;
    return true;
}

/* The app may be on another lane by now. */
static const char *lane_for(const struct job *job, const struct letter *letter) {
    const struct app *app = apps_find(&job->config->apps, slice_of(letter->app_id));

    return app == NULL || app->kind == PROVIDER_RETIRED ? job->lane : app->lane;
}

/* As on the first day: its id stays, its age and its attempts begin anew. */
static bool replay(const struct job *job, const struct queue_record *record,
                   const struct letter *letter, struct error *error) {
    struct record_meta meta = letter->meta;
    char topic[TOPIC_NAME_SIZE];

    meta.accepted_ms = 0;
    meta.attempt = 0;
    meta.reason[0] = '\0';
    topic_name(&job->config->queue, TOPIC_PUSH, lane_for(job, letter), 0, topic);
    return publisher_send_copy(job->publisher, record, topic, &meta, error);
}

static bool handle(void *context, const struct queue_record *record, struct error *error) {
    struct job *job = context;
    struct letter letter;

    letter_read(record, &letter);
    if (!is_meant(&job->wish, &letter))
        return true;
    if (job->publisher != NULL && !replay(job, record, &letter, error))
        return false;
    dead_letters_handle(job->letters, record);
    return ++job->batch_count < BATCH || end_batch(job, error);
}

/* One place, or (place NULL) all of the lane. */
static bool run_job(struct job *job, const struct place *place, struct error *error) {
    bool success;

    job->letters = dead_letters_open(job->config, job->lane, SESSION_TIMEOUT_MS, error);
    success = job->letters != NULL &&
              (place == NULL || dead_letters_narrow(job->letters, place, error)) &&
              dead_letters_read(job->letters, READ_TIMEOUT_MS, handle, job, error) &&
              end_batch(job, error);
    if (success && !dead_letters_is_complete(job->letters))
        success = error_set(error, ERROR_REFUSED,
                            "time ran out before all were read: run it again for the rest");
    dead_letters_close(job->letters);
    return success;
}

static bool run_jobs(const struct invocation *invocation, struct session *session, struct job *job,
                     struct error *error) {
    struct place_use use;
    struct place place;

    if (invocation->argument_count == 1 && strchr(invocation->arguments[0], ':') == NULL) {
        job->lane = invocation->arguments[0];
        return session_select_lane(session, job->lane, error) && run_job(job, NULL, error);
    }
    for (size_t i = 0; i < invocation->argument_count; i++) {
        if (!place_parse(invocation->arguments[i], &place, error) ||
            !place_use(session->config, session->lanes, session->lane_count, place.topic, &use,
                       error))
            return false;
        if (use.role != TOPIC_DEAD)
            return error_set(error, ERROR_CONFIG, "%s is no dead-letter topic", place.topic);
        job->lane = use.lane;
        if (!run_job(job, &place, error))
            return false;
    }
    return true;
}

static enum command_status handle_all(const struct invocation *invocation, bool replays,
                                      struct buffer *out, struct error *error) {
    struct job job = {.wish = wish_of(invocation)};
    struct json_object *whole;
    struct session session;
    bool success = session_open(invocation, &session, error);

    if (success && replays) {
        job.publisher = publisher_open(&session.config->queue, error);
        success = job.publisher != NULL;
    }
    job.config = session.config;
    success = success && run_jobs(invocation, &session, &job, error);
    publisher_close(job.publisher);
    session_close(&session);
    if (!invocation->json) {
        buffer_append_format(out, "%zu %s.\n", job.done_count, replays ? "replayed" : "dropped");
    } else if (success) {
        whole = json_object_new_object();
        report_number(whole, replays ? "replayed" : "dropped", (int64_t)job.done_count);
        report_end_take(whole, out);
    }
    return success ? COMMAND_OK : invocation_status_of(error);
}

enum command_status dead_command_replay(const struct invocation *invocation, struct buffer *out,
                                        struct error *error) {
    return handle_all(invocation, true, out, error);
}

enum command_status dead_command_drop(const struct invocation *invocation, struct buffer *out,
                                      struct error *error) {
    return handle_all(invocation, false, out, error);
}
