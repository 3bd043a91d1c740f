#include "common/queue/browse.h"
#include "common/queue/group.h"
#include "common/queue/publisher.h"
#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/letter.h"
#include "deploy/columbactl/place.h"
#include "deploy/columbactl/report.h"
#include "deploy/columbactl/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool skip_command_allows(const struct place *place, int64_t committed, int64_t start,
                         struct error *error) {
    int64_t stands = committed > start ? committed : start;

    if (stands == place->offset)
        return true;
    if (stands > place->offset)
        return error_set(error, ERROR_REFUSED,
                         "the group has passed it: it stands at %" PRId64 " of %s [%" PRId32 "]",
                         stands, place->topic, place->partition);
    return error_set(error, ERROR_REFUSED,
                     "the group stands at %" PRId64 " of %s [%" PRId32 "]: only that record can be "
                     "skipped, or those between would be lost",
                     stands, place->topic, place->partition);
}

static bool has_no_member(const struct config *config, const char *group, const struct place *place,
                          struct error *error) {
    struct group_member *members;
    struct buffer names = {0};
    size_t count;
    bool free_of_them;

    if (!group_members(&config->queue, group, place->topic, place->partition, SESSION_TIMEOUT_MS,
                       &members, &count, error))
        return false;
    free_of_them = count == 0;
    for (size_t i = 0; i < count; i++)
        buffer_append_format(&names, "%s%s%s", i == 0 ? "" : ", ", members[i].name,
                             members[i].has_partition ? " (which has the partition)" : "");
    if (!free_of_them)
        error_set(error, ERROR_REFUSED,
                  "%zu dispatchers are in group %s: stop them first, only then may another commit; "
                  "they are %s",
                  count, group, buffer_text(&names));
    buffer_free(&names);
    free(members);
    return free_of_them;
}

/* What is skipped lives on as a dead letter. */
static bool copy(const struct config *config, const struct place_use *use,
                 const struct queue_record *record, struct error *error) {
    struct publisher *publisher = publisher_open(&config->queue, error);
    char topic[TOPIC_NAME_SIZE];
    struct letter letter;
    bool success;

    if (publisher == NULL)
        return false;
    letter_read(record, &letter);
    letter.meta.accepted_ms = letter.accepted_ms > 0 ? letter.accepted_ms : 0;
    strcpy(letter.meta.reason, "skipped");
    topic_name(&config->queue, TOPIC_DEAD, use->lane, 0, topic);
    success = publisher_send_copy(publisher, record, topic, &letter.meta, error) &&
              publisher_flush(publisher, config->queue.ack_timeout_ms, error);
    publisher_close(publisher);
    return success;
}

static bool skip(const struct config *config, const struct place_use *use,
                 const struct place *place, struct error *error) {
    const struct queue_config *queue = &config->queue;
    struct group_commit commit = {.topic = place->topic, .partition = place->partition};
    struct queue_record *record;
    char topics[1][TOPIC_NAME_SIZE];
    struct browse_range *ranges = NULL;
    char group[TOPIC_NAME_SIZE];
    size_t count = 0;
    bool success;

    topic_group(queue, use->lane, group);
    memcpy(topics[0], place->topic, sizeof topics[0]);
    record =
        browse_one(queue, place->topic, place->partition, place->offset, SESSION_TIMEOUT_MS, error);
    success = record != NULL && has_no_member(config, group, place, error) &&
              browse_ranges(queue, (const char(*)[TOPIC_NAME_SIZE])topics, 1, 0, SESSION_TIMEOUT_MS,
                            &ranges, &count, error) &&
              group_read(queue, group, &commit, 1, SESSION_TIMEOUT_MS, error) &&
              skip_command_allows(place, commit.offset, ranges[place->partition].start, error) &&
              copy(config, use, record, error);
    commit.offset = place->offset + 1;
    success = success && group_write(queue, group, &commit, 1, SESSION_TIMEOUT_MS, error);
    free(ranges);
    if (record != NULL)
        queue_record_free(record);
    return success;
}

enum command_status skip_command_run(const struct invocation *invocation, struct buffer *out,
                                     struct error *error) {
    struct json_object *whole;
    struct session session;
    struct place_use use;
    struct place place;
    bool success =
        session_open(invocation, &session, error) &&
        place_parse(invocation->arguments[0], &place, error) &&
        place_use(session.config, session.lanes, session.lane_count, place.topic, &use, error);

    if (success && use.role == TOPIC_DEAD)
        success = error_set(error, ERROR_CONFIG,
                            "nobody reads %s but columbactl: drop the letter with columbactl dead "
                            "drop",
                            place.topic);
    success = success && skip(session.config, &use, &place, error);
    if (success && invocation->json) {
        whole = json_object_new_object();
        report_text(whole, "skipped", invocation->arguments[0]);
        report_number(whole, "committed", place.offset + 1);
        report_end_take(whole, out);
    } else if (success) {
        buffer_append_format(out,
                             "Skipped: the group goes on at %" PRId64
                             ". The record is a dead letter of lane %s by now.\n",
                             place.offset + 1, use.lane);
    }
    session_close(&session);
    return success ? COMMAND_OK : invocation_status_of(error);
}
