#include "common/push/identity.h"

#include "common/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int64_t event_of(const char *app_id, const char *pushkey, const char *event,
                        const char *data) {
    struct json_object *tree = json_parse(slice_of(data), 8, NULL);
    int64_t identity = identity_event(slice_of(app_id), slice_of(pushkey), slice_of(event), tree);

    json_object_put(tree);
    return identity;
}

/* Names in the shared state outlive releases: these were computed by another program. */
static void test_names_never_change(void **state) {
    char text[IDENTITY_PUSHKEY_SIZE];

    (void)state;
    identity_pushkey(slice_of("im.example.app"), slice_of("key"), text);
    assert_string_equal(text, "GGKaZ4My86J20DPxTMvjeQ");
    assert_true(event_of("im.example.app", "key", "$event", NULL) == INT64_C(6999309429420364952));
    assert_true(
        event_of("im.example.app", "key", "$event", "{\"b\": [{\"c\":\"\\u00e9\"}], \"a\":1}") ==
        INT64_C(-5868879786756856936));
    assert_true(identity_record(slice_of("0b51ee66-c2f4-4f3a-8a4e-0c7a1c2d3e4f")) ==
                INT64_C(-7927268018587654449));
}

static void test_pushkeys_are_told_apart(void **state) {
    char first[IDENTITY_PUSHKEY_SIZE];
    char second[IDENTITY_PUSHKEY_SIZE];

    (void)state;
    identity_pushkey(slice_of("a"), slice_of("bc"), first);
    identity_pushkey(slice_of("ab"), slice_of("c"), second);
    assert_int_equal(strlen(first), IDENTITY_PUSHKEY_SIZE - 1);
    assert_string_not_equal(first, second);
    identity_pushkey((struct slice){0}, (struct slice){0}, first);
    assert_int_equal(strlen(first), IDENTITY_PUSHKEY_SIZE - 1);
}

static void test_every_part_of_an_event_counts(void **state) {
    int64_t all[] = {
        event_of("a", "k", "$e", NULL),         event_of("b", "k", "$e", NULL),
        event_of("a", "l", "$e", NULL),         event_of("a", "k", "$f", NULL),
        event_of("a", "k", "$e", "{}"),         event_of("a", "k", "$e", "{\"url\":\"x\"}"),
        event_of("ak", "", "$e", NULL),         event_of("a", "k$e", "", NULL),
        event_of("a", "k", "$e", "{\"a\":1}"),  event_of("a", "k", "$e", "{\"a\":\"1\"}"),
        event_of("a", "k", "$e", "{\"a\":[]}"), event_of("a", "k", "$e", "{\"a\":null}"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (size_t j = 0; j < i; j++)
            assert_false(all[i] == all[j]);
}

static void test_the_order_of_data_does_not_count(void **state) {
    (void)state;
    assert_true(event_of("a", "k", "$e", "{\"a\":1,\"b\":{\"d\":[1,2],\"c\":null}}") ==
                event_of("a", "k", "$e", "{ \"b\":{\"c\":null,\"d\":[1,2]}, \"a\":1 }"));
    assert_false(event_of("a", "k", "$e", "{\"a\":[1,2]}") ==
                 event_of("a", "k", "$e", "{\"a\":[2,1]}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_never_change),
        cmocka_unit_test(test_pushkeys_are_told_apart),
        cmocka_unit_test(test_every_part_of_an_event_counts),
        cmocka_unit_test(test_the_order_of_data_does_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
