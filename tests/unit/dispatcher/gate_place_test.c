#include "dispatcher/gate_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct slice host = {.data = "https://push.example", .size = 20};

static void write_file(const char *at, const char *text) {
    FILE *file = fopen(at, "wb");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Such as it is after a reload: the memory is another one, and nothing else. */
static struct app app_with_key(char *pattern, char *path) {
    return (struct app){
        .pattern = pattern, .kind = PROVIDER_WEBPUSH, .webpush.vapid_key_file = path};
}

static void test_a_host_has_a_place_for_each_credential(void **state) {
    char path[] = "/tmp/gate_place_test.XXXXXX";
    char other_path[] = "/tmp/gate_place_test.XXXXXX";
    struct gate_places *places = gate_places_new();
    struct app first = app_with_key("first", path);
    struct app twin = app_with_key("twin", path);
    struct app other = app_with_key("other", other_path);

    (void)state;
    assert_int_equal(close(mkstemp(path)), 0);
    assert_int_equal(close(mkstemp(other_path)), 0);
    write_file(path, "one");
    write_file(other_path, "another");

    struct place *place = gate_places_host(places, &first, host, 0);
    assert_true(place->is_host);
    assert_string_equal(place->title, "https://push.example");
    assert_ptr_equal(gate_places_host(places, &first, host, 1), place);
    assert_ptr_equal(gate_places_host(places, &twin, host, 1), place);
    assert_ptr_not_equal(gate_places_host(places, &other, host, 1), place);
    assert_string_equal(gate_places_host(places, &other, host, 1)->title, "https://push.example");

    /* Another key in the file, once it is looked at; and the one from before again. */
    write_file(path, "another one");
    struct place *after = gate_places_host(places, &first, host, 60 * 1000);
    assert_ptr_not_equal(after, place);
    write_file(path, "one");
    assert_ptr_equal(gate_places_host(places, &first, host, 120 * 1000), place);

    gate_places_free(places);
    unlink(path);
    unlink(other_path);
}

static void test_another_way_is_another_place(void **state) {
    struct gate_places *places = gate_places_new();
    struct app plain = {.pattern = "plain", .kind = PROVIDER_UNIFIEDPUSH};
    struct app proxied = {
        .pattern = "proxied", .kind = PROVIDER_UNIFIEDPUSH, .route.proxy = "http://proxy:3128"};
    struct app trusting = {
        .pattern = "trusting", .kind = PROVIDER_UNIFIEDPUSH, .route.ca_file = "/ca.pem"};
    const struct place *place = gate_places_host(places, &plain, host, 0);

    (void)state;
    assert_ptr_not_equal(gate_places_host(places, &proxied, host, 0), place);
    assert_ptr_not_equal(gate_places_host(places, &trusting, host, 0), place);
    gate_places_free(places);
}

static void test_an_app_is_shut_with_its_gate(void **state) {
    struct gate_places *places = gate_places_new();
    struct app app = {.pattern = "app", .kind = PROVIDER_FCM};

    (void)state;
    assert_false(gate_places_app_is_shut(places, &app));
    struct place *place = gate_places_app(places, &app, true, 0);
    assert_false(gate_places_app_is_shut(places, &app));
    gate_shut(&place->gate, GATE_LATCHED, GATE_CAUSE_REFUSED, "reason", 60 * 1000, 0);
    assert_true(gate_places_app_is_shut(places, &app));
    gate_places_reconfigure(places);
    assert_false(gate_places_app_is_shut(places, &app));
    gate_places_free(places);
}

static void test_nothing_is_certain_while_a_key_is_replaced(void **state) {
    enum { LATER_MS = 60 * 1000 };
    char path[] = "/tmp/gate_place_test.XXXXXX";
    struct gate_places *places = gate_places_new();
    struct app app = app_with_key("app", path);

    (void)state;
    assert_int_equal(close(mkstemp(path)), 0);
    write_file(path, "one");
    const struct place *place = gate_places_app(places, &app, true, 0);
    assert_true(gate_places_is_certain(places, &app, place, false, 0));
    assert_true(gate_places_is_certain(places, &app, place, true, 0));

    /* It is looked at before anything is spent, and only then. */
    write_file(path, "another");
    assert_true(gate_places_is_certain(places, &app, place, false, 1));
    assert_false(gate_places_is_certain(places, &app, place, true, 1));
    const struct place *after = gate_places_app(places, &app, true, 1);
    assert_ptr_not_equal(after, place);
    assert_false(gate_places_is_certain(places, &app, after, false, 1));
    assert_true(gate_places_is_certain(places, &app, after, false, LATER_MS));
    assert_false(gate_places_is_certain(places, &app, place, false, LATER_MS));

    /* Nor are those that were earned before, when it is back. */
    write_file(path, "one");
    assert_false(gate_places_is_certain(places, &app, place, true, LATER_MS + 1));
    assert_true(gate_places_is_certain(places, &app, place, true, 2 * LATER_MS));
    gate_places_free(places);
    unlink(path);
}

/* Tokens of the key from before are still about. */
static void test_nor_is_it_when_the_key_is_replaced_with_a_reload(void **state) {
    enum { LATER_MS = 60 * 1000 };
    char path[] = "/tmp/gate_place_test.XXXXXX";
    struct gate_places *places = gate_places_new();
    struct app app = app_with_key("app", path);
    struct app reloaded = app;
    struct app again = app;

    (void)state;
    assert_int_equal(close(mkstemp(path)), 0);
    write_file(path, "one");
    const struct place *place = gate_places_app(places, &app, true, 0);

    write_file(path, "another");
    gate_places_reconfigure(places);
    const struct place *after = gate_places_app(places, &reloaded, true, 1);
    assert_ptr_not_equal(after, place);
    assert_false(gate_places_is_certain(places, &reloaded, after, false, 1));
    assert_false(gate_places_is_certain(places, &app, place, false, 2));
    assert_true(gate_places_is_certain(places, &reloaded, after, false, LATER_MS));

    /* A reload for another reason changes nothing of it. */
    gate_places_reconfigure(places);
    assert_ptr_equal(gate_places_app(places, &again, true, LATER_MS), after);
    assert_true(gate_places_is_certain(places, &again, after, false, LATER_MS));
    gate_places_free(places);
    unlink(path);
}

static void test_each_configurations_pushes_have_the_place_of_its_key(void **state) {
    char path[] = "/tmp/gate_place_test.XXXXXX";
    struct gate_places *places = gate_places_new();
    struct app with_key = app_with_key("app", path);
    struct app without = app_with_key("app", NULL);

    (void)state;
    assert_int_equal(close(mkstemp(path)), 0);
    write_file(path, "one");
    const struct place *keyless = gate_places_app(places, &without, true, 0);
    gate_places_reconfigure(places);
    const struct place *keyed = gate_places_app(places, &with_key, true, 1);
    assert_ptr_not_equal(keyed, keyless);
    assert_ptr_equal(gate_places_app(places, &without, true, 2), keyless);
    assert_ptr_equal(gate_places_app(places, &with_key, true, 3), keyed);
    assert_true(gate_places_is_certain(places, &with_key, keyed, false, 4));
    gate_places_free(places);
    unlink(path);
}

static size_t count_latched(const struct gate_places *places) {
    size_t counts[GATE_STATE_COUNT][GATE_CAUSE_COUNT] = {0};
    size_t latched = 0;

    gate_places_count(places, counts);
    for (size_t cause = 0; cause < GATE_CAUSE_COUNT; cause++)
        latched += counts[GATE_LATCHED][cause];
    return latched;
}

/* Who has mended it would be told for good that it is not. */
static void test_a_latch_goes_with_the_credential_it_is_of(void **state) {
    enum { LATER_MS = 60 * 1000 };
    char path[] = "/tmp/gate_place_test.XXXXXX";
    char lane[] = "lane";
    struct gate_places *places = gate_places_new();
    struct app list[] = {app_with_key("app", path), app_with_key("other", path)};
    struct apps apps = {.list = list, .count = 2};

    (void)state;
    list[0].lane = list[1].lane = lane;
    assert_int_equal(close(mkstemp(path)), 0);
    write_file(path, "wrong");
    for (size_t i = 0; i < 2; i++) {
        struct place *place = gate_places_app(places, &list[i], true, 0);
        gate_shut(&place->gate, GATE_LATCHED, GATE_CAUSE_REFUSED, "reason", LATER_MS, 0);
        place->ticket_count = 1;
    }
    assert_false(gate_places_tidy(places, &apps, lane, LATER_MS));
    assert_int_equal(count_latched(places), 2);

    /* Not while somebody is at it, nor while nobody has shown another. */
    struct place *before = gate_places_app(places, &list[0], true, 0);
    write_file(path, "right");
    gate_places_app(places, &list[0], true, LATER_MS);
    assert_false(gate_places_tidy(places, &apps, lane, 2 * LATER_MS));
    assert_int_equal(count_latched(places), 2);
    before->ticket_count = 0;
    assert_true(gate_places_tidy(places, &apps, lane, 3 * LATER_MS));
    assert_int_equal(count_latched(places), 1);

    /* And with its app. */
    gate_places_app(places, &list[1], true, 0)->ticket_count = 0;
    assert_false(gate_places_tidy(places, &apps, lane, 4 * LATER_MS));
    assert_int_equal(count_latched(places), 1);
    apps.count = 1;
    assert_true(gate_places_tidy(places, &apps, lane, 5 * LATER_MS));
    assert_int_equal(count_latched(places), 0);
    assert_int_equal(gate_places_app(places, &list[1], true, 5 * LATER_MS)->gate.state, GATE_OPEN);
    gate_places_free(places);
    unlink(path);
}

static void test_the_longest_of_hosts(void **state) {
    char text[2 * GATE_NAME_SIZE];
    struct gate_places *places = gate_places_new();
    struct app app = {.pattern = "app", .kind = PROVIDER_UNIFIEDPUSH};

    (void)state;
    memset(text, 'h', sizeof text);
    struct slice long_host = {.data = text, .size = sizeof text};
    struct place *place = gate_places_host(places, &app, long_host, 0);
    assert_int_equal(strlen(place->title), GATE_NAME_SIZE - 1);
    assert_ptr_equal(gate_places_host(places, &app, long_host, 0), place);
    gate_places_free(places);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_host_has_a_place_for_each_credential),
        cmocka_unit_test(test_another_way_is_another_place),
        cmocka_unit_test(test_an_app_is_shut_with_its_gate),
        cmocka_unit_test(test_nothing_is_certain_while_a_key_is_replaced),
        cmocka_unit_test(test_nor_is_it_when_the_key_is_replaced_with_a_reload),
        cmocka_unit_test(test_each_configurations_pushes_have_the_place_of_its_key),
        cmocka_unit_test(test_a_latch_goes_with_the_credential_it_is_of),
        cmocka_unit_test(test_the_longest_of_hosts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
