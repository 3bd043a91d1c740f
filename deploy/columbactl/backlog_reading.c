#include "deploy/columbactl/backlog_reading.h"

#include "common/base/memory.h"
#include "common/queue/browse.h"
#include "common/queue/group.h"
#include "deploy/columbactl/report.h"
#include "deploy/columbactl/session.h"
#include "dispatcher/ledger.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    const struct config *config;
    struct backlog *backlog;
    struct backlog_bound *bound;
    struct browse_range *ranges;
    struct ledger **notes; /* of each range; NULL without one */
    size_t count;
    size_t last; /* the range of the last record: most come in runs */
};

static size_t topic_of(const struct backlog *backlog, const char *topic) {
    size_t at = 0;

    while (at < backlog->topic_count && strcmp(backlog->topics[at], topic) != 0)
        at++;
    return at;
}

static bool is_range(const struct browse_range *range, const struct queue_record *record) {
    return range->partition == record->partition && strcmp(range->topic, record->topic) == 0;
}

static const struct ledger *notes_of(struct reading *reading, const struct queue_record *record) {
    for (size_t i = 0; i < reading->count; i++) {
        size_t at = (reading->last + i) % reading->count;
        if (!is_range(&reading->ranges[at], record))
            continue;
        reading->last = at;
        return reading->notes[at];
    }
    return NULL;
}

static bool on_record(void *context, struct queue_record *record) {
    struct reading *reading = context;
    struct backlog *backlog = reading->backlog;
    const struct ledger *notes = notes_of(reading, record);

    if (notes != NULL && ledger_was_settled(notes, record->offset))
        backlog->settled_count++;
    else
        backlog_add(backlog, &reading->config->apps, topic_of(backlog, record->topic), record);
    queue_record_free(record);
    return --reading->bound->record_count > 0;
}

/* Reading begins where the group stands, if the log still has that. */
static bool begin_at_commits(struct reading *reading, struct error *error) {
    struct group_commit *commits = memory_new_array(reading->count + 1, sizeof *commits);
    bool success;

    for (size_t i = 0; i < reading->count; i++) {
        commits[i].topic = reading->ranges[i].topic;
        commits[i].partition = reading->ranges[i].partition;
    }
    success = group_read(&reading->config->queue, reading->backlog->group, commits, reading->count,
                         SESSION_TIMEOUT_MS, error);
    reading->notes = memory_new_array(reading->count + 1, sizeof(struct ledger *));
    for (size_t i = 0; success && i < reading->count; i++) {
        if (commits[i].offset > reading->ranges[i].next)
            reading->ranges[i].next = commits[i].offset;
        if (commits[i].note[0] != '\0')
            reading->notes[i] = ledger_new(commits[i].offset, commits[i].note);
    }
    free(commits);
    return success;
}

static bool find_ranges(const struct reading *reading, struct browse_range **ranges, size_t *count,
                        struct error *error) {
    const struct backlog *backlog = reading->backlog;

    return browse_ranges(&reading->config->queue, (const char(*)[TOPIC_NAME_SIZE])backlog->topics,
                         backlog->topic_count, 0, SESSION_TIMEOUT_MS, ranges, count, error);
}

/* Where the logs end by now. */
static bool end_now(struct reading *reading, struct error *error) {
    struct browse_range *ranges;
    size_t count;

    if (!find_ranges(reading, &ranges, &count, error))
        return false;
    for (size_t i = 0; i < reading->count && i < count; i++)
        reading->ranges[i].end = ranges[i].end;
    free(ranges);
    return true;
}

static int64_t unread(const struct reading *reading) {
    int64_t sum = 0;

    for (size_t i = 0; i < reading->count; i++) {
        const struct browse_range *range = &reading->ranges[i];
        sum += range->end > range->next ? range->end - range->next : 0;
    }
    return sum;
}

static bool read_topics(struct reading *reading, struct error *error) {
    struct backlog *backlog = reading->backlog;
    int64_t left_ms;

    if (!find_ranges(reading, &reading->ranges, &reading->count, error))
        return false;
    if (reading->count == 0)
        return error_set(error, ERROR_NOT_FOUND,
                         "there is no topic %s: make it with columbactl topics create",
                         backlog->topics[0]);
    if (!begin_at_commits(reading, error) || !end_now(reading, error))
        return false;
    left_ms = reading->bound->deadline_ms - report_now_ms();
    return reading->bound->record_count <= 0 || left_ms <= 0 ||
           browse(&reading->config->queue, reading->ranges, reading->count, left_ms, on_record,
                  reading, error);
}

bool backlog_read(const struct config *config, struct backlog_bound *bound, struct backlog *backlog,
                  struct error *error) {
    struct reading reading = {.config = config, .backlog = backlog, .bound = bound};
    bool success = read_topics(&reading, error);

    backlog->unread_count = unread(&reading);
    backlog_sort(backlog);
    for (size_t i = 0; reading.notes != NULL && i < reading.count; i++)
        ledger_free(reading.notes[i]);
    free(reading.notes);
    free(reading.ranges);
    return success;
}
