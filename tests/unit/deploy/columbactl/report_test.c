#include "deploy/columbactl/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_durations_have_two_units(void **state) {
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0s"},           {999, "0s"},
        {45000, "45s"},      {60000, "1m"},
        {90000, "1m 30s"},   {3600000, "1h"},
        {3661000, "1h 1m"},  {86400000, "1d"},
        {97200000, "1d 3h"}, {90 * INT64_C(86400000), "90d"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[REPORT_TEXT_SIZE];
        report_duration(cases[i].ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_times_are_utc(void **state) {
    char text[REPORT_TEXT_SIZE];

    (void)state;
    report_time(1700000000123, text);
    assert_string_equal(text, "2023-11-14T22:13:20Z");
}

static void test_json_is_one_line(void **state) {
    struct json_object *whole = json_object_new_object();
    struct buffer out = {0};

    (void)state;
    report_text(whole, "text", "a \"b\"");
    report_text(whole, "none", NULL);
    report_number(report_entry(report_list(whole, "list")), "number", 7);
    report_bool(whole, "yes", true);
    report_end_take(whole, &out);
    assert_string_equal(
        buffer_text(&out),
        "{\"text\":\"a \\\"b\\\"\",\"none\":null,\"list\":[{\"number\":7}],\"yes\":true}\n");
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations_have_two_units),
        cmocka_unit_test(test_times_are_utc),
        cmocka_unit_test(test_json_is_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
