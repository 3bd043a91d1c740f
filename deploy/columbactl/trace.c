#include "deploy/columbactl/trace.h"

#include "common/push/notification.h"
#include "deploy/columbactl/report.h"

#include <string.h>

static const char *const end_names[TRACE_END_COUNT] = {
    [TRACE_DELIVERED] = "delivered", [TRACE_IN_QUEUE] = "in_queue", [TRACE_IN_RETRY] = "in_retry",
    [TRACE_IS_DEAD] = "dead",        [TRACE_REJECTED] = "rejected", [TRACE_DROPPED] = "dropped",
};

const char *trace_end_name(enum trace_end end) {
    return end_names[end];
}

/* ---- Finding ---- */

/* Only what may hold the event is parsed: where it stands as it is, or behind an escape. */
static bool may_hold(struct slice value, struct slice wanted) {
    return memmem(value.data, value.size, wanted.data, wanted.size) != NULL ||
           memchr(value.data, '\\', value.size) != NULL;
}

bool trace_matches(const struct queue_record *record, struct slice wanted) {
    struct notification *notification;
    bool matches;

    if (slice_equal(header_find(record->headers, record->header_count, "columba-id"), wanted))
        return true;
    if (record->value.size == 0 || !may_hold(record->value, wanted) ||
        notification_parse(record->value, 1, &notification, NULL) != NOTIFICATION_OK)
        return false;
    matches = slice_equal(notification_event(notification), wanted);
    notification_free(notification);
    return matches;
}

void trace_read(const struct queue_record *record, const struct place_use *use,
                struct trace_record *out) {
    struct notification *notification;

    *out = (struct trace_record){.use = *use, .written_ms = record->timestamp_ms};
    place_write(record->topic, record->partition, record->offset, out->place);
    letter_read(record, &out->letter);
    if (notification_parse(record->value, 1, &notification, NULL) != NOTIFICATION_OK)
        return;
    const struct device *device = &notification->devices[0];
    const struct slice event = notification_event(notification);
    out->has_seen = event.size > 0 || out->letter.meta.id[0] != '\0';
    out->seen = event.size > 0
                    ? identity_event(device->app_id, device->pushkey, event, device->data)
                    : identity_record(slice_of(out->letter.meta.id));
    notification_free(notification);
}

/* ---- Concluding ---- */

static const struct trace_record *last_where(const struct trace_story *story,
                                             enum trace_where where) {
    for (size_t i = story->count; i > 0; i--)
        if (story->records[i - 1].where == where)
            return &story->records[i - 1];
    return NULL;
}

/* A mark says most; then what still waits, since it may be delivered yet. */
enum trace_end trace_conclude(const struct trace_story *story) {
    const struct trace_record *waiting = last_where(story, TRACE_WAITS);

    if (story->is_seen)
        return TRACE_DELIVERED;
    if (waiting != NULL)
        return waiting->use.role == TOPIC_RETRY ? TRACE_IN_RETRY : TRACE_IN_QUEUE;
    if (last_where(story, TRACE_DEAD) != NULL)
        return TRACE_IS_DEAD;
    return story->known.has_verdict ? TRACE_REJECTED : TRACE_DROPPED;
}

static void explain_delivered(const struct trace_story *story, int64_t now_ms, struct buffer *out) {
    (void)story;
    (void)now_ms;
    buffer_append_text(out, "Delivered: the provider has taken it. What the phone did with it, its "
                            "app and its provider know.\n");
}

static void explain_queue(const struct trace_story *story, int64_t now_ms, struct buffer *out) {
    const struct trace_record *record = last_where(story, TRACE_WAITS);
    char age[REPORT_TEXT_SIZE];

    report_duration(now_ms - record->written_ms, age);
    buffer_append_format(out,
                         "Not settled yet: it has been at %s for %s, and the lane has not passed "
                         "it. See columbactl lag %s and columbactl gates %s.\n",
                         record->place, age, record->use.lane, record->use.lane);
}

static void explain_retry(const struct trace_story *story, int64_t now_ms, struct buffer *out) {
    const struct trace_record *record = last_where(story, TRACE_WAITS);
    int64_t rest_ms = record->written_ms + record->use.delay_ms - now_ms;
    char rest[REPORT_TEXT_SIZE];

    report_duration(rest_ms < 0 ? 0 : rest_ms, rest);
    buffer_append_format(out, "Waits to be tried again, in %s: %s (attempt %d).\n", rest,
                         record->letter.meta.reason, (int)record->letter.meta.attempt);
}

static void explain_dead(const struct trace_story *story, int64_t now_ms, struct buffer *out) {
    const struct trace_record *record = last_where(story, TRACE_DEAD);

    (void)now_ms;
    buffer_append_format(out,
                         "A dead letter: %s. When the cause is mended: columbactl dead replay %s\n",
                         record->letter.meta.reason, record->place);
}

static void explain_rejected(const struct trace_story *story, int64_t now_ms, struct buffer *out) {
    const struct verdict *verdict = &story->known.verdict;
    char at[REPORT_TEXT_SIZE];

    (void)now_ms;
    report_time(verdict->at_ms, at);
    buffer_append_format(
        out,
        "Rejected: at %s the provider called the pushkey dead (%s). The app has to "
        "register anew; columbactl pushkey forgive lets one push try.\n",
        at, verdict->reason);
}

static void explain_dropped(const struct trace_story *story, int64_t now_ms, struct buffer *out) {
    const struct trace_record *record = &story->records[story->count - 1];

    (void)now_ms;
    if (!story->knows_state) {
        buffer_append_text(out, "Settled. Redis does not answer, so it is not known how.\n");
        return;
    }
    buffer_append_format(out,
                         "Settled, and nothing is left of it: nobody needed it any more (expired, "
                         "superseded, nothing to show), or its mark is gone. The dispatchers' log "
                         "has the reason: event settled, id %s.\n",
                         record->letter.meta.id);
}

void trace_explain(const struct trace_story *story, int64_t now_ms, struct buffer *out) {
    static void (*const explain[TRACE_END_COUNT])(const struct trace_story *, int64_t,
                                                  struct buffer *) = {
        [TRACE_DELIVERED] = explain_delivered, [TRACE_IN_QUEUE] = explain_queue,
        [TRACE_IN_RETRY] = explain_retry,      [TRACE_IS_DEAD] = explain_dead,
        [TRACE_REJECTED] = explain_rejected,   [TRACE_DROPPED] = explain_dropped,
    };

    explain[trace_conclude(story)](story, now_ms, out);
}
