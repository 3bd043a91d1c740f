#include "dispatcher/providers/provider.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Sun, 06 Nov 1994 08:49:37 GMT */
static const int64_t base_ms = INT64_C(784111777) * 1000;
static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

static void test_every_form_of_retry_after(void **state) {
    static const struct {
        const char *header;
        int64_t expected_ms;
    } cases[] = {
        {"", 0},
        {"0", 0},
        {"1", 1000},
        {"120", 120000},
        {"  120\t", 120000},
        {"86400", 86400000},
        {"86401", 86400000},
        {"99999999999999999999999999999999999999", 86400000},
        {"-1", 0},
        {"+1", 0},
        {"1.5", 0},
        {"12 s", 0},
        {"0x10", 0},
        {"soon", 0},
        {"Sun, 06 Nov 1994 08:50:37 GMT", 60000},
        {"Sunday, 06-Nov-94 08:50:37 GMT", 60000},
        {"Sun Nov  6 08:50:37 1994", 60000},
        {"Sun Nov 16 08:49:37 1994", 86400000},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"Sun, 06 Nov 1994 08:48:37 GMT", 0},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 86400000},
        {"Sun, 06 Nov 1994 08:50:37 CET", 0},
        {"Sun, 06 Nov 1994 08:50:37 GMT, later", 0},
        {"Sun, 99 Nov 1994 08:50:37 GMT", 0},
        {"Sun, 06 Nov 1994 08:50:37 GMT                                        ", 60000},
        {"Sun, 06 Nov 1994 08:50:37 GMT and a long text that fits no buffer of this size", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int64_t seen_ms = retry_after_ms(slice_of(cases[i].header), base_ms);
        if (seen_ms != cases[i].expected_ms)
            fail_msg("\"%s\" gave %lld", cases[i].header, (long long)seen_ms);
    }
    assert_int_equal(retry_after_ms((struct slice){0}, base_ms), 0);
}

static void test_a_year_of_two_digits_is_of_the_nearer_century(void **state) {
    const int64_t now_ms = INT64_C(4102444800) * 1000; /* 2100-01-01 */
    const struct http_response dated = {.date = slice_of("Sunday, 06-Nov-94 08:49:37 GMT")};
    const struct http_response ahead = {.date = slice_of("Saturday, 01-Jan-60 00:00:00 GMT")};
    int64_t seen_ms = 0;

    (void)state;
    assert_true(answer_date_ms(&dated, base_ms, &seen_ms));
    assert_int_equal(seen_ms, base_ms);
    /* 60 is 2060 by the rule of POSIX; seen from 1994 that is too far ahead. */
    assert_true(answer_date_ms(&ahead, base_ms, &seen_ms));
    assert_int_equal(seen_ms, INT64_C(-315619200) * 1000);
    assert_true(answer_date_ms(&ahead, now_ms, &seen_ms));
    assert_int_equal(seen_ms, INT64_C(2840140800) * 1000);
}

static void test_a_date_is_held_against_the_answers_own(void **state) {
    struct http_response response = {
        .retry_after = slice_of("Sun, 06 Nov 1994 08:50:07 GMT"),
        .date = slice_of("Sun, 06 Nov 1994 08:49:37 GMT"),
    };

    (void)state;
    assert_int_equal(answer_retry_after_ms(&response, base_ms + 300 * day_ms), 30000);
    assert_int_equal(answer_retry_after_ms(&response, base_ms - 300 * day_ms), 30000);
    response.date = slice_of("today");
    assert_int_equal(answer_retry_after_ms(&response, base_ms + 10000), 20000);
    response.retry_after = slice_of("7");
    assert_int_equal(answer_retry_after_ms(&response, base_ms), 7000);
}

static void test_an_answer_without_a_date_says_so(void **state) {
    const struct http_response response = {0};
    int64_t seen_ms = 42;

    (void)state;
    assert_false(answer_date_ms(&response, base_ms, &seen_ms));
    assert_int_equal(seen_ms, 42);
}

static void test_every_kind_finds_its_provider(void **state) {
    (void)state;
    assert_ptr_equal(provider_for(PROVIDER_FCM), &provider_fcm);
    assert_null(provider_for(PROVIDER_RETIRED));
    for (int kind = 0; kind < PROVIDER_KIND_COUNT; kind++) {
        const struct provider *provider = provider_for((enum provider_kind)kind);
        if (provider != NULL) {
            assert_int_equal(provider->kind, kind);
            assert_non_null(provider->check);
            assert_non_null(provider->encode);
            assert_non_null(provider->classify);
        }
    }
}

static void test_a_reason_is_a_word_or_the_status(void **state) {
    static const struct {
        const char *word;
        const char *expected;
    } cases[] = {
        {"BadDeviceToken", "BadDeviceToken"},
        {"QUOTA_EXCEEDED", "QUOTA_EXCEEDED"},
        {"bad-token", "bad-token"},
        {"80300007", "80300007"},
        {"", "http_418"},
        {"two words", "http_418"},
        {"\"quoted\"", "http_418"},
        {"caf\xC3\xA9", "http_418"},
        {"12345678901234567890123456789012345678901234567", /* as long as fits */
         "12345678901234567890123456789012345678901234567"},
        {"123456789012345678901234567890123456789012345678", "http_418"},
    };
    char seen[ANSWER_REASON_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        answer_reason_write(slice_of(cases[i].word), 418, seen);
        assert_string_equal(seen, cases[i].expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form_of_retry_after),
        cmocka_unit_test(test_a_year_of_two_digits_is_of_the_nearer_century),
        cmocka_unit_test(test_a_date_is_held_against_the_answers_own),
        cmocka_unit_test(test_an_answer_without_a_date_says_so),
        cmocka_unit_test(test_every_kind_finds_its_provider),
        cmocka_unit_test(test_a_reason_is_a_word_or_the_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
