#include "common/push/notification.h"

#include "common/base/json.h"
#include "common/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct notification *parse(const char *body) {
    struct notification *notification = NULL;
    struct error error = {0};

    if (notification_parse(slice_of(body), 0, &notification, &error) != NOTIFICATION_OK)
        fail_msg("%s: %s", body, error.text);
    return notification;
}

static enum notification_fault fault_of(struct slice body, size_t device_limit) {
    struct notification *notification = NULL;
    struct error error = {0};
    enum notification_fault fault = notification_parse(body, device_limit, &notification, &error);

    assert_int_equal(fault == NOTIFICATION_OK, notification != NULL);
    assert_int_equal(fault == NOTIFICATION_OK, error.code == ERROR_NONE);
    assert_int_equal(fault == NOTIFICATION_TOO_MANY, error.code == ERROR_TOO_LARGE);
    notification_free(notification);
    assert_int_equal(notification_parse(body, device_limit, &notification, NULL), fault);
    if (fault == NOTIFICATION_OK)
        notification_free(notification);
    return fault;
}

static void assert_text(struct slice text, const char *expected) {
    assert_int_equal(text.data == NULL, expected == NULL);
    assert_true(slice_is(text, expected == NULL ? "" : expected));
}

static void test_reads_every_field(void **state) {
    struct notification *push =
        parse("{\"notification\":{\"event_id\":\"$e\",\"id\":\"$i\",\"room_id\":\"!r\","
              "\"type\":\"m.room.member\",\"sender\":\"@s\",\"sender_display_name\":\"S\","
              "\"room_name\":\"R\",\"room_alias\":\"#r\",\"membership\":\"invite\","
              "\"user_is_target\":true,\"prio\":\"low\",\"content\":{\"body\":\"b\"},"
              "\"counts\":{\"unread\":3,\"missed_calls\":1},\"devices\":[{\"app_id\":\"a\","
              "\"pushkey\":\"k\",\"pushkey_ts\":1690000000,\"data\":{\"format\":\"event_id_only\"},"
              "\"tweaks\":{\"sound\":\"bing\"}}]}}");
    const struct device *device = push->devices;

    (void)state;
    assert_text(push->event_id, "$e");
    assert_text(push->id, "$i");
    assert_text(push->room_id, "!r");
    assert_text(push->type, "m.room.member");
    assert_text(push->sender, "@s");
    assert_text(push->sender_display_name, "S");
    assert_text(push->room_name, "R");
    assert_text(push->room_alias, "#r");
    assert_text(push->membership, "invite");
    assert_true(push->user_is_target);
    assert_true(push->low_priority);
    assert_true(push->has_unread && push->unread == 3);
    assert_true(push->has_missed_calls && push->missed_calls == 1);
    assert_text(json_member_text(push->content, "body"), "b");
    assert_non_null(json_member_array(push->tree, "devices"));
    assert_int_equal(push->device_count, 1);
    assert_null(device->fault);
    assert_text(device->app_id, "a");
    assert_text(device->pushkey, "k");
    assert_true(device->pushkey_ts == 1690000000);
    assert_text(json_member_text(device->data, "format"), "event_id_only");
    assert_text(json_member_text(device->tweaks, "sound"), "bing");
    assert_text(json_member_text(device->tree, "app_id"), "a");
    notification_free(push);
}

static void test_wrong_types_are_absent_fields(void **state) {
    static const char *const values[] = {"null", "1", "1.5", "true", "[]", "{}", "[\"x\"]"};

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const char *v = values[i];
        struct buffer body = {0};
        buffer_append_format(
            &body,
            "{\"notification\":{\"event_id\":%s,\"id\":%s,\"room_id\":%s,\"type\":%s,"
            "\"sender\":%s,\"sender_display_name\":%s,\"room_name\":%s,\"room_alias\":%s,"
            "\"membership\":%s,\"user_is_target\":\"true\",\"prio\":%s,"
            "\"content\":\"text\",\"counts\":[3],\"devices\":[{\"app_id\":\"a\","
            "\"pushkey\":\"k\",\"pushkey_ts\":\"soon\",\"data\":\"text\",\"tweaks\":\"t\"}]}}",
            v, v, v, v, v, v, v, v, v, v);
        struct notification *push = parse(buffer_text(&body));
        assert_text(push->event_id, NULL);
        assert_text(push->id, NULL);
        assert_text(push->room_id, NULL);
        assert_text(push->type, NULL);
        assert_text(push->sender, NULL);
        assert_text(push->sender_display_name, NULL);
        assert_text(push->room_name, NULL);
        assert_text(push->room_alias, NULL);
        assert_text(push->membership, NULL);
        assert_false(push->user_is_target);
        assert_false(push->low_priority);
        assert_false(push->has_unread);
        assert_false(push->has_missed_calls);
        assert_null(push->content);
        assert_null(push->devices[0].fault);
        assert_true(push->devices[0].pushkey_ts == 0);
        assert_null(push->devices[0].data);
        assert_null(push->devices[0].tweaks);
        notification_free(push);
        buffer_free(&body);
    }
}

static void test_counts_come_in_many_clothes(void **state) {
    static const struct {
        const char *counts;
        bool has_unread;
        int64_t unread;
    } rows[] = {
        {"{\"unread\":0}", true, 0},
        {"{\"unread\":\"12\"}", true, 12},
        {"{\"unread\":2.0}", true, 2},
        {"{\"unread\":null}", false, 0},
        {"{\"unread\":{}}", false, 0},
        {"{\"unread\":-1}", false, 0},
        {"{\"unread\":99999999999999999999}", true, INT64_C(9007199254740991)},
        {"{\"rooms\":{\"!r\":1}}", false, 0},
        {"{}", false, 0},
        {"null", false, 0},
        {"3", false, 0},
        {"\"3\"", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer body = {0};
        buffer_append_format(&body, "{\"notification\":{\"counts\":%s,\"devices\":[{}]}}",
                             rows[i].counts);
        struct notification *push = parse(buffer_text(&body));
        assert_int_equal(push->has_unread, rows[i].has_unread);
        assert_true(push->unread == rows[i].unread);
        assert_true(push->has_missed_calls == false && push->missed_calls == 0);
        notification_free(push);
        buffer_free(&body);
    }
}

static void test_pushkey_ts_comes_in_many_clothes(void **state) {
    static const struct {
        const char *value;
        int64_t pushkey_ts;
    } rows[] = {
        {"1690000000", 1690000000},
        {"1690000000.75", 1690000000},
        {"\"1690000000\"", 1690000000},
        {"1690000000123", INT64_C(1690000000123)},
        {"-1", -1},
        {"null", 0},
        {"\"\"", 0},
        {"[]", 0},
        {"1e300", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer body = {0};
        buffer_append_format(&body,
                             "{\"notification\":{\"devices\":[{\"app_id\":\"a\",\"pushkey\":\"k\","
                             "\"pushkey_ts\":%s}]}}",
                             rows[i].value);
        struct notification *push = parse(buffer_text(&body));
        assert_null(push->devices[0].fault);
        assert_true(push->devices[0].pushkey_ts == rows[i].pushkey_ts);
        notification_free(push);
        buffer_free(&body);
    }
}

static void test_malformed_devices_are_marked(void **state) {
    static const struct {
        const char *device;
        const char *fault; /* how it begins */
        const char *pushkey;
    } rows[] = {
        {"{\"app_id\":\"a\",\"pushkey\":\"k\"}", NULL, "k"},
        {"{\"app_id\":\"a\",\"push_key\":\"k\",\"push_key_ts\":1}", NULL, "k"},
        {"{\"app_id\":\"a\",\"pushkey\":\"k\",\"push_key\":\"other\"}", NULL, "k"},
        {"null", "the device", NULL},
        {"1", "the device", NULL},
        {"\"k\"", "the device", NULL},
        {"[\"a\",\"k\"]", "the device", NULL},
        {"{}", "app_id", NULL},
        {"{\"app_id\":\"a\"}", "pushkey", NULL},
        {"{\"app_id\":\"a\",\"pushkey\":null}", "pushkey", NULL},
        {"{\"app_id\":\"a\",\"pushkey\":7}", "pushkey", NULL},
        {"{\"app_id\":\"a\",\"pushkey\":\"\"}", "pushkey", ""},
        {"{\"app_id\":\"\",\"pushkey\":\"k\"}", "app_id", "k"},
        {"{\"app_id\":null,\"pushkey\":\"k\"}", "app_id", "k"},
        {"{\"app_id\":7,\"pushkey\":\"k\"}", "app_id", "k"},
        {"{\"pushkey\":\"k\"}", "app_id", "k"},
        {"{\"app_id\":\"a\\u0000b\",\"pushkey\":\"k\"}", "app_id holds a NUL", "k"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer body = {0};
        buffer_append_format(&body, "{\"notification\":{\"devices\":[%s]}}", rows[i].device);
        struct notification *push = parse(buffer_text(&body));
        const struct device *device = push->devices;
        if (rows[i].fault == NULL)
            assert_null(device->fault);
        else
            assert_memory_equal(device->fault, rows[i].fault, strlen(rows[i].fault));
        assert_text(device->pushkey, rows[i].pushkey);
        notification_free(push);
        buffer_free(&body);
    }
}

static void test_a_pushkey_with_a_nul_can_still_be_named(void **state) {
    struct notification *push =
        parse("{\"notification\":{\"devices\":[{\"app_id\":\"a\",\"pushkey\":\"k\\u0000l\"}]}}");
    struct buffer named = {0};

    (void)state;
    assert_string_equal(push->devices[0].fault, "pushkey holds a NUL");
    buffer_append_json_escaped(&named, push->devices[0].pushkey);
    assert_string_equal(buffer_text(&named), "k\\u0000l");
    buffer_free(&named);
    notification_free(push);
}

static void test_one_bad_device_harms_no_other(void **state) {
    struct notification *push =
        parse("{\"notification\":{\"devices\":[{\"app_id\":\"a\",\"pushkey\":\"k\"},null,"
              "{\"app_id\":\"a\",\"pushkey\":\"l\",\"data\":null,\"tweaks\":null}]}}");

    (void)state;
    assert_int_equal(push->device_count, 3);
    assert_null(push->devices[0].fault);
    assert_non_null(push->devices[1].fault);
    assert_null(push->devices[2].fault);
    assert_text(push->devices[2].pushkey, "l");
    notification_free(push);
}

static void test_what_can_never_be_understood(void **state) {
    static const struct {
        const char *body;
        enum notification_fault fault;
    } rows[] = {
        {"", NOTIFICATION_NOT_JSON},
        {"{", NOTIFICATION_NOT_JSON},
        {"{\"notification\":{\"devices\":[{}]}}x", NOTIFICATION_NOT_JSON},
        {"\xEF\xBB\xBF{\"notification\":{\"devices\":[{}]}}", NOTIFICATION_NOT_JSON},
        {"{\"notification\":{\"devices\":[{}],\"room_name\":\"\xFF\"}}", NOTIFICATION_NOT_JSON},
        {"{\"notification\":{\"devices\":[{}],\"room_name\":NaN}}", NOTIFICATION_NOT_JSON},
        {"null", NOTIFICATION_BAD_JSON},
        {"7", NOTIFICATION_BAD_JSON},
        {"\"notification\"", NOTIFICATION_BAD_JSON},
        {"[{\"notification\":{\"devices\":[{}]}}]", NOTIFICATION_BAD_JSON},
        {"{}", NOTIFICATION_MISSING_PARAM},
        {"{\"notification\":null}", NOTIFICATION_MISSING_PARAM},
        {"{\"notification\":[]}", NOTIFICATION_BAD_JSON},
        {"{\"notification\":\"x\"}", NOTIFICATION_BAD_JSON},
        {"{\"notification\":{}}", NOTIFICATION_MISSING_PARAM},
        {"{\"notification\":{\"devices\":null}}", NOTIFICATION_MISSING_PARAM},
        {"{\"notification\":{\"devices\":[]}}", NOTIFICATION_MISSING_PARAM},
        {"{\"notification\":{\"devices\":{}}}", NOTIFICATION_BAD_JSON},
        {"{\"notification\":{\"devices\":\"x\"}}", NOTIFICATION_BAD_JSON},
        {"{\"notification\":{\"devices\":[{}]}}", NOTIFICATION_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (fault_of(slice_of(rows[i].body), 0) != rows[i].fault)
            fail_msg("%s", rows[i].body);
}

static void test_device_limit(void **state) {
    const struct slice body = slice_of("{\"notification\":{\"devices\":[1,2,3]}}");

    (void)state;
    assert_int_equal(fault_of(body, 0), NOTIFICATION_OK);
    assert_int_equal(fault_of(body, 3), NOTIFICATION_OK);
    assert_int_equal(fault_of(body, 2), NOTIFICATION_TOO_MANY);
}

static struct buffer body_with_objects(size_t count) {
    struct buffer body = {0};

    buffer_append_text(&body, "{\"notification\":{\"devices\":[{}],\"content\":{\"x\":[0");
    for (size_t i = 0; i < count; i++)
        buffer_append_text(&body, ",{}");
    buffer_append_text(&body, "]}}}");
    return body;
}

/* Three bytes of a body may become eight hundred of memory. */
static void test_footprint_limit(void **state) {
    struct buffer event = body_with_objects(64 * 1024 / 3);
    struct buffer attack = body_with_objects(512 * 1024 / 3);
    struct notification *push = parse(buffer_text(&event));

    (void)state;
    assert_in_range(push->footprint_bytes, (size_t)(64 * 1024 / 3) * 800,
                    NOTIFICATION_FOOTPRINT_LIMIT_BYTES);
    notification_free(push);
    assert_int_equal(fault_of(buffer_slice(&attack), 0), NOTIFICATION_TOO_MANY);
    buffer_free(&event);
    buffer_free(&attack);
}

static void test_depth_limit(void **state) {
    enum { AROUND = 2 }; /* the body and the notification */

    (void)state;
    for (int extra = 0; extra <= 1; extra++) {
        int depth = NOTIFICATION_DEPTH_LIMIT - AROUND + extra;
        struct buffer body = {0};
        buffer_append_text(&body, "{\"notification\":{\"devices\":[{}],\"x\":");
        for (int i = 0; i < depth; i++)
            buffer_append_text(&body, "[");
        buffer_append_text(&body, "1");
        for (int i = 0; i < depth; i++)
            buffer_append_text(&body, "]");
        buffer_append_text(&body, "}}");
        assert_int_equal(fault_of(buffer_slice(&body), 0),
                         extra == 0 ? NOTIFICATION_OK : NOTIFICATION_NOT_JSON);
        buffer_free(&body);
    }
}

static void test_no_part_of_a_body_is_a_body(void **state) {
    static const char body[] = "{\"notification\":{\"room_name\":\"\xC3\xA9\",\"counts\":{"
                               "\"unread\":12},\"devices\":[{\"app_id\":\"a\",\"pushkey\":"
                               "\"k\",\"data\":null}]}}";

    (void)state;
    for (size_t size = 0; size < sizeof body; size++) {
        char *part = memory_new(size);
        memcpy(part, body, size);
        assert_int_equal(fault_of((struct slice){.data = part, .size = size}, 0),
                         size == sizeof body - 1 ? NOTIFICATION_OK : NOTIFICATION_NOT_JSON);
        free(part);
    }
}

static void test_lone_surrogates_are_replaced(void **state) {
    struct notification *push =
        parse("{\"notification\":{\"room_name\":\"a\\ud83d\",\"devices\":[{\"app_id\":\"a\","
              "\"pushkey\":\"k\\udc00\"}]}}");

    (void)state;
    assert_text(push->room_name, "a\xEF\xBF\xBD");
    assert_text(push->devices[0].pushkey, "k\xEF\xBF\xBD");
    notification_free(push);
}

static void test_free_takes_null(void **state) {
    (void)state;
    notification_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_every_field),
        cmocka_unit_test(test_wrong_types_are_absent_fields),
        cmocka_unit_test(test_counts_come_in_many_clothes),
        cmocka_unit_test(test_pushkey_ts_comes_in_many_clothes),
        cmocka_unit_test(test_malformed_devices_are_marked),
        cmocka_unit_test(test_a_pushkey_with_a_nul_can_still_be_named),
        cmocka_unit_test(test_one_bad_device_harms_no_other),
        cmocka_unit_test(test_what_can_never_be_understood),
        cmocka_unit_test(test_device_limit),
        cmocka_unit_test(test_footprint_limit),
        cmocka_unit_test(test_depth_limit),
        cmocka_unit_test(test_no_part_of_a_body_is_a_body),
        cmocka_unit_test(test_lone_surrogates_are_replaced),
        cmocka_unit_test(test_free_takes_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
