#include "deploy/columbactl/tracing.h"

#include "common/base/memory.h"
#include "deploy/columbactl/report.h"

#include <stdlib.h>
#include <string.h>

enum { TOPICS_A_LANE_MAX = CONFIG_LIST_MAX + 2 };

struct search {
    const struct session *session;
    struct slice wanted;
    struct tracing *out;
};

static bool on_record(void *context, struct queue_record *record) {
    struct search *search = context;
    const struct session *session = search->session;
    struct tracing *out = search->out;
    struct place_use use;

    if (trace_matches(record, search->wanted) &&
        place_use(session->config, session->lanes, session->lane_count, record->topic, &use,
                  NULL)) {
        out->records = memory_resize(out->records, (out->count + 1) * sizeof *out->records);
        trace_read(record, &use, &out->records[out->count++]);
    }
    queue_record_free(record);
    return true;
}

/* The names of the topics of all lanes that are asked for. */
static size_t list_topics(const struct session *session, const char *lane,
                          char (*topics)[TOPIC_NAME_SIZE]) {
    size_t count = 0;

    for (size_t l = 0; l < session->lane_count; l++)
        if (lane == NULL || strcmp(lane, session->lanes[l]) == 0)
            count +=
                place_topics(session->config, session->lanes[l], topics + count, TOPICS_A_LANE_MAX);
    return count;
}

/* Reading begins where the logs ended then. */
static void begin_at(struct browse_range *ranges, size_t count,
                     const struct tracing_question *question) {
    for (size_t i = 0; i < count; i++)
        for (size_t f = 0; f < question->from_count; f++) {
            const struct browse_range *from = &question->from[f];
            if (from->partition == ranges[i].partition && from->end > ranges[i].next &&
                strcmp(from->topic, ranges[i].topic) == 0)
                ranges[i].next = from->end;
        }
}

static bool search_topics(const struct session *session, const struct tracing_question *question,
                          struct tracing *out, struct error *error) {
    char(*topics)[TOPIC_NAME_SIZE] =
        memory_new_array(session->lane_count * TOPICS_A_LANE_MAX + 1, sizeof *topics);
    struct search search = {session, slice_of(question->wanted), out};
    size_t topic_count = list_topics(session, question->lane, topics);
    struct browse_range *ranges = NULL;
    size_t count = 0;
    bool success =
        browse_ranges(&session->config->queue, (const char(*)[TOPIC_NAME_SIZE])topics, topic_count,
                      question->since_ms, SESSION_TIMEOUT_MS, &ranges, &count, error);

    begin_at(ranges, success ? count : 0, question);
    success = success && browse(&session->config->queue, ranges, count, question->timeout_ms,
                                on_record, &search, error);
    out->is_complete = success && browse_is_complete(ranges, count);
    free(ranges);
    free(topics);
    return success;
}

bool tracing_ends(const struct session *session, const char *lane, struct browse_range **out,
                  size_t *count, struct error *error) {
    char(*topics)[TOPIC_NAME_SIZE] =
        memory_new_array(session->lane_count * TOPICS_A_LANE_MAX + 1, sizeof *topics);
    size_t topic_count = list_topics(session, lane, topics);
    bool success = browse_ranges(&session->config->queue, (const char(*)[TOPIC_NAME_SIZE])topics,
                                 topic_count, 0, SESSION_TIMEOUT_MS, out, count, error);

    free(topics);
    return success;
}

/* ---- How far the groups are ---- */

static enum trace_where where_is(const struct trace_record *record, const struct topic_lag *lags,
                                 size_t count) {
    struct place place;

    if (record->use.role == TOPIC_DEAD)
        return TRACE_DEAD;
    place_parse(record->place, &place, NULL);
    for (size_t i = 0; i < count; i++)
        if (lags[i].partition == place.partition && strcmp(lags[i].topic, place.topic) == 0)
            return lags[i].committed > place.offset ? TRACE_SETTLED : TRACE_WAITS;
    return TRACE_WAITS;
}

static bool locate(const struct session *session, struct tracing *out, struct error *error) {
    for (size_t l = 0; l < session->lane_count; l++) {
        struct topic_lag *lags = NULL;
        size_t count = 0;
        for (size_t i = 0; i < out->count; i++) {
            if (out->records[i].use.lane != session->lanes[l])
                continue;
            if (lags == NULL && !topics_lag(session->config, session->lanes[l], SESSION_TIMEOUT_MS,
                                            &lags, &count, error))
                return false;
            out->records[i].where = where_is(&out->records[i], lags, count);
        }
        free(lags);
    }
    return true;
}

/* ---- Stories ---- */

static int by_pushkey_and_time(const void *a, const void *b) {
    const struct trace_record *left = a;
    const struct trace_record *right = b;
    int order = strcmp(left->letter.pushkey, right->letter.pushkey);

    if (order == 0)
        order = (left->written_ms > right->written_ms) - (left->written_ms < right->written_ms);
    return order == 0 ? strcmp(left->place, right->place) : order;
}

static void make_stories(struct tracing *out) {
    if (out->count > 0)
        qsort(out->records, out->count, sizeof *out->records, by_pushkey_and_time);
    out->stories = memory_new_array(out->count + 1, sizeof *out->stories);
    for (size_t i = 0; i < out->count; i++) {
        if (i == 0 ||
            strcmp(out->records[i].letter.pushkey, out->records[i - 1].letter.pushkey) != 0)
            out->stories[out->story_count++].records = &out->records[i];
        out->stories[out->story_count - 1].count++;
    }
}

/* ---- What Redis knows ---- */

static bool read_gates(const struct session *session, struct tracing *out, struct error *error) {
    for (size_t l = 0; l < session->lane_count; l++) {
        struct gate_entry *entries = NULL;
        size_t count = 0;
        if (!inspect_gates(session->redis, session->lanes[l], &entries, &count, error))
            return false;
        out->gates = memory_resize(out->gates, (out->gate_count + count + 1) * sizeof *out->gates);
        memcpy(out->gates + out->gate_count, entries, count * sizeof *entries);
        out->gate_count += count;
        free(entries);
    }
    return true;
}

static const struct gate_entry *gate_of(const struct session *session, const struct tracing *out,
                                        const char *app_id, int64_t now_ms) {
    const struct app *app = apps_find(&session->config->apps, slice_of(app_id));

    for (size_t i = 0; app != NULL && i < out->gate_count; i++) {
        size_t length = strlen(app->pattern);
        if (strncmp(out->gates[i].name, app->pattern, length) == 0 &&
            out->gates[i].name[length] == '|' && gate_entry_holds(&out->gates[i], now_ms))
            return &out->gates[i];
    }
    return NULL;
}

static bool ask_state(const struct session *session, const struct tracing *out,
                      struct trace_story *story, struct error *error) {
    const struct trace_record *first = &story->records[0];
    int64_t now_ms = report_now_ms();

    if (first->letter.pushkey[0] != '\0' &&
        !inspect_pushkey(session->redis, first->letter.pushkey, &story->known, error))
        return false;
    for (size_t i = 0; i < story->count && !story->is_seen; i++)
        if (story->records[i].has_seen &&
            !inspect_seen(session->redis, story->records[i].seen, now_ms, &story->is_seen, error))
            return false;
    story->gate = gate_of(session, out, first->letter.app_id, now_ms);
    story->knows_state = true;
    return true;
}

bool tracing_gather(const struct session *session, const struct tracing_question *question,
                    struct tracing *out, struct error *error) {
    *out = (struct tracing){0};
    if (!search_topics(session, question, out, error) || !locate(session, out, error))
        return false;
    make_stories(out);
    if (session->redis == NULL)
        return true;
    if (!read_gates(session, out, error))
        return false;
    for (size_t i = 0; i < out->story_count; i++)
        if (!ask_state(session, out, &out->stories[i], error))
            return false;
    return true;
}

void tracing_free(struct tracing *tracing) {
    free(tracing->records);
    free(tracing->stories);
    free(tracing->gates);
    *tracing = (struct tracing){0};
}
