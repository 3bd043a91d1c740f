#include "deploy/columbactl/dead_letters.h"

#include "common/base/memory.h"
#include "common/queue/browse.h"
#include "common/queue/group.h"
#include "deploy/columbactl/handled.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dead_letters {
    const struct config *config;
    char topic[TOPIC_NAME_SIZE];
    char group[TOPIC_NAME_SIZE];
    struct browse_range *ranges; /* one for each partition, in their order */
    struct handled *handled;     /* likewise */
    size_t count;
};

/* While they are read. */
struct reading {
    struct dead_letters *letters;
    dead_letters_found *found;
    void *context;
    struct error *error;
    bool has_failed;
};

static void name_group(const struct queue_config *config, const char *lane,
                       char out[TOPIC_NAME_SIZE]) {
    snprintf(out, TOPIC_NAME_SIZE, "%sctl.dead.%s", config->prefix, lane);
}

static struct group_commit *commits_new(const struct dead_letters *letters) {
    struct group_commit *commits = memory_new_array(letters->count + 1, sizeof *commits);

    for (size_t i = 0; i < letters->count; i++) {
        commits[i].topic = letters->topic;
        commits[i].partition = letters->ranges[i].partition;
    }
    return commits;
}

static bool read_handled(struct dead_letters *letters, int64_t timeout_ms, struct error *error) {
    struct group_commit *commits = commits_new(letters);
    bool success = group_read(&letters->config->queue, letters->group, commits, letters->count,
                              timeout_ms, error);

    for (size_t i = 0; success && i < letters->count; i++) {
        handled_read(commits[i].offset, commits[i].note, letters->ranges[i].start,
                     &letters->handled[i]);
        letters->ranges[i].next = letters->handled[i].next;
    }
    free(commits);
    return success;
}

struct dead_letters *dead_letters_open(const struct config *config, const char *lane,
                                       int64_t timeout_ms, struct error *error) {
    struct dead_letters *letters = memory_new(sizeof *letters);
    char topics[1][TOPIC_NAME_SIZE];

    letters->config = config;
    topic_name(&config->queue, TOPIC_DEAD, lane, 0, topics[0]);
    memcpy(letters->topic, topics[0], sizeof letters->topic);
    name_group(&config->queue, lane, letters->group);
    if (browse_ranges(&config->queue, (const char(*)[TOPIC_NAME_SIZE])topics, 1, 0, timeout_ms,
                      &letters->ranges, &letters->count, error)) {
        letters->handled = memory_new_array(letters->count + 1, sizeof *letters->handled);
        if (letters->count == 0)
            error_set(error, ERROR_NOT_FOUND,
                      "there is no topic %s: make it with columbactl topics create", topics[0]);
        else if (read_handled(letters, timeout_ms, error))
            return letters;
    }
    dead_letters_close(letters);
    return NULL;
}

void dead_letters_close(struct dead_letters *letters) {
    if (letters == NULL)
        return;
    for (size_t i = 0; letters->handled != NULL && i < letters->count; i++)
        handled_free(&letters->handled[i]);
    free(letters->handled);
    free(letters->ranges);
    free(letters);
}

bool dead_letters_narrow(struct dead_letters *letters, const struct place *place,
                         struct error *error) {
    if ((size_t)place->partition >= letters->count ||
        place->offset < letters->ranges[place->partition].start ||
        place->offset >= letters->ranges[place->partition].end)
        return error_set(error, ERROR_NOT_FOUND, "%s has no record at %d:%lld (any more)",
                         letters->topic, place->partition, (long long)place->offset);
    if (handled_has(&letters->handled[place->partition], place->offset))
        return error_set(error, ERROR_NOT_FOUND,
                         "%s:%d:%lld has been replayed or dropped before; columbactl dead show "
                         "still shows it",
                         letters->topic, place->partition, (long long)place->offset);
    for (size_t i = 0; i < letters->count; i++)
        letters->ranges[i].next = letters->ranges[i].end;
    letters->ranges[place->partition].next = place->offset;
    letters->ranges[place->partition].end = place->offset + 1;
    return true;
}

static bool on_record(void *context, struct queue_record *record) {
    struct reading *reading = context;
    struct dead_letters *letters = reading->letters;
    bool goes_on = (size_t)record->partition >= letters->count ||
                   handled_has(&letters->handled[record->partition], record->offset) ||
                   reading->found(reading->context, record, reading->error);

    reading->has_failed = !goes_on;
    queue_record_free(record);
    return goes_on;
}

bool dead_letters_read(struct dead_letters *letters, int64_t timeout_ms, dead_letters_found *found,
                       void *context, struct error *error) {
    struct reading reading = {
        .letters = letters, .found = found, .context = context, .error = error};

    return browse(&letters->config->queue, letters->ranges, letters->count, timeout_ms, on_record,
                  &reading, error) &&
           !reading.has_failed;
}

bool dead_letters_is_complete(const struct dead_letters *letters) {
    return browse_is_complete(letters->ranges, letters->count);
}

void dead_letters_handle(struct dead_letters *letters, const struct queue_record *record) {
    handled_add(&letters->handled[record->partition], record->offset);
}

bool dead_letters_remember(struct dead_letters *letters, int64_t timeout_ms, struct error *error) {
    struct group_commit *commits = commits_new(letters);
    bool success = true;

    for (size_t i = 0; success && i < letters->count; i++) {
        struct buffer note = {0};
        handled_write(&letters->handled[i], &note);
        success = note.size < sizeof commits[i].note;
        if (!success)
            error_set(error, ERROR_TOO_LARGE,
                      "too many single letters of %s have been handled to remember each: replay or "
                      "drop the oldest of partition %d first",
                      letters->topic, letters->ranges[i].partition);
        else
            snprintf(commits[i].note, sizeof commits[i].note, "%s", buffer_text(&note));
        commits[i].offset = letters->handled[i].next;
        buffer_free(&note);
    }
    success = success && group_write(&letters->config->queue, letters->group, commits,
                                     letters->count, timeout_ms, error);
    free(commits);
    return success;
}
