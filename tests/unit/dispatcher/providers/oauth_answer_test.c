#include "dispatcher/providers/oauth_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const int64_t now_ms = INT64_C(1700000000123);

struct expectation {
    int status;
    const char *body;
    enum oauth_result result;
    const char *reason;
    const char *detail; /* a part of it */
};

#define TOKEN "{\"access_token\":\"ya29.a\",\"token_type\":\"Bearer\",\"expires_in\":"

static const struct expectation expectations[] = {
    {200, TOKEN "3599}", OAUTH_TOKEN, "", ""},
    {200, TOKEN "\"3599\"}", OAUTH_TOKEN, "", ""},
    {200, TOKEN "null}", OAUTH_TOKEN, "", ""},
    {200, "{\"access_token\":\"t\",\"token_type\":\"bearer\"}", OAUTH_TOKEN, "", ""},
    {200, "{\"access_token\":\"t\"}", OAUTH_TOKEN, "", ""},
    {200, TOKEN "10}", OAUTH_BROKEN, "token_expired", "200"},
    {200, TOKEN "-5}", OAUTH_BROKEN, "token_expired", "200"},
    {200, "{\"access_token\":\"t\",\"token_type\":\"mac\"}", OAUTH_BROKEN, "no_bearer_token", ""},
    {200, "{\"access_token\":\"two words\"}", OAUTH_BROKEN, "no_access_token", ""},
    {200, "{\"access_token\":\"t\\r\\nx-evil: 1\"}", OAUTH_BROKEN, "no_access_token", ""},
    {200, "{\"access_token\":\"\"}", OAUTH_BROKEN, "no_access_token", ""},
    {200, "{\"id_token\":\"x\"}", OAUTH_BROKEN, "no_access_token", ""},
    {200, "<html>Log in to the airport</html>", OAUTH_BROKEN, "no_access_token", ""},
    {200, "", OAUTH_BROKEN, "no_access_token", ""},
    {400, "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT Signature.\"}",
     OAUTH_BROKEN, "invalid_grant", "Invalid JWT Signature."},
    {400, "{\"error\":\"invalid_grant\"}", OAUTH_BROKEN, "invalid_grant", "clock"},
    {401, "{\"error\":\"invalid_client\"}", OAUTH_BROKEN, "invalid_client", "401"},
    {403, "{\"error\":{\"code\":403,\"status\":\"PERMISSION_DENIED\",\"message\":\"No.\"}}",
     OAUTH_BROKEN, "PERMISSION_DENIED", "No."},
    {404, "<html>", OAUTH_BROKEN, "http_404", "404"},
    {302, "", OAUTH_BROKEN, "http_302", "redirect"},
    {400, "{\"error\":\"internal_failure\"}", OAUTH_LATER, "internal_failure", ""},
    {400, "{\"error\":\"temporarily_unavailable\"}", OAUTH_LATER, "temporarily_unavailable", ""},
    {400, "{\"error\":\"with spaces\"}", OAUTH_BROKEN, "http_400", ""},
    {400, "{\"error\":\"a_word_far_too_long_to_become_a_label_of_any_metric\"}", OAUTH_BROKEN,
     "http_400", ""},
    {408, "", OAUTH_LATER, "http_408", ""},
    {429, "", OAUTH_LATER, "http_429", ""},
    {500, "<html>", OAUTH_LATER, "http_500", ""},
    {503, "{\"error\":\"backend_error\"}", OAUTH_LATER, "backend_error", "503"},
    /* Huawei's errors are numbers. */
    {400, "{\"error\":1101,\"sub_error\":20001,\"error_description\":\"invalid client\"}",
     OAUTH_BROKEN, "1101", "invalid client"},
    {403, "{\"error\":1203}", OAUTH_BROKEN, "1203", "403"},
    {500, "{\"error\":1500}", OAUTH_LATER, "1500", "500"},
    {400, "{\"error\":[1101]}", OAUTH_BROKEN, "http_400", ""},
};

static void test_every_answer_of_the_endpoint(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
        const struct expectation *expected = &expectations[i];
        const struct http_response response = {
            .status = expected->status,
            .body = slice_of(expected->body),
            .retry_after = slice_of("17"),
        };
        struct oauth_answer seen;
        oauth_answer_read(&response, now_ms, &seen);
        if (seen.result != expected->result || strcmp(seen.reason, expected->reason) != 0 ||
            strstr(seen.detail, expected->detail) == NULL)
            fail_msg("%d %s: %d, %s, %s", expected->status, expected->body, (int)seen.result,
                     seen.reason, seen.detail);
        assert_int_equal(seen.authorization.size > 0, seen.result == OAUTH_TOKEN);
        assert_int_equal(seen.retry_after_ms, seen.result == OAUTH_LATER ? 17000 : 0);
        buffer_free(&seen.authorization);
    }
}

static void test_a_token_becomes_a_header(void **state) {
    static const struct {
        const char *body;
        int64_t lifetime_ms;
    } cases[] = {
        {TOKEN "3599}", 3599000},
        {TOKEN "1e99}", 3600000},
        {TOKEN "99999999999999999}", 86400000},
        {TOKEN "null}", 3600000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct http_response response = {.status = 200, .body = slice_of(cases[i].body)};
        struct oauth_answer seen;
        oauth_answer_read(&response, now_ms, &seen);
        assert_int_equal(seen.result, OAUTH_TOKEN);
        assert_true(slice_is(buffer_slice(&seen.authorization), "Bearer ya29.a"));
        assert_int_equal(seen.lifetime_ms, cases[i].lifetime_ms);
        buffer_free(&seen.authorization);
    }
}

/* The hint beside invalid_grant is worth a night to an operator. */
static void test_invalid_grant_tells_clock_from_key(void **state) {
    static const struct {
        const char *date;
        const char *hint;
    } cases[] = {
        {"Tue, 14 Nov 2023 22:13:21 GMT", "key was deleted or disabled"},
        {"Tue, 14 Nov 2023 22:03:20 GMT", "600 s fast"},
        {"Tue, 14 Nov 2023 22:23:20 GMT", "599 s slow"},
        {"", "or the clock"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct http_response response = {
            .status = 400,
            .body = slice_of("{\"error\":\"invalid_grant\"}"),
            .date = slice_of(cases[i].date),
        };
        struct oauth_answer seen;
        oauth_answer_read(&response, now_ms, &seen);
        if (strstr(seen.detail, cases[i].hint) == NULL)
            fail_msg("%s: %s", cases[i].date, seen.detail);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_answer_of_the_endpoint),
        cmocka_unit_test(test_a_token_becomes_a_header),
        cmocka_unit_test(test_invalid_grant_tells_clock_from_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
