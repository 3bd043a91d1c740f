#include "tests/unit/dispatcher/providers/answers.h"

#define MISMATCH                                                                                   \
    "the VAPID credentials in the authorization header do not correspond to the credentials used " \
    "to create the subscriptions.\n"

static void test_every_answer_of_a_push_service(void **state) {
    static const struct expectation cases[] = {
        {200, "", ANSWER_DELIVERED, "delivered", 0},
        {201, "", ANSWER_DELIVERED, "delivered", 0},
        {202, "{}", ANSWER_DELIVERED, "delivered", 0},
        {204, "", ANSWER_DELIVERED, "delivered", 0},
        {410, "", ANSWER_REJECT, "http_410", 0},
        {410, "{\"code\":410,\"errno\":106,\"error\":\"Gone\"}", ANSWER_REJECT, "http_410", 0},
        {404, "", ANSWER_AMBIGUOUS, "http_404", 0},
        {404, "<html>", ANSWER_AMBIGUOUS, "http_404", 0},
        {400, "{\"reason\":\"VapidPkHashMismatch\"}", ANSWER_AMBIGUOUS, "VapidPkHashMismatch", 0},
        {403, "{\"reason\":\"VapidPkHashMismatch\"}", ANSWER_AMBIGUOUS, "VapidPkHashMismatch", 0},
        {403, MISMATCH, ANSWER_AMBIGUOUS, "vapid_mismatch", 0},
        {403, "{\"reason\":\"ExpiredJwtToken\"}", ANSWER_REFRESH, "ExpiredJwtToken", 0},
        {403, "{\"reason\":\"BadJwtToken\"}", ANSWER_CONFIGURATION, "http_403", 0},
        {403, "", ANSWER_CONFIGURATION, "http_403", 0},
        {401, "", ANSWER_CONFIGURATION, "http_401", 0},
        {401, MISMATCH, ANSWER_CONFIGURATION, "http_401", 0},
        {407, "", ANSWER_CONFIGURATION, "http_407", 0},
        {400, "", ANSWER_DEAD, "http_400", 0},
        {400, MISMATCH, ANSWER_DEAD, "http_400", 0},
        {402, "", ANSWER_DEAD, "http_402", 0},
        {405, "", ANSWER_DEAD, "http_405", 0},
        {409, "", ANSWER_DEAD, "http_409", 0},
        {411, "", ANSWER_DEAD, "http_411", 0},
        {413, "", ANSWER_DEAD, "http_413", 0},
        {451, "", ANSWER_DEAD, "http_451", 0},
        {406, "", ANSWER_RETRY_PUSHKEY, "http_406", 0},
        {429, "", ANSWER_RETRY_PUSHKEY, "http_429", 0},
        {408, "", ANSWER_RETRY_HOST, "http_408", 0},
        {421, "", ANSWER_RETRY_HOST, "http_421", 0},
        {425, "", ANSWER_RETRY_HOST, "http_425", 0},
        {500, "", ANSWER_RETRY_HOST, "http_500", 0},
        {502, "<html>", ANSWER_RETRY_HOST, "http_502", 0},
        {503, "", ANSWER_RETRY_HOST, "http_503", 0},
        {507, "", ANSWER_RETRY_HOST, "http_507", 0},
        {599, "", ANSWER_RETRY_HOST, "http_599", 0},
        {300, "", ANSWER_DEAD, "http_300", 0},
        {301, "", ANSWER_DEAD, "http_301", 0},
        {302, "", ANSWER_DEAD, "http_302", 0},
        {307, "", ANSWER_DEAD, "http_307", 0},
        {308, "", ANSWER_DEAD, "http_308", 0},
        {100, "", ANSWER_DEAD, "http_100", 0},
        {600, "", ANSWER_DEAD, "http_600", 0},
        {0, "", ANSWER_DEAD, "http_0", 0},
    };

    (void)state;
    answers_expect(&provider_webpush, "", cases, sizeof cases / sizeof cases[0]);
}

static void test_every_answer_of_a_unifiedpush_server(void **state) {
    static const struct expectation cases[] = {
        {200, "{\"id\":\"x\"}", ANSWER_DELIVERED, "delivered", 0},
        {201, "", ANSWER_DELIVERED, "delivered", 0},
        {202, "", ANSWER_DELIVERED, "delivered", 0},
        {204, "", ANSWER_DELIVERED, "delivered", 0},
        {410, "", ANSWER_REJECT, "http_410", 0},
        {404, "", ANSWER_AMBIGUOUS, "http_404", 0},
        {401, "", ANSWER_RETRY_PUSHKEY, "http_401", 0},
        {403, "", ANSWER_RETRY_PUSHKEY, "http_403", 0},
        {403, MISMATCH, ANSWER_RETRY_PUSHKEY, "http_403", 0},
        {407, "", ANSWER_CONFIGURATION, "http_407", 0},
        {408, "", ANSWER_RETRY_HOST, "http_408", 0},
        {421, "", ANSWER_RETRY_HOST, "http_421", 0},
        {425, "", ANSWER_RETRY_HOST, "http_425", 0},
        {429, "", ANSWER_RETRY_PUSHKEY, "http_429", 0},
        {500, "", ANSWER_RETRY_HOST, "http_500", 0},
        {502, "", ANSWER_RETRY_HOST, "http_502", 0},
        {503, "", ANSWER_RETRY_HOST, "http_503", 0},
        {507, "", ANSWER_RETRY_PUSHKEY, "http_507", 0},
        {400, "", ANSWER_DEAD, "http_400", 0},
        {400, "{\"reason\":\"VapidPkHashMismatch\"}", ANSWER_DEAD, "http_400", 0},
        {405, "", ANSWER_DEAD, "http_405", 0},
        {406, "", ANSWER_DEAD, "http_406", 0},
        {413, "", ANSWER_DEAD, "http_413", 0},
        {301, "", ANSWER_DEAD, "http_301", 0},
        {302, "", ANSWER_DEAD, "http_302", 0},
        {0, "", ANSWER_DEAD, "http_0", 0},
    };

    (void)state;
    answers_expect(&provider_unifiedpush, "", cases, sizeof cases / sizeof cases[0]);
}

/* The promise that trouble never unregisters anyone. */
static void test_only_gone_rejects(void **state) {
    static const char *const bodies[] = {"", "410 Gone", "{\"rejected\":[\"x\"]}", MISMATCH,
                                         "{\"reason\":\"VapidPkHashMismatch\"}"};

    (void)state;
    for (int status = 0; status < 1000; status++)
        for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
            const struct answer webpush =
                answers_ask(&provider_webpush, "", status, bodies[i], NULL);
            const struct answer unifiedpush =
                answers_ask(&provider_unifiedpush, "", status, bodies[i], NULL);
            assert_int_equal(webpush.meaning == ANSWER_REJECT, status == 410);
            assert_int_equal(unifiedpush.meaning == ANSWER_REJECT, status == 410);
            assert_int_equal(unifiedpush.meaning == ANSWER_AMBIGUOUS, status == 404);
        }
}

static void test_who_says_when_to_come_again_is_heard(void **state) {
    static const struct provider *const providers[] = {&provider_webpush, &provider_unifiedpush};

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (int status = 0; status < 1000; status++) {
            const struct answer seen = answers_ask(providers[i], "", status, "", "17");
            const bool waits =
                seen.meaning == ANSWER_RETRY_PUSHKEY || seen.meaning == ANSWER_RETRY_HOST;
            assert_int_equal(seen.retry_after_ms, waits ? 17000 : 0);
        }
}

/* An endpoint is a stranger's: what it writes must not become a label. */
static void test_no_word_of_a_stranger_becomes_a_reason(void **state) {
    static const char body[] = "{\"reason\":\"Invented4711\",\"error\":\"invented\"}";

    (void)state;
    assert_string_equal(answers_ask(&provider_webpush, "", 400, body, NULL).reason, "http_400");
    assert_string_equal(answers_ask(&provider_unifiedpush, "", 500, body, NULL).reason, "http_500");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_answer_of_a_push_service),
        cmocka_unit_test(test_every_answer_of_a_unifiedpush_server),
        cmocka_unit_test(test_only_gone_rejects),
        cmocka_unit_test(test_who_says_when_to_come_again_is_heard),
        cmocka_unit_test(test_no_word_of_a_stranger_becomes_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
