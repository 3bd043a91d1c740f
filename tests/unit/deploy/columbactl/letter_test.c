/* Records by their place, and what of them is shown to whom. */
#include "deploy/columbactl/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct config config_of(char *prefix) {
    return (struct config){
        .queue = {.prefix = prefix},
        .retry = {.delays = {.items_ms = {15000, 120000}, .count = 2}},
    };
}

static void test_places_are_read_from_the_right(void **state) {
    struct place place;
    char text[PLACE_TEXT_SIZE];

    (void)state;
    assert_true(place_parse("columba.push.fcm:3:12", &place, NULL));
    assert_string_equal(place.topic, "columba.push.fcm");
    assert_int_equal(place.partition, 3);
    assert_int_equal(place.offset, 12);
    place_write(place.topic, place.partition, place.offset, text);
    assert_string_equal(text, "columba.push.fcm:3:12");
}

static void test_what_is_no_place(void **state) {
    static const char *const texts[] = {
        "",      "t",      "t:1",    ":1:2",   "t:1:",           "t::1",
        "t:x:1", "t:1:-2", "t:-1:2", "t:1:2x", "t:99999999999:1"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct error error = {0};
        struct place place;
        assert_false(place_parse(texts[i], &place, &error));
        assert_int_equal(error.code, ERROR_CONFIG);
    }
}

static void test_the_use_of_a_topic_is_in_its_name(void **state) {
    static const char *const lanes[] = {"apns", "fcm"};
    char prefix[] = "columba.";
    const struct config config = config_of(prefix);
    struct error error = {0};
    struct place_use use;

    (void)state;
    assert_true(place_use(&config, lanes, 2, "columba.push.fcm", &use, &error));
    assert_int_equal(use.role, TOPIC_PUSH);
    assert_string_equal(use.lane, "fcm");
    assert_true(place_use(&config, lanes, 2, "columba.retry.apns.2m", &use, &error));
    assert_int_equal(use.role, TOPIC_RETRY);
    assert_int_equal(use.delay_ms, 120000);
    assert_true(place_use(&config, lanes, 2, "columba.dead.apns", &use, &error));
    assert_int_equal(use.role, TOPIC_DEAD);
    assert_false(place_use(&config, lanes, 2, "columba.push.hms", &use, &error));
    assert_non_null(strstr(error.text, "apns, fcm"));
}

static void test_all_topics_of_a_lane(void **state) {
    char prefix[] = "columba.";
    const struct config config = config_of(prefix);
    char topics[8][TOPIC_NAME_SIZE];

    (void)state;
    assert_int_equal(place_topics(&config, "fcm", topics, 8), 4);
    assert_string_equal(topics[0], "columba.push.fcm");
    assert_string_equal(topics[1], "columba.dead.fcm");
    assert_string_equal(topics[3], "columba.retry.fcm.2m");
    assert_int_equal(place_topics(&config, "fcm", topics, 3), 3);
}

static const struct header headers[] = {
    {"columba-id", {"0aa5a9e8-1111-4222-8333-444455556666", 36}},
    {"columba-reason", {"http_400", 8}},
    {"columba-attempt", {"3", 1}},
    {"strange\x1b[1m", {"\x1b[2J", 4}},
};

static struct queue_record record_of(struct slice key, const char *value) {
    return (struct queue_record){.topic = "columba.dead.fcm",
                                 .partition = 1,
                                 .offset = 7,
                                 .timestamp_ms = 1700000000000,
                                 .key = key,
                                 .value = slice_of(value),
                                 .headers = headers,
                                 .header_count = 4};
}

static void test_a_letter_tells_neither_pushkey_nor_content(void **state) {
    struct queue_record record = record_of((struct slice){"org.app\0secret", 14}, "{}");
    struct dead_entry entry = {.place = "columba.dead.fcm:1:7", .written_ms = 1700000000000};
    struct buffer out = {0};

    (void)state;
    letter_read(&record, &entry.letter);
    dead_command_write(&entry, 1, true, false, 1700000000000 + 90000, &out);
    assert_non_null(strstr(buffer_text(&out),
                           "1 dead letters.\nPLACE                 DEAD FOR  ATTEMPTS  APP "));
    assert_non_null(
        strstr(buffer_text(&out), "columba.dead.fcm:1:7  1m 30s           3  org.app  "));
    assert_non_null(strstr(buffer_text(&out), "  http_400\n"));
    assert_null(strstr(buffer_text(&out), "secret"));
    buffer_clear(&out);
    dead_command_write(&entry, 1, false, true, 0, &out);
    assert_null(strstr(buffer_text(&out), "secret"));
    assert_non_null(strstr(buffer_text(&out), "\"complete\":false"));
    buffer_free(&out);
}

static void test_without_our_key_the_body_names_it(void **state) {
    struct queue_record record = record_of(
        (struct slice){NULL, 0},
        "{\"notification\":{\"devices\":[{\"app_id\":\"org.app\",\"pushkey\":\"secret\"}]}}");
    struct queue_record keyed = record_of((struct slice){"org.app\0secret", 14}, "{}");
    struct queue_record broken = record_of((struct slice){NULL, 0}, "no JSON");
    struct letter letter;
    struct letter same;

    (void)state;
    letter_read(&record, &letter);
    letter_read(&keyed, &same);
    assert_string_equal(letter.app_id, "org.app");
    assert_string_equal(letter.pushkey, same.pushkey);
    assert_int_equal(letter.accepted_ms, 1700000000000);
    letter_read(&broken, &letter);
    assert_string_equal(letter.app_id, "");
    assert_string_equal(letter.meta.reason, "http_400");
}

static void test_shown_is_all_of_it_and_nothing_that_steers_a_terminal(void **state) {
    struct queue_record record = record_of((struct slice){"org.app\0secret", 14},
                                           "{\"notification\":{\"content\":\"a\\u001b[2Jb\"}}");
    struct queue_record broken = record_of((struct slice){"\xff", 1}, "\x1b[2J no JSON \xff");
    struct buffer out = {0};
    struct json_object *json;

    (void)state;
    letter_write(&record, &out);
    letter_write(&broken, &out);
    assert_null(strchr(buffer_text(&out), '\x1b'));
    assert_non_null(strstr(buffer_text(&out), "columba.dead.fcm:1:7, written 2023-11-14T22:13:20Z\n"
                                              "columba-id: 0aa5a9e8-"));
    assert_non_null(strstr(buffer_text(&out), "\nkey: org.app\\u0000secret\n"));
    assert_non_null(strstr(buffer_text(&out), "\"content\""));
    assert_non_null(strstr(buffer_text(&out), "\\u001b[2J no JSON"));
    buffer_free(&out);
    json = letter_json(&record);
    assert_int_equal(json_member_text(json, "key").size, 14);
    assert_non_null(json_member_object(json_member_object(json, "body"), "notification"));
    json_object_put(json);
}

static void test_only_where_the_group_stands_is_skipped(void **state) {
    static const struct {
        int64_t offset, committed, start;
        bool allows;
    } cases[] = {
        {5, 5, 0, true},  {0, -1, 0, true}, {3, -1, 3, true},  {3, 1, 3, true},
        {5, 4, 0, false}, {5, 6, 0, false}, {5, -1, 0, false}, {2, 1, 3, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct place place = {"t", 0, cases[i].offset};
        struct error error = {0};
        assert_int_equal(skip_command_allows(&place, cases[i].committed, cases[i].start, &error),
                         cases[i].allows);
        assert_int_equal(error.code, cases[i].allows ? ERROR_NONE : ERROR_REFUSED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places_are_read_from_the_right),
        cmocka_unit_test(test_what_is_no_place),
        cmocka_unit_test(test_the_use_of_a_topic_is_in_its_name),
        cmocka_unit_test(test_all_topics_of_a_lane),
        cmocka_unit_test(test_a_letter_tells_neither_pushkey_nor_content),
        cmocka_unit_test(test_without_our_key_the_body_names_it),
        cmocka_unit_test(test_shown_is_all_of_it_and_nothing_that_steers_a_terminal),
        cmocka_unit_test(test_only_where_the_group_stands_is_skipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
