#include "tests/unit/dispatcher/providers/answers.h"

#define CODE(code) "{\"code\":\"" code "\",\"msg\":\"\",\"requestId\":\"1\"}"
#define PARTIAL(msg) "{\"code\":\"80100000\",\"msg\":\"" msg "\",\"requestId\":\"1\"}"
#define ILLEGAL(tokens)                                                                            \
    PARTIAL("{\\\"success\\\":0,\\\"failure\\\":1,\\\"illegal_tokens\\\":[" tokens "]}")
#define HTML "<!DOCTYPE html><title>Error</title><p>404. That's an error.</p>"

static const char pushkey[] = "0864:ours";

static const struct expectation expectations[] = {
    {200, CODE("80000000"), ANSWER_DELIVERED, "delivered", 0},
    {200, "{\"code\":80000000}", ANSWER_DELIVERED, "delivered", 0},
    /* A success that is none. */
    {201, CODE("80000000"), ANSWER_DEAD, "80000000", 0},
    {404, CODE("80000000"), ANSWER_DEAD, "80000000", 0},
    {500, CODE("80000000"), ANSWER_RETRY_HOST, "80000000", 0},
    /* A part of the tokens failed: ours, or somebody's. */
    {200, ILLEGAL("\\\"0864:ours\\\""), ANSWER_REJECT, "80100000", 0},
    {200, ILLEGAL("\\\"other\\\",\\\"0864:ours\\\""), ANSWER_REJECT, "80100000", 0},
    {200, ILLEGAL("\\\"other\\\""), ANSWER_DEAD, "80100000", 0},
    {200, ILLEGAL("\\\"0864:our\\\""), ANSWER_DEAD, "80100000", 0},
    {200, ILLEGAL(""), ANSWER_DEAD, "80100000", 0},
    {200, ILLEGAL("null,7,{}"), ANSWER_DEAD, "80100000", 0},
    {200, PARTIAL("{\\\"illegal_tokens\\\":\\\"0864:ours\\\"}"), ANSWER_DEAD, "80100000", 0},
    {200, PARTIAL("0864:ours"), ANSWER_DEAD, "80100000", 0},
    {200, "{\"code\":\"80100000\",\"msg\":{\"illegal_tokens\":[\"0864:ours\"]}}", ANSWER_DEAD,
     "80100000", 0},
    {200, "{\"code\":\"80100000\"}", ANSWER_DEAD, "80100000", 0},
    {400, ILLEGAL("\\\"0864:ours\\\""), ANSWER_DEAD, "80100000", 0},
    {503, ILLEGAL("\\\"0864:ours\\\""), ANSWER_RETRY_APP, "80100000", 60000},
    /* All of the tokens, which may be a wrong client_id as well. */
    {200, CODE("80300007"), ANSWER_AMBIGUOUS, "80300007", 0},
    {400, CODE("80300007"), ANSWER_AMBIGUOUS, "80300007", 0},
    {500, CODE("80300007"), ANSWER_RETRY_HOST, "80300007", 0},
    /* Who we are. */
    {200, CODE("80200001"), ANSWER_CONFIGURATION, "80200001", 0},
    {401, CODE("80200001"), ANSWER_CONFIGURATION, "80200001", 0},
    {200, CODE("80200003"), ANSWER_REFRESH, "80200003", 0},
    {401, CODE("80200003"), ANSWER_REFRESH, "80200003", 0},
    {200, CODE("80200005"), ANSWER_REFRESH, "80200005", 0},
    {401, CODE("80200005"), ANSWER_REFRESH, "80200005", 0},
    {200, CODE("80300002"), ANSWER_CONFIGURATION, "80300002", 0},
    {403, CODE("80300002"), ANSWER_CONFIGURATION, "80300002", 0},
    {200, CODE("80600003"), ANSWER_CONFIGURATION, "80600003", 0},
    /* What we sent. */
    {200, CODE("80300008"), ANSWER_DEAD, "80300008", 0},
    {400, CODE("80100001"), ANSWER_DEAD, "80100001", 0},
    {400, CODE("80100003"), ANSWER_DEAD, "80100003", 0},
    {400, CODE("80100004"), ANSWER_DEAD, "80100004", 0},
    {200, CODE("80100013"), ANSWER_DEAD, "80100013", 0},
    {200, CODE("80100016"), ANSWER_DEAD, "80100016", 0},
    /* How they are. */
    {200, CODE("81000001"), ANSWER_RETRY_HOST, "81000001", 0},
    {500, CODE("81000001"), ANSWER_RETRY_HOST, "81000001", 0},
    {500, "", ANSWER_RETRY_HOST, "http_500", 0},
    {502, HTML, ANSWER_RETRY_HOST, "http_502", 0},
    {503, HTML, ANSWER_RETRY_APP, "http_503", 60000},
    {504, "", ANSWER_RETRY_HOST, "http_504", 0},
    {599, "", ANSWER_RETRY_HOST, "http_599", 0},
    {429, "", ANSWER_RETRY_APP, "http_429", 60000},
    {408, "", ANSWER_RETRY_HOST, "http_408", 0},
    {421, "", ANSWER_RETRY_HOST, "http_421", 0},
    {425, "", ANSWER_RETRY_HOST, "http_425", 0},
    /* A 200 of somebody else. */
    {200, "", ANSWER_CONFIGURATION, "http_200", 0},
    {200, "{}", ANSWER_CONFIGURATION, "http_200", 0},
    {200, "null", ANSWER_CONFIGURATION, "http_200", 0},
    {200, HTML, ANSWER_CONFIGURATION, "http_200", 0},
    {200, "{\"code\":\"OK\"}", ANSWER_CONFIGURATION, "http_200", 0},
    {200, "{\"code\":0}", ANSWER_CONFIGURATION, "http_200", 0},
    {200, "{\"code\":-80000000}", ANSWER_CONFIGURATION, "http_200", 0},
    {200, "[\"80000000\"]", ANSWER_CONFIGURATION, "http_200", 0},
    {204, "", ANSWER_CONFIGURATION, "http_204", 0},
    {302, HTML, ANSWER_CONFIGURATION, "http_302", 0},
    {401, HTML, ANSWER_REFRESH, "http_401", 0},
    {403, HTML, ANSWER_CONFIGURATION, "http_403", 0},
    {404, HTML, ANSWER_CONFIGURATION, "http_404", 0},
    {407, HTML, ANSWER_CONFIGURATION, "http_407", 0},
    /* What no table knows; a number that is no code does not become a label. */
    {200, CODE("80999999"), ANSWER_DEAD, "80999999", 0},
    {400, CODE("80300010"), ANSWER_DEAD, "80300010", 0},
    {400, HTML, ANSWER_DEAD, "http_400", 0},
    {400, "{\"code\":123456789012}", ANSWER_DEAD, "http_400", 0},
    {405, "", ANSWER_DEAD, "http_405", 0},
    {410, "", ANSWER_DEAD, "http_410", 0},
    {413, "", ANSWER_DEAD, "http_413", 0},
    {600, "", ANSWER_DEAD, "http_600", 0},
    {0, "", ANSWER_DEAD, "http_0", 0},
};

static struct answer classify(int status, const char *body, const char *retry_after) {
    return answers_ask(&provider_hms, pushkey, status, body, retry_after);
}

static void test_every_row_of_the_table(void **state) {
    (void)state;
    answers_expect(&provider_hms, pushkey, expectations,
                   sizeof expectations / sizeof expectations[0]);
}

/* The promise that trouble never unregisters anyone, over every status and code. */
static void test_only_a_token_called_illegal_rejects(void **state) {
    (void)state;
    for (int status = 0; status < 1000; status++) {
        for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
            const char *body = expectations[i].body;
            const struct answer seen = classify(status, body, NULL);
            if (seen.meaning == ANSWER_REJECT) {
                assert_int_equal(status, 200);
                assert_non_null(strstr(body, "illegal_tokens"));
                assert_non_null(strstr(body, pushkey));
            }
            if (seen.meaning == ANSWER_DELIVERED) {
                assert_int_equal(status, 200);
                assert_non_null(strstr(body, "80000000"));
            }
            assert_true(seen.reason[0] != '\0');
        }
    }
}

static void test_retry_after_counts_where_a_retry_follows(void **state) {
    (void)state;
    assert_int_equal(classify(503, "", "90").retry_after_ms, 90000);
    assert_int_equal(classify(503, "", "soon").retry_after_ms, 60000);
    assert_int_equal(classify(502, "", "7").retry_after_ms, 7000);
    assert_int_equal(classify(200, CODE("81000001"), "7").retry_after_ms, 7000);
    assert_int_equal(classify(200, CODE("80000000"), "7").retry_after_ms, 0);
    assert_int_equal(classify(200, CODE("80300007"), "7").retry_after_ms, 0);
    assert_int_equal(classify(403, "", "7").retry_after_ms, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_of_the_table),
        cmocka_unit_test(test_only_a_token_called_illegal_rejects),
        cmocka_unit_test(test_retry_after_counts_where_a_retry_follows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
