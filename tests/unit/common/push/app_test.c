#include "common/push/app.h"

#include "common/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_patterns(void **state) {
    static const struct {
        const char *pattern;
        const char *text;
        bool matches;
    } rows[] = {
        {"im.example.app", "im.example.app", true},
        {"im.example.app", "im.example.app.dev", false},
        {"im.example.app", "im.example.ap", false},
        {"im.example.*", "im.example.", true},
        {"im.example.*", "im.example.app.dev", true},
        {"im.example.*", "im.example", false},
        {"*", "", true},
        {"*", "anything", true},
        {"", "", true},
        {"", "a", false},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"a?c", "abc", true},
        {"a?c", "a*c", true},
        {"*.voip", "im.example.voip", true},
        {"*.voip", "im.example.voip.x", false},
        {"*.voip*", "im.example.voip.x", true},
        {"*a*b*", "xxaxxbxx", true},
        {"*a*b*", "xxbxxaxx", false},
        {"*ab", "aab", true},
        {"*aab", "aaab", true},
        {"a*?", "a", false},
        {"a*?", "ab", true},
        {"**", "a", true},
        {"a[b]", "a[b]", true},
        {"a[b]", "ab", false},
        {"a.c", "abc", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (app_pattern_matches(rows[i].pattern, slice_of(rows[i].text)) != rows[i].matches)
            fail_msg("%s on %s", rows[i].pattern, rows[i].text);
}

static void test_a_text_may_hold_any_byte(void **state) {
    const struct slice text = {.data = "a\0b", .size = 3};

    (void)state;
    assert_true(app_pattern_matches("a?b", text));
    assert_true(app_pattern_matches("a*", text));
    assert_false(app_pattern_matches("a", text));
}

/* With backtracking over all stars this would take longer than the universe has. */
static void test_stars_do_not_multiply(void **state) {
    char *text = memory_new(20001);

    (void)state;
    memset(text, 'a', 20000);
    assert_false(app_pattern_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*ab", slice_of(text)));
    text[19999] = 'b';
    assert_true(app_pattern_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*ab", slice_of(text)));
    free(text);
}

/* The pattern of the app that is found, "" when none is. */
static const char *find(const char *app_id, const char *const *patterns, size_t count) {
    struct apps apps = {.list = memory_new_array(count, sizeof(struct app)), .count = count};
    const char *pattern = "";

    for (size_t i = 0; i < count; i++)
        apps.list[i].pattern = memory_copy_text(patterns[i]);
    const struct app *found = apps_find(&apps, slice_of(app_id));
    if (found != NULL)
        pattern = patterns[found - apps.list];
    apps_free(&apps);
    return pattern;
}

static void test_the_most_specific_app_is_found(void **state) {
    static const char *const patterns[] = {"*", "im.*", "im.example.*", "im.example.app",
                                           "?m.exa*"};
    size_t count = sizeof patterns / sizeof *patterns;

    (void)state;
    assert_string_equal(find("im.example.app", patterns, count), "im.example.app");
    assert_string_equal(find("im.example.other", patterns, count), "im.example.*");
    assert_string_equal(find("im.other", patterns, count), "im.*");
    assert_string_equal(find("xm.example", patterns, count), "?m.exa*");
    assert_string_equal(find("", patterns, count), "*");
    assert_string_equal(find("xm", patterns + 1, count - 1), "");
    assert_string_equal(find("xm", NULL, 0), "");
}

static void test_an_exact_pattern_wins_over_a_longer_glob(void **state) {
    static const char *const patterns[] = {"im.example.app*", "im.example.app", "im.*", "im.?*"};

    (void)state;
    assert_string_equal(find("im.example.app", patterns, 2), "im.example.app");
    assert_string_equal(find("im.x", patterns + 2, 2), "im.*");
}

static void test_kinds_have_names(void **state) {
    enum provider_kind parsed = PROVIDER_KIND_COUNT;

    (void)state;
    for (int kind = 0; kind < PROVIDER_KIND_COUNT; kind++) {
        const char *name = provider_kind_name((enum provider_kind)kind);
        assert_true(provider_kind_parse(slice_of(name), &parsed));
        assert_int_equal(parsed, kind);
    }
    assert_true(provider_kind_parse(slice_of("gcm"), &parsed));
    assert_int_equal(parsed, PROVIDER_FCM);
    assert_string_equal(provider_kind_name(PROVIDER_APNS), "apns");
    assert_false(provider_kind_parse(slice_of("APNS"), &parsed));
    assert_false(provider_kind_parse(slice_of(""), &parsed));
}

static void test_free_releases_everything(void **state) {
    struct apps apps = {.list = memory_new_array(2, sizeof(struct app)), .count = 2};

    (void)state;
    apps.list[0] = (struct app){
        .pattern = memory_copy_text("im.example.app"),
        .kind = PROVIDER_FCM,
        .lane = memory_copy_text("fcm"),
        .base_url = memory_copy_text("https://fcm.example"),
        .route.ca_file = memory_copy_text("/ca.pem"),
        .fcm = {.project_id = memory_copy_text("project"),
                .service_account_file = memory_copy_text("/key.json"),
                .options = json_object_new_object()},
    };
    apps_free(&apps);
    assert_null(apps.list);
    assert_int_equal(apps.count, 0);
    apps_free(&apps);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_a_text_may_hold_any_byte),
        cmocka_unit_test(test_stars_do_not_multiply),
        cmocka_unit_test(test_the_most_specific_app_is_found),
        cmocka_unit_test(test_an_exact_pattern_wins_over_a_longer_glob),
        cmocka_unit_test(test_kinds_have_names),
        cmocka_unit_test(test_free_releases_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
