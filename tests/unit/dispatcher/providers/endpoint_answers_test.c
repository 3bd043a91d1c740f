#include "dispatcher/providers/endpoint_answers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MISMATCH                                                                                   \
    "the VAPID credentials in the authorization header do not correspond to the credentials used " \
    "to create the subscriptions.\n"

typedef void classify_answer(const struct classify_input *input, struct answer *out);

struct expectation {
    int status;
    const char *body;
    enum answer_meaning meaning;
    const char *reason;
    int64_t retry_after_ms;
};

static struct answer ask(classify_answer *classify, int status, const char *body) {
    const struct http_response response = {
        .status = status,
        .body = slice_of(body),
        .retry_after = slice_of("17"),
    };
    const struct app app = {0};
    struct answer answer;

    memset(&answer, 0xA5, sizeof answer);
    classify(&(struct classify_input){.app = &app,
                                      .response = &response,
                                      .now_ms = INT64_C(1700000000000)},
             &answer);
    return answer;
}

static void expect(classify_answer *classify, const struct expectation *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct answer seen = ask(classify, cases[i].status, cases[i].body);
        if (seen.meaning != cases[i].meaning || strcmp(seen.reason, cases[i].reason) != 0 ||
            seen.retry_after_ms != cases[i].retry_after_ms)
            fail_msg("%d %s: %s, %s, %lld ms", cases[i].status, cases[i].body,
                     answer_meaning_name(seen.meaning), seen.reason,
                     (long long)seen.retry_after_ms);
    }
}

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
        {406, "", ANSWER_RETRY_PUSHKEY, "http_406", 17000},
        {429, "", ANSWER_RETRY_PUSHKEY, "http_429", 17000},
        {408, "", ANSWER_RETRY_HOST, "http_408", 17000},
        {421, "", ANSWER_RETRY_HOST, "http_421", 17000},
        {425, "", ANSWER_RETRY_HOST, "http_425", 17000},
        {500, "", ANSWER_RETRY_HOST, "http_500", 17000},
        {502, "<html>", ANSWER_RETRY_HOST, "http_502", 17000},
        {503, "", ANSWER_RETRY_HOST, "http_503", 17000},
        {507, "", ANSWER_RETRY_HOST, "http_507", 17000},
        {599, "", ANSWER_RETRY_HOST, "http_599", 17000},
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
    expect(endpoint_answers_webpush, cases, sizeof cases / sizeof cases[0]);
}

static void test_every_answer_of_a_unifiedpush_server(void **state) {
    static const struct expectation cases[] = {
        {200, "{\"id\":\"x\"}", ANSWER_DELIVERED, "delivered", 0},
        {201, "", ANSWER_DELIVERED, "delivered", 0},
        {202, "", ANSWER_DELIVERED, "delivered", 0},
        {204, "", ANSWER_DELIVERED, "delivered", 0},
        {410, "", ANSWER_REJECT, "http_410", 0},
        {404, "", ANSWER_AMBIGUOUS, "http_404", 0},
        {401, "", ANSWER_RETRY_PUSHKEY, "http_401", 17000},
        {403, "", ANSWER_RETRY_PUSHKEY, "http_403", 17000},
        {403, MISMATCH, ANSWER_RETRY_PUSHKEY, "http_403", 17000},
        {407, "", ANSWER_CONFIGURATION, "http_407", 0},
        {408, "", ANSWER_RETRY_PUSHKEY, "http_408", 17000},
        {421, "", ANSWER_RETRY_PUSHKEY, "http_421", 17000},
        {425, "", ANSWER_RETRY_PUSHKEY, "http_425", 17000},
        {429, "", ANSWER_RETRY_PUSHKEY, "http_429", 17000},
        {500, "", ANSWER_RETRY_PUSHKEY, "http_500", 17000},
        {502, "", ANSWER_RETRY_PUSHKEY, "http_502", 17000},
        {503, "", ANSWER_RETRY_PUSHKEY, "http_503", 17000},
        {507, "", ANSWER_RETRY_PUSHKEY, "http_507", 17000},
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
    expect(endpoint_answers_unifiedpush, cases, sizeof cases / sizeof cases[0]);
}

/* The promise that trouble never unregisters anyone. */
static void test_only_gone_rejects(void **state) {
    static const char *const bodies[] = {"", "410 Gone", "{\"rejected\":[\"x\"]}", MISMATCH,
                                         "{\"reason\":\"VapidPkHashMismatch\"}"};

    (void)state;
    for (int status = 0; status < 1000; status++)
        for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
            const enum answer_meaning meanings[] = {
                ask(endpoint_answers_webpush, status, bodies[i]).meaning,
                ask(endpoint_answers_unifiedpush, status, bodies[i]).meaning,
            };
            assert_int_equal(meanings[0] == ANSWER_REJECT, status == 410);
            assert_int_equal(meanings[1] == ANSWER_REJECT, status == 410);
            assert_int_equal(meanings[1] == ANSWER_AMBIGUOUS, status == 404);
        }
}

/* An endpoint is a stranger's: what it writes must not become a label. */
static void test_no_word_of_a_stranger_becomes_a_reason(void **state) {
    (void)state;
    assert_string_equal(ask(endpoint_answers_webpush, 400, "{\"reason\":\"Invented4711\"}").reason,
                        "http_400");
    assert_string_equal(ask(endpoint_answers_unifiedpush, 500, "{\"error\":\"invented\"}").reason,
                        "http_500");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_answer_of_a_push_service),
        cmocka_unit_test(test_every_answer_of_a_unifiedpush_server),
        cmocka_unit_test(test_only_gone_rejects),
        cmocka_unit_test(test_no_word_of_a_stranger_becomes_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
