/* What real homeservers send, as files: the seeds of the fuzz target of the same name. */
#include "common/push/notification.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct shape {
    const char *name;
    const char *event; /* "" when there is none to tell duplicates by */
    const char *pushkey;
    int64_t pushkey_ts;
    int64_t unread; /* -1 when it is not said */
    bool is_badge_only;
    bool is_low;
    bool has_data;
    bool has_tweaks;
} shapes[] = {
    {.name = "synapse_full",
     .event = "$143273582443PhrSn:example.org",
     .pushkey = "dG9rZW4=",
     .pushkey_ts = 1700000000,
     .unread = 0,
     .has_data = true,
     .has_tweaks = true},
    {.name = "synapse_member",
     .event = "$m:example.org",
     .pushkey = "dG9rZW4=",
     .pushkey_ts = 1700000000,
     .unread = 1,
     .has_data = true,
     .has_tweaks = true},
    {.name = "synapse_event_id_only",
     .event = "$e:example.org",
     .pushkey = "cHVzaGtleQ",
     .pushkey_ts = 1700000000,
     .unread = 2,
     .is_low = true,
     .has_data = true},
    {.name = "synapse_badge",
     .event = "",
     .pushkey = "dG9rZW4=",
     .pushkey_ts = 1700000000,
     .unread = 3,
     .is_badge_only = true,
     .has_data = true},
    {.name = "dendrite",
     .event = "$e:example.org",
     .pushkey = "cHVzaGtleQ",
     .pushkey_ts = 1700000000,
     .unread = 1,
     .has_tweaks = true},
    {.name = "ruma", .event = "$e", .pushkey = "cHVzaGtleQ", .unread = 1},
    {.name = "tuwunel_badge",
     .event = "",
     .pushkey = "cHVzaGtleQ",
     .unread = 4,
     .is_badge_only = true},
    {.name = "palpo", .event = "$e", .pushkey = "cHVzaGtleQ", .unread = 1, .has_tweaks = true},
    {.name = "conduit",
     .event = "$e",
     .pushkey = "cHVzaGtleQ",
     .unread = 1,
     .is_low = true,
     .has_data = true,
     .has_tweaks = true},
    {.name = "construct",
     .event = "$e",
     .pushkey = "cHVzaGtleQ",
     .pushkey_ts = INT64_C(1700000000123),
     .unread = 1,
     .has_data = true},
    {.name = "beeper",
     .event = "$e",
     .pushkey = "cHVzaGtleQ",
     .pushkey_ts = 1700000000,
     .unread = 7,
     .has_data = true},
    {.name = "msc3013_encrypted",
     .event = "",
     .pushkey = "dG9rZW4=",
     .unread = -1,
     .has_data = true},
    {.name = "msc3013_counts",
     .event = "",
     .pushkey = "cHVzaGtleQ",
     .unread = -1,
     .is_badge_only = true},
    {.name = "msc3014_rooms", .event = "$e", .pushkey = "cHVzaGtleQ", .unread = 1},
    {.name = "nulls", .event = "$e", .pushkey = "cHVzaGtleQ", .unread = -1},
    {.name = "element_self_test", .event = "", .pushkey = "cHVzaGtleQ", .unread = -1},
    {.name = "reference_refuses",
     .event = "$e",
     .pushkey = "a",
     .pushkey_ts = 1700000000,
     .unread = -1,
     .has_data = true,
     .has_tweaks = true},
};

static struct notification *load(const char *name) {
    char path[512];
    char body[4096];
    struct notification *push = NULL;
    struct error error = {0};

    snprintf(path, sizeof path, TEST_DATA_DIR "/../fuzz/corpus/notification/shape_%s.json", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s cannot be opened", path);
    size_t size = fread(body, 1, sizeof body, file);
    assert_true(size > 0 && size < sizeof body);
    fclose(file);
    if (notification_parse((struct slice){.data = body, .size = size}, 0, &push, &error) !=
        NOTIFICATION_OK)
        fail_msg("%s: %s", name, error.text);
    return push;
}

static void assert_shape(const struct shape *shape, const struct notification *push) {
    const struct device *device = push->devices;

    assert_true(slice_is(notification_event(push), shape->event));
    assert_int_equal(notification_is_badge_only(push), shape->is_badge_only);
    assert_int_equal(push->low_priority, shape->is_low);
    assert_int_equal(push->has_unread, shape->unread >= 0);
    assert_true(push->unread == (shape->unread < 0 ? 0 : shape->unread));
    assert_true(slice_is(device->pushkey, shape->pushkey));
    assert_true(device->pushkey_ts == shape->pushkey_ts);
    assert_int_equal(device->data != NULL, shape->has_data);
    assert_int_equal(device->tweaks != NULL, shape->has_tweaks);
    for (size_t i = 0; i < push->device_count; i++)
        assert_null(push->devices[i].fault);
}

static void test_every_shape_is_understood(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct notification *push = load(shapes[i].name);
        print_message("%s\n", shapes[i].name);
        assert_shape(&shapes[i], push);
        notification_free(push);
    }
}

static void test_escapes_become_characters(void **state) {
    struct notification *synapse = load("synapse_full");
    struct notification *dendrite = load("dendrite");
    struct json_object *body = NULL;

    (void)state;
    assert_true(json_object_object_get_ex(synapse->content, "body", &body));
    assert_string_equal(json_object_get_string(body), "gr\xC3\xBC\xC3\x9F"
                                                      "e \xF0\x9F\x98\x80");
    assert_true(slice_is(dendrite->room_name, "a <b> & c"));
    notification_free(synapse);
    notification_free(dendrite);
}

static void test_unknown_fields_of_a_shape_pass_through(void **state) {
    struct notification *beeper = load("beeper");
    struct buffer out = {0};

    (void)state;
    notification_write_single(beeper, 0, &out);
    assert_non_null(strstr(buffer_text(&out), "\"com.beeper.server_type\":\"synapse\""));
    assert_non_null(strstr(buffer_text(&out), "\"push_key\":\"cHVzaGtleQ\""));
    buffer_free(&out);
    notification_free(beeper);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_shape_is_understood),
        cmocka_unit_test(test_escapes_become_characters),
        cmocka_unit_test(test_unknown_fields_of_a_shape_pass_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
