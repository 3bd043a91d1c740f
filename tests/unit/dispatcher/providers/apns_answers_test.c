#include "answers.h"

#define REASON(reason) "{\"reason\":\"" reason "\"}"
#define GONE(reason, timestamp) "{\"reason\":\"" reason "\",\"timestamp\":" timestamp "}"
#define HTML "<html><body>Bad Gateway</body></html>"

static const struct expectation expectations[] = {
    {200, "", ANSWER_DELIVERED, "delivered", 0},
    {201, "", ANSWER_CONFIGURATION, "http_201", 0},
    {302, "", ANSWER_CONFIGURATION, "http_302", 0},
    /* 400: a dead pushkey, or our configuration */
    {400, REASON("BadDeviceToken"), ANSWER_AMBIGUOUS, "BadDeviceToken", 0},
    {400, REASON("DeviceTokenNotForTopic"), ANSWER_AMBIGUOUS, "DeviceTokenNotForTopic", 0},
    /* 400: our configuration */
    {400, REASON("BadTopic"), ANSWER_CONFIGURATION, "BadTopic", 0},
    {400, REASON("MissingTopic"), ANSWER_CONFIGURATION, "MissingTopic", 0},
    {400, REASON("TopicDisallowed"), ANSWER_CONFIGURATION, "TopicDisallowed", 0},
    {400, REASON("InvalidPushType"), ANSWER_CONFIGURATION, "InvalidPushType", 0},
    /* 400: our bug */
    {400, REASON("BadCollapseId"), ANSWER_DEAD, "BadCollapseId", 0},
    {400, REASON("BadExpirationDate"), ANSWER_DEAD, "BadExpirationDate", 0},
    {400, REASON("BadMessageId"), ANSWER_DEAD, "BadMessageId", 0},
    {400, REASON("BadPriority"), ANSWER_DEAD, "BadPriority", 0},
    {400, REASON("DuplicateHeaders"), ANSWER_DEAD, "DuplicateHeaders", 0},
    {400, REASON("MissingDeviceToken"), ANSWER_DEAD, "MissingDeviceToken", 0},
    {400, REASON("PayloadEmpty"), ANSWER_DEAD, "PayloadEmpty", 0},
    {400, REASON("OfTomorrow"), ANSWER_DEAD, "OfTomorrow", 0},
    {400, HTML, ANSWER_DEAD, "http_400", 0},
    /* the connection */
    {400, REASON("IdleTimeout"), ANSWER_AGAIN, "IdleTimeout", 0},
    {403, REASON("UnrelatedKeyIdInToken"), ANSWER_AGAIN, "UnrelatedKeyIdInToken", 0},
    {503, REASON("Shutdown"), ANSWER_AGAIN, "Shutdown", 0},
    /* 403 */
    {403, REASON("ExpiredProviderToken"), ANSWER_REFRESH, "ExpiredProviderToken", 0},
    {403, REASON("InvalidProviderToken"), ANSWER_CONFIGURATION, "InvalidProviderToken", 0},
    {403, REASON("MissingProviderToken"), ANSWER_CONFIGURATION, "MissingProviderToken", 0},
    {403, REASON("BadCertificate"), ANSWER_CONFIGURATION, "BadCertificate", 0},
    {403, REASON("BadCertificateEnvironment"), ANSWER_CONFIGURATION, "BadCertificateEnvironment",
     0},
    {403, REASON("BadEnvironmentKeyInToken"), ANSWER_CONFIGURATION, "BadEnvironmentKeyInToken", 0},
    {403, REASON("BadEnvironmentKeyIdInToken"), ANSWER_CONFIGURATION, "BadEnvironmentKeyIdInToken",
     0},
    {403, REASON("Forbidden"), ANSWER_CONFIGURATION, "Forbidden", 0},
    {403, REASON("OfTomorrow"), ANSWER_CONFIGURATION, "OfTomorrow", 0},
    {403, REASON("BadDeviceToken"), ANSWER_CONFIGURATION, "BadDeviceToken", 0},
    {403, HTML, ANSWER_CONFIGURATION, "http_403", 0},
    /* 404 and 405 */
    {404, REASON("BadPath"), ANSWER_DEAD, "BadPath", 0},
    {404, HTML, ANSWER_CONFIGURATION, "http_404", 0},
    {405, REASON("MethodNotAllowed"), ANSWER_DEAD, "MethodNotAllowed", 0},
    {405, "", ANSWER_CONFIGURATION, "http_405", 0},
    /* 410 */
    {410, REASON("Unregistered"), ANSWER_REJECT, "Unregistered", 0},
    {410, GONE("Unregistered", "1600000000000"), ANSWER_REJECT, "Unregistered", 0},
    {410, GONE("ExpiredToken", "1600000000000"), ANSWER_REJECT, "ExpiredToken", 0},
    {410, REASON("OfTomorrow"), ANSWER_DEAD, "OfTomorrow", 0},
    {410, "", ANSWER_DEAD, "http_410", 0},
    {410, HTML, ANSWER_DEAD, "http_410", 0},
    /* 413 and 429 */
    {413, REASON("PayloadTooLarge"), ANSWER_DEAD, "PayloadTooLarge", 0},
    {429, REASON("TooManyRequests"), ANSWER_RETRY_PUSHKEY, "TooManyRequests", 0},
    {429, REASON("TooManyProviderTokenUpdates"), ANSWER_RETRY_APP, "TooManyProviderTokenUpdates",
     60000},
    {429, HTML, ANSWER_RETRY_APP, "http_429", 0},
    /* 5xx */
    {500, REASON("InternalServerError"), ANSWER_RETRY_HOST, "InternalServerError", 0},
    {503, REASON("ServiceUnavailable"), ANSWER_RETRY_HOST, "ServiceUnavailable", 0},
    {500, "", ANSWER_RETRY_HOST, "http_500", 0},
    {502, HTML, ANSWER_RETRY_HOST, "http_502", 0},
    {504, "", ANSWER_RETRY_HOST, "http_504", 0},
    {599, "", ANSWER_RETRY_HOST, "http_599", 0},
    /* What no table knows. */
    {0, "", ANSWER_DEAD, "http_0", 0},
    {401, HTML, ANSWER_CONFIGURATION, "http_401", 0},
    {402, "", ANSWER_DEAD, "http_402", 0},
    {407, HTML, ANSWER_CONFIGURATION, "http_407", 0},
    {408, "", ANSWER_RETRY_HOST, "http_408", 0},
    {421, "", ANSWER_RETRY_HOST, "http_421", 0},
    {425, "", ANSWER_RETRY_HOST, "http_425", 0},
    {451, "", ANSWER_DEAD, "http_451", 0},
    {600, "", ANSWER_DEAD, "http_600", 0},
    /* Bodies of another shape than expected. */
    {400, "{\"reason\":7}", ANSWER_DEAD, "http_400", 0},
    {400, "[\"BadDeviceToken\"]", ANSWER_DEAD, "http_400", 0},
    {400, "null", ANSWER_DEAD, "http_400", 0},
    {400, "{\"reason\":\"BadDeviceToken", ANSWER_DEAD, "http_400", 0},
    {400, "{\"reason\":\"a reason of words\"}", ANSWER_DEAD, "http_400", 0},
};

static void test_every_row_of_the_table(void **state) {
    (void)state;
    answers_expect(&provider_apns, "AAEC", expectations,
                   sizeof expectations / sizeof expectations[0]);
}

static enum answer_meaning meaning_of_gone(int64_t pushkey_ts, const char *body) {
    const struct http_response response = {.status = 410, .body = slice_of(body)};
    const struct app app = {.kind = PROVIDER_APNS};
    const struct device device = {.pushkey_ts = pushkey_ts};
    struct answer answer;

    provider_apns.classify(&(struct classify_input){.app = &app,
                                                    .device = &device,
                                                    .response = &response,
                                                    .now_ms = INT64_C(1700000000000)},
                           &answer);
    assert_string_equal(answer.reason, "Unregistered");
    return answer.meaning;
}

/* Who registered after the phone was seen to be gone is told nothing by that. */
static void test_a_later_registration_outlives_a_death(void **state) {
    static const struct {
        int64_t pushkey_ts;
        const char *body;
        enum answer_meaning meaning;
    } cases[] = {
        {0, GONE("Unregistered", "1650000000000"), ANSWER_REJECT},
        {1649999999, GONE("Unregistered", "1650000000000"), ANSWER_REJECT},
        {1650000000, GONE("Unregistered", "1650000000000"), ANSWER_REJECT},
        {1650000001, GONE("Unregistered", "1650000000000"), ANSWER_DROP},
        {INT64_C(1650000000001), GONE("Unregistered", "1650000000000"), ANSWER_DROP},
        {INT64_C(1649999999999), GONE("Unregistered", "1650000000000"), ANSWER_REJECT},
        /* Sworn to by a clock that cannot be right: more than a day ahead, or before the epoch. */
        {1900000000, GONE("Unregistered", "1650000000000"), ANSWER_REJECT},
        {-5, GONE("Unregistered", "1650000000000"), ANSWER_REJECT},
        /* Without a readable time of death. */
        {1690000000, REASON("Unregistered"), ANSWER_REJECT},
        {1690000000, GONE("Unregistered", "null"), ANSWER_REJECT},
        {1690000000, GONE("Unregistered", "[]"), ANSWER_REJECT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (meaning_of_gone(cases[i].pushkey_ts, cases[i].body) != cases[i].meaning)
            fail_msg("%lld against %s", (long long)cases[i].pushkey_ts, cases[i].body);
}

/* The promise that trouble never unregisters anyone, over every status and kind of body. */
static void test_only_what_apple_calls_gone_rejects(void **state) {
    static const char *const bodies[] = {
        "",
        HTML,
        "{}",
        "null",
        REASON("BadDeviceToken"),
        REASON("TopicDisallowed"),
        REASON("Unregistered"),
        REASON("ExpiredToken"),
        REASON("OfTomorrow"),
    };

    (void)state;
    for (int status = 0; status < 1000; status++) {
        for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
            const struct answer seen = answers_ask(&provider_apns, "AAEC", status, bodies[i], NULL);
            const bool is_gone = status == 410 && (strstr(bodies[i], "Unregistered") != NULL ||
                                                   strstr(bodies[i], "ExpiredToken") != NULL);
            assert_int_equal(seen.meaning == ANSWER_REJECT, is_gone);
            if (seen.meaning == ANSWER_AMBIGUOUS) {
                assert_int_equal(status, 400);
                assert_string_equal(bodies[i], REASON("BadDeviceToken"));
            }
            assert_int_equal(seen.meaning == ANSWER_DELIVERED, status == 200);
            assert_true(seen.reason[0] != '\0');
        }
    }
}

static int64_t retry_of(int status, const char *body, const char *retry_after) {
    return answers_ask(&provider_apns, "AAEC", status, body, retry_after).retry_after_ms;
}

static void test_retry_after_counts_where_a_retry_follows(void **state) {
    (void)state;
    assert_int_equal(retry_of(429, REASON("TooManyRequests"), "90"), 90000);
    assert_int_equal(retry_of(429, REASON("TooManyProviderTokenUpdates"), "90"), 90000);
    assert_int_equal(retry_of(429, REASON("TooManyProviderTokenUpdates"), "soon"), 60000);
    assert_int_equal(retry_of(503, "", "7"), 7000);
    assert_int_equal(retry_of(400, REASON("BadTopic"), "7"), 0);
    assert_int_equal(retry_of(410, REASON("Unregistered"), "7"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_of_the_table),
        cmocka_unit_test(test_a_later_registration_outlives_a_death),
        cmocka_unit_test(test_only_what_apple_calls_gone_rejects),
        cmocka_unit_test(test_retry_after_counts_where_a_retry_follows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
