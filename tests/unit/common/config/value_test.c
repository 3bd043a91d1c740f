#include "common/config/value.h"

#include "common/config/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct good {
    const char *text;
    int64_t number;
};

static void test_durations(void **state) {
    static const struct good good[] = {
        {"0", 0},          {"0s", 0},
        {"1ms", 1},        {"500ms", 500},
        {"20s", 20000},    {"2m", 120000},
        {"24h", 86400000}, {"90d", 7776000000},
        {"007s", 7000},    {"106751991167d", INT64_C(106751991167) * 86400000},
    };
    static const char *const bad[] = {"",
                                      "s",
                                      "-1s",
                                      "+1s",
                                      "1.5h",
                                      "1 s",
                                      "1S",
                                      "1sec",
                                      "1s ",
                                      " 1s",
                                      "1w",
                                      "1m2s",
                                      "1us",
                                      "1M",
                                      "ten",
                                      "0x1s",
                                      "106751991168d",
                                      "99999999999999999999s"};
    struct error error = {0};
    int64_t ms = -1;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(value_duration_parse(good[i].text, &ms, &error));
        assert_true(ms == good[i].number);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(value_duration_parse(bad[i], &ms, &error));
        assert_string_equal(error.text, "is not a number with a unit (ms, s, m, h, d)");
    }
    assert_false(value_duration_parse("20", &ms, &error));
    assert_string_equal(error.text, "has no unit (ms, s, m, h, d)");
}

static void test_sizes(void **state) {
    static const struct good good[] = {{"0", 0},
                                       {"1", 1},
                                       {"65536", 65536},
                                       {"512KiB", 524288},
                                       {"8MiB", 8388608},
                                       {"1GiB", 1073741824},
                                       {"8589934591GiB", INT64_C(8589934591) << 30}};
    static const char *const bad[] = {
        "",   "KiB", "-1", "1.5MiB", "1 KiB",         "1KB", "1kib",
        "1K", "1MB", "1B", "1TiB",   "8589934592GiB", "1e3", "9223372036854775808"};
    struct error error = {0};
    int64_t bytes = -1;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(value_size_parse(good[i].text, &bytes, &error));
        assert_true(bytes == good[i].number);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(value_size_parse(bad[i], &bytes, &error));
        assert_string_equal(error.text, "is not a number of bytes, KiB, MiB or GiB");
    }
}

static void test_integers(void **state) {
    struct error error = {0};
    int64_t number = 0;

    (void)state;
    assert_true(value_integer_parse("-12", &number, &error));
    assert_int_equal(number, -12);
    assert_false(value_integer_parse("1.0", &number, &error));
    assert_false(value_integer_parse("0x10", &number, &error));
    assert_false(value_integer_parse("", &number, &error));
    assert_string_equal(error.text, "is not a whole number");
}

static void test_booleans(void **state) {
    static const char *const truths[] = {"true", "True", "TRUE"};
    static const char *const lies[] = {"false", "False", "FALSE"};
    static const char *const neither[] = {"", "yes", "no", "on", "off", "y", "tRUE", "1", "0"};
    struct error error = {0};
    bool value = false;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_true(value_boolean_parse(truths[i], &value, &error) && value);
        assert_true(value_boolean_parse(lies[i], &value, &error) && !value);
    }
    for (size_t i = 0; i < sizeof neither / sizeof neither[0]; i++)
        assert_false(value_boolean_parse(neither[i], &value, &error));
    assert_string_equal(error.text, "is not a boolean");
}

static void test_formats_read_back(void **state) {
    static const struct good durations[] = {
        {"0", 0},       {"1ms", 1},      {"1500ms", 1500}, {"1s", 1000},       {"90s", 90000},
        {"2m", 120000}, {"1h", 3600000}, {"1d", 86400000}, {"36h", 129600000}, {"28d", 2419200000}};
    static const struct good sizes[] = {{"0", 0},
                                        {"1", 1},
                                        {"1023", 1023},
                                        {"1KiB", 1024},
                                        {"1536KiB", 1572864},
                                        {"1MiB", 1048576},
                                        {"64GiB", INT64_C(64) << 30}};
    char text[VALUE_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        value_duration_format(durations[i].number, text);
        assert_string_equal(text, durations[i].text);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        value_size_format(sizes[i].number, text);
        assert_string_equal(text, sizes[i].text);
    }
}

static void test_names(void **state) {
    (void)state;
    assert_true(value_is_name("fcm"));
    assert_true(value_is_name("Big_app-2.eu"));
    assert_true(value_is_name(""));
    assert_false(value_is_name("a b"));
    assert_false(value_is_name("a/b"));
    assert_false(value_is_name("\xC3\xA4"));
}

static void test_base_urls(void **state) {
    static const char *const good[] = {"https://fcm.googleapis.com", "http://127.0.0.1:8080",
                                       "https://[::1]:443/base/path/", "https://h"};
    static const char *const bad[] = {"",
                                      "fcm.googleapis.com",
                                      "ftp://host",
                                      "https://",
                                      "https:///path",
                                      "https://:443",
                                      "https://user@host",
                                      "https://host?query",
                                      "https://host#fragment",
                                      "https://ho st",
                                      "https://host/\n",
                                      "https://h\xC3\xA4st",
                                      "HTTPS//host"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(value_is_base_url(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(value_is_base_url(bad[i]));
}

static void test_contacts(void **state) {
    static const char *const good[] = {
        "push@example.org",      "mailto:push@example.org",  "https://example.org",
        "https://example.org/x", "https://example.org:8443", "a+b@mail.example.org",
        "push@locals.example",   "https://notlocal.example", "push@invalid.example",
    };
    static const char *const bad[] = {
        "",
        "push",
        "push@",
        "@example.org",
        "push@example",
        "a@b@example.org",
        "push@example.org/x",
        "push me@example.org",
        "Push <push@example.org>",
        "push@localhost",
        "mailto:push@localhost",
        "push@push.localhost",
        "push@office.local",
        "push@OFFICE.LOCAL",
        "push@example.invalid",
        "https://",
        "https://localhost/x",
        "https://push.local:8443/x",
        "http://example.org",
        "https:example.org",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!value_is_contact(good[i]))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (value_is_contact(bad[i]))
            fail_msg("%s", bad[i]);
}

static void test_distance(void **state) {
    static const struct {
        const char *a;
        const char *b;
        size_t distance;
        bool slip;
    } cases[] = {
        {"brokers", "brokers", 0, true}, {"broker", "brokers", 1, true},
        {"borkers", "brokers", 1, true}, {"brookers", "brokers", 1, true},
        {"brakers", "brokers", 1, true}, {"", "abc", 3, false},
        {"max-age", "max_age", 1, true}, {"ttl", "lane", 4, false},
        {"que", "queue", 2, true},       {"url", "ttl", 2, false},
        {"ab", "ba", 1, true},           {"kitten", "sitting", 3, false},
    };
    char long_text[66];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(nearest_distance(cases[i].a, cases[i].b), cases[i].distance);
        assert_int_equal(nearest_distance(cases[i].b, cases[i].a), cases[i].distance);
        assert_int_equal(nearest_is_slip(cases[i].a, cases[i].b), cases[i].slip);
    }
    memset(long_text, 'a', 65);
    long_text[65] = '\0';
    assert_true(nearest_distance(long_text, long_text) == SIZE_MAX);
    assert_int_equal(nearest_distance(long_text + 1, long_text + 1), 0);
    assert_false(nearest_is_slip(long_text, long_text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),         cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_integers),          cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_formats_read_back), cmocka_unit_test(test_names),
        cmocka_unit_test(test_base_urls),         cmocka_unit_test(test_contacts),
        cmocka_unit_test(test_distance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
