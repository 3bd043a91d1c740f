#include "common/push/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const int64_t now_ms = INT64_C(1700000000000);
static const int64_t day_ms = INT64_C(86400000);

static void test_pushkey_ts_is_seconds_or_milliseconds(void **state) {
    static const struct {
        int64_t as_sent;
        int64_t ms;
    } rows[] = {
        {0, 0},
        {-1, 0},
        {INT64_MIN, 0},
        {1, 1000},
        {1690000000, INT64_C(1690000000000)},
        {INT64_C(1690000000123), INT64_C(1690000000123)},
        {1700000000, INT64_C(1700000000000)},
        {1700086400, INT64_C(1700086400000)},
        {1700086401, 0},
        {INT64_C(1700086400000), INT64_C(1700086400000)},
        {INT64_C(1700086400001), 0},
        {INT64_C(100000000000), 0},
        {INT64_C(100000000001), INT64_C(100000000001)},
        {INT64_MAX, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(verdict_pushkey_ts_ms(rows[i].as_sent, now_ms) == rows[i].ms);
}

static void test_a_later_registration_voids(void **state) {
    const struct verdict dated = {.pushkey_ts_ms = now_ms};
    const struct verdict undated = {.pushkey_ts_ms = 0};

    (void)state;
    assert_true(verdict_holds(&dated, now_ms - 1));
    assert_true(verdict_holds(&dated, now_ms));
    assert_false(verdict_holds(&dated, now_ms + 1));
    assert_true(verdict_holds(&dated, 0));
    assert_true(verdict_holds(&undated, 0));
    assert_false(verdict_holds(&undated, 1));
}

static void test_lifetime_depends_on_what_could_void_it(void **state) {
    static const struct {
        struct verdict verdict;
        int64_t days;
    } cases[] = {
        {{.code = 410, .pushkey_ts_ms = 1}, 90},
        {{.code = 200, .pushkey_ts_ms = 1}, 90},
        {{.code = 410}, 1},
        {{.pushkey_ts_ms = 1}, 1},
        {{.code = 0}, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(verdict_lifetime_ms(&cases[i].verdict) == cases[i].days * day_ms);
        assert_int_equal(verdict_is_renewed(&cases[i].verdict), cases[i].days == 90);
    }
}

static bool read(const char *text, struct verdict *out) {
    return verdict_read(slice_of(text), out);
}

static void test_writes_one_line_to_be_read(void **state) {
    const struct verdict verdict = {.reason = "UNREGISTERED",
                                    .code = 404,
                                    .pushkey_ts_ms = INT64_C(1700000000000),
                                    .at_ms = INT64_C(1700000001000)};
    struct buffer line = {0};
    struct verdict again;

    (void)state;
    verdict_write(&verdict, &line);
    assert_string_equal(buffer_text(&line), "{\"reason\":\"UNREGISTERED\",\"code\":404,"
                                            "\"pushkey_ts\":1700000000000,\"at\":1700000001000}");
    assert_true(verdict_read(buffer_slice(&line), &again));
    assert_string_equal(again.reason, verdict.reason);
    assert_true(again.code == verdict.code && again.pushkey_ts_ms == verdict.pushkey_ts_ms &&
                again.at_ms == verdict.at_ms);
    buffer_free(&line);
}

static void test_a_reason_of_any_bytes_comes_back_as_text(void **state) {
    struct verdict verdict = {.reason = "a\"b\\c\n\x01\xC3\xA9\xFF"};
    struct buffer line = {0};
    struct verdict again;

    (void)state;
    verdict_write(&verdict, &line);
    assert_null(strchr(buffer_text(&line), '\n'));
    assert_true(verdict_read(buffer_slice(&line), &again));
    assert_string_equal(again.reason, "a\"b\\c\n\x01\xC3\xA9\xEF\xBF\xBD");
    buffer_free(&line);
}

static void test_a_long_reason_is_cut_between_characters(void **state) {
    struct verdict out;

    (void)state;
    assert_true(read("{\"reason\":\"1234567890123456789012345678901234567890123456\xC3\xA9\","
                     "\"code\":1,\"pushkey_ts\":2,\"at\":3}",
                     &out));
    assert_string_equal(out.reason, "1234567890123456789012345678901234567890123456");
}

static void test_reads_what_a_later_version_may_add(void **state) {
    struct verdict out;

    (void)state;
    assert_true(read("{\"reason\":\"\",\"by\":[{}],\"code\":0,\"pushkey_ts\":0,\"at\":0}", &out));
    assert_string_equal(out.reason, "");
}

static void test_reads_nothing_else(void **state) {
    static const char *const texts[] = {
        "",
        "null",
        "1",
        "[]",
        "{}",
        "UNREGISTERED",
        "{\"reason\":\"R\",\"code\":404,\"pushkey_ts\":1,\"at\":2",
        "{\"reason\":\"R\",\"code\":404,\"pushkey_ts\":1,\"at\":2}x",
        "{\"reason\":null,\"code\":404,\"pushkey_ts\":1,\"at\":2}",
        "{\"reason\":1,\"code\":404,\"pushkey_ts\":1,\"at\":2}",
        "{\"code\":404,\"pushkey_ts\":1,\"at\":2}",
        "{\"reason\":\"R\",\"pushkey_ts\":1,\"at\":2}",
        "{\"reason\":\"R\",\"code\":404,\"at\":2}",
        "{\"reason\":\"R\",\"code\":404,\"pushkey_ts\":1}",
        "{\"reason\":\"R\",\"code\":-1,\"pushkey_ts\":1,\"at\":2}",
        "{\"reason\":\"R\",\"code\":1000,\"pushkey_ts\":1,\"at\":2}",
        "{\"reason\":\"R\",\"code\":404,\"pushkey_ts\":-1,\"at\":2}",
        "{\"reason\":\"R\",\"code\":404,\"pushkey_ts\":1,\"at\":{}}",
        "{\"reason\":\"R\",\"code\":404,\"pushkey_ts\":1,\"at\":[[[[2]]]]}",
    };
    struct verdict out = {.reason = "untouched", .code = 7};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (read(texts[i], &out))
            fail_msg("read %s", texts[i]);
    assert_string_equal(out.reason, "untouched");
    assert_int_equal(out.code, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pushkey_ts_is_seconds_or_milliseconds),
        cmocka_unit_test(test_a_later_registration_voids),
        cmocka_unit_test(test_lifetime_depends_on_what_could_void_it),
        cmocka_unit_test(test_writes_one_line_to_be_read),
        cmocka_unit_test(test_a_reason_of_any_bytes_comes_back_as_text),
        cmocka_unit_test(test_a_long_reason_is_cut_between_characters),
        cmocka_unit_test(test_reads_what_a_later_version_may_add),
        cmocka_unit_test(test_reads_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
