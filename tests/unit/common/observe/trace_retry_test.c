#include "common/observe/trace_retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_answers(void **state) {
    static const struct {
        int status;
        enum trace_verdict verdict;
    } rows[] = {
        {0, TRACE_REPEAT},    {200, TRACE_TAKEN},   {202, TRACE_TAKEN},   {301, TRACE_REFUSED},
        {400, TRACE_REFUSED}, {401, TRACE_REFUSED}, {404, TRACE_REFUSED}, {413, TRACE_REFUSED},
        {429, TRACE_REPEAT},  {500, TRACE_REFUSED}, {502, TRACE_REPEAT},  {503, TRACE_REPEAT},
        {504, TRACE_REPEAT},  {505, TRACE_REFUSED}, {199, TRACE_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(trace_retry_judge(rows[i].status), rows[i].verdict);
}

static void test_delays(void **state) {
    static const struct {
        unsigned failures;
        const char *retry_after;
        int64_t least_ms;
        int64_t most_ms;
    } rows[] = {
        {1, NULL, 500, 1000},       {2, NULL, 1000, 2000},
        {3, NULL, 2000, 4000},      {5, NULL, 8000, 16000},
        {6, NULL, 15000, 30000},    {4000000000U, NULL, 15000, 30000},
        {1, "7", 7000, 7000},       {9, "300", 300000, 300000},
        {1, "301", 300000, 300000}, {1, "99999999999", 300000, 300000},
        {1, "0", 500, 1000},        {1, "-1", 500, 1000},
        {1, "soon", 500, 1000},     {1, "Sun, 23 Nov 2025 08:00:00 GMT", 500, 1000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct slice asked = slice_of(rows[i].retry_after);
        int64_t span = rows[i].most_ms - rows[i].least_ms;
        assert_int_equal(trace_retry_delay_ms(rows[i].failures, 1000, asked, 0), rows[i].least_ms);
        assert_int_equal(trace_retry_delay_ms(rows[i].failures, 1000, asked, (uint32_t)span),
                         rows[i].most_ms);
        int64_t any = trace_retry_delay_ms(rows[i].failures, 1000, asked, UINT32_MAX);
        assert_true(any >= rows[i].least_ms && any <= rows[i].most_ms);
    }
}

static void test_what_a_success_rejects(void **state) {
    static const struct {
        const char *body;
        int64_t rejected;
    } rows[] = {
        {"", 0},
        {"{}", 0},
        {"{\"partialSuccess\":{}}", 0},
        {"{\"partialSuccess\":null}", 0},
        {"{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"late\"}}", 3},
        {"{\"partialSuccess\":{\"rejectedSpans\":4}}", 4},
        {"{\"partialSuccess\":{\"rejectedSpans\":-4}}", 0},
        {"{\"partialSuccess\":[3]}", 0},
        {"[]", 0},
        {"<html>", 0},
        {"{\"partialSuccess\":{\"rejectedSpans\":\"3\"", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(trace_retry_rejected(slice_of(rows[i].body)), rows[i].rejected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_what_a_success_rejects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
