#include "deploy/columbactl/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_MS = 100000 };

static const struct header headers[] = {
    {"columba-id", {"0aa5a9e8-1111-4222-8333-444455556666", 36}}};

static struct queue_record record_of(const char *value) {
    return (struct queue_record){.topic = "columba.push.fcm",
                                 .offset = 7,
                                 .timestamp_ms = 40000,
                                 .value = slice_of(value),
                                 .headers = headers,
                                 .header_count = 1};
}

static void test_a_record_is_found_by_event_and_by_id(void **state) {
    static const struct {
        const char *value;
        const char *wanted;
        bool matches;
    } cases[] = {
        {"{\"notification\":{\"event_id\":\"$e\",\"devices\":[{}]}}", "$e", true},
        {"{\"notification\":{\"event_id\":\"\\u0024e\",\"devices\":[{}]}}", "$e", true},
        {"{\"notification\":{\"id\":\"$e\",\"devices\":[{}]}}", "$e", true},
        {"{\"notification\":{\"room_id\":\"$e\",\"devices\":[{}]}}", "$e", false},
        {"{\"notification\":{\"event_id\":\"$ee\",\"devices\":[{}]}}", "$e", false},
        {"no JSON $e", "$e", false},
        {"", "$e", false},
        {"no JSON", "0aa5a9e8-1111-4222-8333-444455556666", true},
        {"no JSON", "0aa5a9e8-1111-4222-8333-444455556667", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct queue_record record = record_of(cases[i].value);
        assert_int_equal(trace_matches(&record, slice_of(cases[i].wanted)), cases[i].matches);
    }
}

static void test_the_mark_is_the_one_the_dispatcher_sets(void **state) {
    static const struct place_use use = {TOPIC_PUSH, "fcm", 0};
    struct queue_record with_event =
        record_of("{\"notification\":{\"event_id\":\"$e\",\"devices\":[{\"app_id\":\"a\","
                  "\"pushkey\":\"p\",\"data\":{}}]}}");
    struct queue_record without =
        record_of("{\"notification\":{\"devices\":[{\"app_id\":\"a\",\"pushkey\":\"p\"}]}}");
    struct json_object *data = json_object_new_object();
    struct trace_record record;

    (void)state;
    trace_read(&with_event, &use, &record);
    assert_true(record.has_seen);
    assert_true(record.seen == identity_event(slice_of("a"), slice_of("p"), slice_of("$e"), data));
    assert_string_equal(record.place, "columba.push.fcm:0:7");
    assert_string_equal(record.letter.app_id, "a");
    trace_read(&without, &use, &record);
    assert_true(record.seen == identity_record(headers[0].value));
    json_object_put(data);
}

static struct trace_record at(enum topic_role role, enum trace_where where) {
    struct trace_record record = {.use = {role, "fcm", 90000}, .written_ms = 40000, .where = where};

    strcpy(record.place, "t:0:1");
    strcpy(record.letter.meta.reason, "http_503");
    strcpy(record.letter.app_id, "a");
    record.letter.meta.attempt = 2;
    return record;
}

static void test_how_stories_end(void **state) {
    const struct trace_record settled = at(TOPIC_PUSH, TRACE_SETTLED);
    const struct trace_record queued = at(TOPIC_PUSH, TRACE_WAITS);
    const struct trace_record retried = at(TOPIC_RETRY, TRACE_WAITS);
    const struct trace_record dead = at(TOPIC_DEAD, TRACE_DEAD);
    const struct {
        struct trace_record records[2];
        size_t count;
        bool is_seen, has_verdict, knows_state;
        enum trace_end end;
        const char *said;
    } cases[] = {
        {{settled}, 1, true, true, true, TRACE_DELIVERED, "Delivered: "},
        {{queued}, 1, false, true, true, TRACE_IN_QUEUE, "at t:0:1 for 1m, "},
        {{settled, retried},
         2,
         false,
         false,
         true,
         TRACE_IN_RETRY,
         "tried again, in 30s: http_503 (attempt 2)"},
        {{settled, dead}, 2, false, true, true, TRACE_IS_DEAD, "columbactl dead replay t:0:1"},
        {{dead, queued}, 2, false, false, true, TRACE_IN_QUEUE, "Not settled yet"},
        {{settled}, 1, false, true, true, TRACE_REJECTED, "called the pushkey dead (GONE)"},
        {{settled}, 1, false, false, true, TRACE_DROPPED, "event settled, id "},
        {{settled}, 1, false, false, false, TRACE_DROPPED, "Redis does not answer"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trace_story story = {
            .records = cases[i].records,
            .count = cases[i].count,
            .is_seen = cases[i].is_seen,
            .knows_state = cases[i].knows_state,
            .known = {.has_verdict = cases[i].has_verdict, .verdict = {.reason = "GONE"}}};
        struct buffer out = {0};
        assert_string_equal(trace_end_name(trace_conclude(&story)), trace_end_name(cases[i].end));
        trace_explain(&story, NOW_MS, &out);
        if (strstr(buffer_text(&out), cases[i].said) == NULL)
            fail_msg("case %zu: %s", i, buffer_text(&out));
        buffer_free(&out);
    }
}

static void test_the_answer_for_people(void **state) {
    struct trace_record records[] = {at(TOPIC_PUSH, TRACE_SETTLED), at(TOPIC_RETRY, TRACE_WAITS)};
    struct gate_entry gate = {"a|operator",   GATE_ENTRY_CLOSED, 0, "maintenance", "desk", 0,
                              GATE_CAUSE_NONE};
    struct trace_story story = {.records = records, .count = 2, .knows_state = true, .gate = &gate};
    struct tracing tracing = {
        .records = records, .count = 2, .stories = &story, .story_count = 1, .is_complete = true};
    struct buffer out = {0};

    (void)state;
    assert_int_equal(trace_command_write(&tracing, "$e", false, NOW_MS, &out), COMMAND_OK);
    assert_string_equal(
        buffer_text(&out),
        "a pushkey of a, lane fcm\n"
        "WRITTEN               PLACE  IT IS      ATTEMPT  REASON\n"
        "1970-01-01T00:00:40Z  t:0:1  settled          2  http_503\n"
        "1970-01-01T00:00:40Z  t:0:1  unsettled        2  http_503\n"
        "mark: none; verdict: none; hold: none; gate: closed (maintenance, by desk)\n"
        "Waits to be tried again, in 30s: http_503 (attempt 2).\n");
    buffer_clear(&out);
    tracing.is_complete = false;
    assert_int_equal(trace_command_write(&tracing, "$e", true, NOW_MS, &out), COMMAND_WRONG);
    assert_non_null(strstr(buffer_text(&out), "\"end\":\"in_retry\""));
    buffer_free(&out);
}

static void test_nothing_found_says_where_to_ask(void **state) {
    struct tracing tracing = {.is_complete = true};
    struct buffer out = {0};

    (void)state;
    assert_int_equal(trace_command_write(&tracing, "$e", false, NOW_MS, &out), COMMAND_WRONG);
    assert_non_null(strstr(buffer_text(&out), "No record of $e. Either its homeserver never"));
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record_is_found_by_event_and_by_id),
        cmocka_unit_test(test_the_mark_is_the_one_the_dispatcher_sets),
        cmocka_unit_test(test_how_stories_end),
        cmocka_unit_test(test_the_answer_for_people),
        cmocka_unit_test(test_nothing_found_says_where_to_ask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
