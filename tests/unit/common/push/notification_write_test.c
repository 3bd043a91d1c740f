/* Writing a notification for one device, and what is asked of it as a whole. */
#include "common/push/notification.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct notification *parse(struct slice body) {
    struct notification *notification = NULL;

    assert_int_equal(notification_parse(body, 0, &notification, NULL), NOTIFICATION_OK);
    return notification;
}

static void assert_single(struct notification *push, size_t device, const char *expected) {
    struct buffer out = {0};

    notification_write_single(push, device, &out);
    assert_string_equal(buffer_text(&out), expected);
    buffer_free(&out);
}

static void test_each_device_gets_a_body_of_its_own(void **state) {
    struct notification *push =
        parse(slice_of("{\"notification\":{\"event_id\":\"$e\",\"devices\":[{\"app_id\":\"a\","
                       "\"pushkey\":\"k\"},{\"app_id\":\"b\",\"pushkey\":\"l\",\"data\":null}],"
                       "\"counts\":{\"unread\":2}}}"));

    (void)state;
    assert_single(push, 1,
                  "{\"notification\":{\"event_id\":\"$e\",\"counts\":{\"unread\":2},"
                  "\"devices\":[{\"app_id\":\"b\",\"pushkey\":\"l\",\"data\":null}]}}");
    assert_single(push, 0,
                  "{\"notification\":{\"event_id\":\"$e\",\"counts\":{\"unread\":2},"
                  "\"devices\":[{\"app_id\":\"a\",\"pushkey\":\"k\"}]}}");
    assert_true(slice_is(push->devices[0].pushkey, "k"));
    assert_true(slice_is(push->event_id, "$e"));
    notification_free(push);
}

static void test_unknown_fields_pass_through(void **state) {
    struct notification *push = parse(
        slice_of("{\"gateway\":{\"x\":[1.50,\"\\u00e9/\"]},\"notification\":{\"devices\":[{\"y\":"
                 "null,\"app_id\":7}],\"ciphertext\":\"c\"},\"z\":null}"));

    (void)state;
    assert_single(push, 0,
                  "{\"notification\":{\"ciphertext\":\"c\",\"devices\":[{\"y\":null,"
                  "\"app_id\":7}]},\"gateway\":{\"x\":[1.50,\"\xC3\xA9/\"]},\"z\":null}");
    notification_free(push);
}

static void test_a_notification_may_be_devices_alone(void **state) {
    struct notification *push = parse(slice_of("{\"notification\":{\"devices\":[null,{}]}}"));

    (void)state;
    assert_single(push, 0, "{\"notification\":{\"devices\":[null]}}");
    assert_single(push, 1, "{\"notification\":{\"devices\":[{}]}}");
    notification_free(push);
}

static void test_it_appends(void **state) {
    struct notification *push = parse(slice_of("{\"notification\":{\"devices\":[1]}}"));
    struct buffer out = {0};

    (void)state;
    buffer_append_text(&out, "before ");
    notification_write_single(push, 0, &out);
    notification_write_single(push, 0, &out);
    assert_string_equal(
        buffer_text(&out),
        "before {\"notification\":{\"devices\":[1]}}{\"notification\":{\"devices\":[1]}}");
    buffer_free(&out);
    notification_free(push);
}

static void test_what_is_written_reads_the_same(void **state) {
    struct notification *push = parse(
        slice_of("{\"notification\":{\"id\":\"$i\",\"room_name\":\"\\ud800 \\\"q\\\" \\u0007\","
                 "\"content\":{\"n\":[99999999999999999999,-0,1e999]},\"devices\":[{\"app_id\":"
                 "\"a\\u0000b\",\"pushkey\":\"k\"}]},\"more\":true}"));
    struct buffer first = {0};
    struct buffer second = {0};

    (void)state;
    notification_write_single(push, 0, &first);
    struct notification *again = parse(buffer_slice(&first));
    assert_true(slice_equal(again->room_name, push->room_name));
    assert_true(slice_equal(again->devices[0].app_id, push->devices[0].app_id));
    assert_string_equal(again->devices[0].fault, push->devices[0].fault);
    notification_write_single(again, 0, &second);
    assert_true(slice_equal(buffer_slice(&first), buffer_slice(&second)));
    notification_free(again);
    notification_free(push);
    buffer_free(&first);
    buffer_free(&second);
}

static void test_the_event_of_a_push(void **state) {
    static const struct {
        const char *body;
        const char *event;
    } rows[] = {
        {"{\"notification\":{\"event_id\":\"$e\",\"id\":\"$i\",\"devices\":[1]}}", "$e"},
        {"{\"notification\":{\"event_id\":\"\",\"id\":\"$i\",\"devices\":[1]}}", "$i"},
        {"{\"notification\":{\"event_id\":null,\"id\":\"$i\",\"devices\":[1]}}", "$i"},
        {"{\"notification\":{\"event_id\":null,\"id\":\"\",\"devices\":[1]}}", ""},
        {"{\"notification\":{\"devices\":[1]}}", ""},
        {"{\"notification\":{\"event_id\":\"$THIS_IS_A_FAKE_EVENT_ID\",\"devices\":[1]}}", ""},
        {"{\"notification\":{\"id\":\"$THIS_IS_A_FAKE_EVENT_ID\",\"devices\":[1]}}", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct notification *push = parse(slice_of(rows[i].body));
        if (!slice_is(notification_event(push), rows[i].event))
            fail_msg("%s", rows[i].body);
        notification_free(push);
    }
}

static void test_badges_are_told_from_events(void **state) {
    static const struct {
        const char *fields;
        bool is_badge;
    } rows[] = {
        {"\"id\":\"\",\"type\":null,\"sender\":\"\",\"counts\":{\"unread\":1}", true},
        {"\"counts\":{\"unread\":0}", true},
        {"\"prio\":\"low\",\"counts\":{}", true},
        {"\"event_id\":\"$e\",\"counts\":{\"unread\":1}", false},
        {"\"event_id\":\"$THIS_IS_A_FAKE_EVENT_ID\"", false},
        {"\"id\":\"$e\"", false},
        {"\"room_id\":\"!r\"", false},
        {"\"type\":\"m.room.message\"", false},
        {"\"content\":{\"body\":\"b\"}", false},
        {"\"ephemeral\":\"e\",\"ciphertext\":\"c\",\"mac\":\"m\"", false},
        {"\"ciphertext\":\"c\",\"is_counts_only\":true", true},
        {"\"ciphertext\":\"c\",\"is_counts_only\":false", false},
        {"\"ciphertext\":\"c\",\"is_counts_only\":\"true\"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer body = {0};
        buffer_append_format(&body, "{\"notification\":{%s,\"devices\":[1]}}", rows[i].fields);
        struct notification *push = parse(buffer_slice(&body));
        if (notification_is_badge_only(push) != rows[i].is_badge)
            fail_msg("%s", rows[i].fields);
        notification_free(push);
        buffer_free(&body);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_device_gets_a_body_of_its_own),
        cmocka_unit_test(test_unknown_fields_pass_through),
        cmocka_unit_test(test_a_notification_may_be_devices_alone),
        cmocka_unit_test(test_it_appends),
        cmocka_unit_test(test_what_is_written_reads_the_same),
        cmocka_unit_test(test_the_event_of_a_push),
        cmocka_unit_test(test_badges_are_told_from_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
