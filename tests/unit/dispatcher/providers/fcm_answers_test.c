#include "tests/unit/dispatcher/providers/answers.h"

/* An error as Google writes it: status, message, details. */
#define ERROR(status, message, details)                                                            \
    "{\"error\":{\"code\":0,\"message\":\"" message "\",\"status\":\"" status                      \
    "\",\"details\":[" details "]}}"
#define FCM_ERROR(code)                                                                            \
    "{\"@type\":\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":\"" code "\"}"
#define VIOLATION(field)                                                                           \
    "{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\",\"fieldViolations\":[{\"field\":"    \
    "\"" field "\",\"description\":\"wrong\"}]}"
#define QUOTA(subject, description)                                                                \
    "{\"@type\":\"type.googleapis.com/"                                                            \
    "google.rpc.QuotaFailure\",\"violations\":[{\"subject\":\"" subject                            \
    "\",\"description\":\"" description "\"}]}"
#define METADATA(limit)                                                                            \
    "{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"RATE_LIMIT_EXCEEDED\","  \
    "\"metadata\":{\"consumer\":\"projects/device-cloud\",\"service\":\"fcm.googleapis.com\","     \
    "\"quota_limit\":\"" limit "\"}}"
#define HTML "<!DOCTYPE html><title>Error</title><p>404. That's an error.</p>"

static const struct expectation expectations[] = {
    {200, "{\"name\":\"projects/p/messages/0:15%3\"}", ANSWER_DELIVERED, "delivered", 0},
    {200, "{\n  \"name\": \"projects/p/messages/1\"\n}\n", ANSWER_DELIVERED, "delivered", 0},
    /* A 200 of somebody else. */
    {200, "", ANSWER_CONFIGURATION, "http_200", 0},
    {200, "{}", ANSWER_CONFIGURATION, "http_200", 0},
    {200, "{\"name\":\"\"}", ANSWER_CONFIGURATION, "http_200", 0},
    {200, "{\"name\":7}", ANSWER_CONFIGURATION, "http_200", 0},
    {200, "{\"name\":\"x\"", ANSWER_CONFIGURATION, "http_200", 0},
    {200, "[\"name\"]", ANSWER_CONFIGURATION, "http_200", 0},
    {200, HTML, ANSWER_CONFIGURATION, "http_200", 0},
    {201, "{\"name\":\"x\"}", ANSWER_CONFIGURATION, "http_201", 0},
    {204, "", ANSWER_CONFIGURATION, "http_204", 0},
    {301, HTML, ANSWER_CONFIGURATION, "http_301", 0},
    {302, "", ANSWER_CONFIGURATION, "http_302", 0},
    {307, "", ANSWER_CONFIGURATION, "http_307", 0},
    /* 404 */
    {404, ERROR("NOT_FOUND", "Requested entity was not found.", FCM_ERROR("UNREGISTERED")),
     ANSWER_REJECT, "UNREGISTERED", 0},
    {404, ERROR("NOT_FOUND", "NotRegistered", VIOLATION("x") "," FCM_ERROR("UNREGISTERED")),
     ANSWER_REJECT, "UNREGISTERED", 0},
    {404, ERROR("NOT_FOUND", "Requested entity was not found.", ""), ANSWER_AMBIGUOUS, "NOT_FOUND",
     0},
    {404, "{\"error\":{\"status\":\"NOT_FOUND\"}}", ANSWER_AMBIGUOUS, "NOT_FOUND", 0},
    {404, ERROR("UNREGISTERED", "said by nobody who knows", ""), ANSWER_DEAD, "UNREGISTERED", 0},
    {404, ERROR("NOT_FOUND", "", FCM_ERROR("UNSPECIFIED_ERROR")), ANSWER_DEAD, "UNSPECIFIED_ERROR",
     0},
    {404, HTML, ANSWER_CONFIGURATION, "http_404", 0},
    {404, "", ANSWER_CONFIGURATION, "http_404", 0},
    {404, "{\"error\":\"not found\"}", ANSWER_CONFIGURATION, "http_404", 0},
    {404, "{\"errcode\":\"M_UNRECOGNIZED\"}", ANSWER_CONFIGURATION, "http_404", 0},
    /* 400 */
    {400,
     ERROR("INVALID_ARGUMENT", "The registration token is not a valid FCM registration token",
           FCM_ERROR("INVALID_ARGUMENT")),
     ANSWER_AMBIGUOUS, "INVALID_ARGUMENT", 0},
    {400,
     ERROR("INVALID_ARGUMENT", "Request contains an invalid argument.",
           FCM_ERROR("INVALID_ARGUMENT") "," VIOLATION("message.token")),
     ANSWER_AMBIGUOUS, "INVALID_ARGUMENT", 0},
    {400,
     ERROR("INVALID_ARGUMENT", "Request contains an invalid argument.", VIOLATION("message.fid")),
     ANSWER_AMBIGUOUS, "INVALID_ARGUMENT", 0},
    {400, ERROR("INVALID_ARGUMENT", "The Installation ID is not valid", ""), ANSWER_AMBIGUOUS,
     "INVALID_ARGUMENT", 0},
    {400, ERROR("INVALID_ARGUMENT", "Request contains an invalid argument.", ""), ANSWER_DEAD,
     "INVALID_ARGUMENT", 0},
    {400, ERROR("INVALID_ARGUMENT", "Recipient of the message is not set.", VIOLATION("message")),
     ANSWER_DEAD, "INVALID_ARGUMENT", 0},
    {400,
     ERROR("INVALID_ARGUMENT", "Invalid value at 'message.data[0].value' (TYPE_STRING), 12",
           VIOLATION("message.data[0].value")),
     ANSWER_DEAD, "INVALID_ARGUMENT", 0},
    {400, ERROR("INVALID_ARGUMENT", "Android message is too big", FCM_ERROR("INVALID_ARGUMENT")),
     ANSWER_DEAD, "INVALID_ARGUMENT", 0},
    {400,
     ERROR(
         "INVALID_ARGUMENT",
         "Invalid JSON payload received. Unknown name \\\"fid\\\" at 'message': Cannot find field.",
         VIOLATION("message")),
     ANSWER_DEAD, "INVALID_ARGUMENT", 0},
    {400, ERROR("FAILED_PRECONDITION", "about a registration token", ""), ANSWER_DEAD,
     "FAILED_PRECONDITION", 0},
    {400, HTML, ANSWER_DEAD, "http_400", 0},
    /* 401 and 403 */
    {401, ERROR("UNAUTHENTICATED", "Request had invalid authentication credentials.", ""),
     ANSWER_REFRESH, "UNAUTHENTICATED", 0},
    {401, HTML, ANSWER_REFRESH, "http_401", 0},
    {401,
     ERROR("UNAUTHENTICATED", "Auth error from APNS or Web Push Service",
           FCM_ERROR("THIRD_PARTY_AUTH_ERROR")),
     ANSWER_CONFIGURATION, "THIRD_PARTY_AUTH_ERROR", 0},
    {403, ERROR("PERMISSION_DENIED", "SenderId mismatch", FCM_ERROR("SENDER_ID_MISMATCH")),
     ANSWER_AMBIGUOUS, "SENDER_ID_MISMATCH", 0},
    {403, ERROR("PERMISSION_DENIED", "Permission 'cloudmessaging.messages.create' denied", ""),
     ANSWER_CONFIGURATION, "PERMISSION_DENIED", 0},
    {403, HTML, ANSWER_CONFIGURATION, "http_403", 0},
    /* 429 */
    {429, ERROR("RESOURCE_EXHAUSTED", "Quota exceeded.", FCM_ERROR("QUOTA_EXCEEDED")),
     ANSWER_RETRY_APP, "QUOTA_EXCEEDED", 60000},
    {429,
     ERROR("RESOURCE_EXHAUSTED",
           "Quota exceeded for quota metric 'Send requests' for consumer 'project_number:1'.",
           METADATA("SendsPerMinutePerProject")),
     ANSWER_RETRY_APP, "RESOURCE_EXHAUSTED", 60000},
    {429,
     ERROR("RESOURCE_EXHAUSTED", "Quota exceeded.",
           QUOTA("project:my-device-cloud", "Messages a minute") "," FCM_ERROR("QUOTA_EXCEEDED")),
     ANSWER_RETRY_APP, "QUOTA_EXCEEDED", 60000},
    {429,
     ERROR("RESOURCE_EXHAUSTED", "Quota exceeded.",
           FCM_ERROR("QUOTA_EXCEEDED") "," QUOTA("device:abc", "Too many messages")),
     ANSWER_RETRY_PUSHKEY, "QUOTA_EXCEEDED", 60000},
    {429,
     ERROR("RESOURCE_EXHAUSTED", "Quota exceeded.",
           QUOTA("x", "Device Message Rate") "," FCM_ERROR("QUOTA_EXCEEDED")),
     ANSWER_RETRY_PUSHKEY, "QUOTA_EXCEEDED", 60000},
    {429, ERROR("RESOURCE_EXHAUSTED", "Device message rate exceeded.", FCM_ERROR("QUOTA_EXCEEDED")),
     ANSWER_RETRY_PUSHKEY, "QUOTA_EXCEEDED", 60000},
    {429, ERROR("RESOURCE_EXHAUSTED", "Quota exceeded.", METADATA("MessagesPerMinutePerDevice")),
     ANSWER_RETRY_PUSHKEY, "RESOURCE_EXHAUSTED", 60000},
    {429, HTML, ANSWER_RETRY_APP, "http_429", 60000},
    /* 5xx */
    {500, ERROR("INTERNAL", "Internal error encountered.", FCM_ERROR("INTERNAL")),
     ANSWER_RETRY_HOST, "INTERNAL", 0},
    {503, ERROR("UNAVAILABLE", "The service is currently unavailable.", FCM_ERROR("UNAVAILABLE")),
     ANSWER_RETRY_HOST, "UNAVAILABLE", 0},
    {500, "", ANSWER_RETRY_HOST, "http_500", 0},
    {501, "", ANSWER_RETRY_HOST, "http_501", 0},
    {502, HTML, ANSWER_RETRY_HOST, "http_502", 0},
    {503, HTML, ANSWER_RETRY_HOST, "http_503", 0},
    {504, "upstream request timeout", ANSWER_RETRY_HOST, "http_504", 0},
    {599, "", ANSWER_RETRY_HOST, "http_599", 0},
    /* What no table knows. */
    {402, "", ANSWER_DEAD, "http_402", 0},
    {405, HTML, ANSWER_DEAD, "http_405", 0},
    {407, HTML, ANSWER_CONFIGURATION, "http_407", 0},
    {408, "", ANSWER_RETRY_HOST, "http_408", 0},
    {410, ERROR("GONE", "", ""), ANSWER_DEAD, "GONE", 0},
    {413, HTML, ANSWER_DEAD, "http_413", 0},
    {421, "", ANSWER_RETRY_HOST, "http_421", 0},
    {425, "", ANSWER_RETRY_HOST, "http_425", 0},
    {451, "", ANSWER_DEAD, "http_451", 0},
    {499, "", ANSWER_DEAD, "http_499", 0},
    {600, "", ANSWER_DEAD, "http_600", 0},
    {0, "", ANSWER_DEAD, "http_0", 0},
    /* Codes that are no codes do not become labels. */
    {503, ERROR("Unavailable, dear", "", ""), ANSWER_RETRY_HOST, "http_503", 0},
    {503, ERROR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", ""),
     ANSWER_RETRY_HOST, "http_503", 0},
    {503, ERROR("UNAVAILABLE", "", FCM_ERROR("un\\u0000known")), ANSWER_RETRY_HOST, "UNAVAILABLE",
     0},
    /* Parts of another type than expected. */
    {404, "{\"error\":{\"status\":404,\"message\":[],\"details\":{}}}", ANSWER_DEAD, "http_404", 0},
    {400,
     "{\"error\":{\"status\":\"INVALID_ARGUMENT\",\"details\":[null,1,\"x\",[],{},"
     "{\"@type\":7,\"fieldViolations\":[null,\"message.token\",{\"field\":null}],"
     "\"violations\":{},\"metadata\":\"device\"}]}}",
     ANSWER_DEAD, "INVALID_ARGUMENT", 0},
    {429, "null", ANSWER_RETRY_APP, "http_429", 60000},
};

static struct answer classify(int status, const char *body, const char *retry_after) {
    return answers_ask(&provider_fcm, "a-token", status, body, retry_after);
}

static void test_every_row_of_the_table(void **state) {
    (void)state;
    answers_expect(&provider_fcm, "a-token", expectations,
                   sizeof expectations / sizeof expectations[0]);
}

/* The promise that trouble never unregisters anyone, over every status and kind of body. */
static void test_only_unregistered_rejects(void **state) {
    static const char *const bodies[] = {
        "",
        HTML,
        "{}",
        "null",
        "{\"name\":\"x\"}",
        ERROR("NOT_FOUND", "", ""),
        ERROR("INVALID_ARGUMENT", "", FCM_ERROR("INVALID_ARGUMENT")),
        ERROR("NOT_FOUND", "", FCM_ERROR("UNREGISTERED")),
    };

    (void)state;
    for (int status = 0; status < 1000; status++) {
        for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
            const struct answer seen = classify(status, bodies[i], NULL);
            const bool is_unregistered = status == 404 && strstr(bodies[i], "UNREGISTERED") != NULL;
            assert_int_equal(seen.meaning == ANSWER_REJECT, is_unregistered);
            if (seen.meaning == ANSWER_DELIVERED) {
                assert_int_equal(status, 200);
                assert_string_equal(bodies[i], "{\"name\":\"x\"}");
            }
            assert_true(seen.reason[0] != '\0');
        }
    }
}

static void test_retry_after_counts_where_a_retry_follows(void **state) {
    (void)state;
    assert_int_equal(classify(429, "", "90").retry_after_ms, 90000);
    assert_int_equal(classify(429, "", "0").retry_after_ms, 60000);
    assert_int_equal(classify(429, "", "soon").retry_after_ms, 60000);
    assert_int_equal(classify(503, "", "7").retry_after_ms, 7000);
    assert_int_equal(classify(503, "", "Tue, 14 Nov 2023 22:14:20 GMT").retry_after_ms, 60000);
    assert_int_equal(classify(503, "", "9999999999").retry_after_ms, 86400000);
    assert_int_equal(classify(200, "{\"name\":\"x\"}", "7").retry_after_ms, 0);
    assert_int_equal(classify(400, "", "7").retry_after_ms, 0);
    assert_int_equal(classify(403, "", "7").retry_after_ms, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_of_the_table),
        cmocka_unit_test(test_only_unregistered_rejects),
        cmocka_unit_test(test_retry_after_counts_where_a_retry_follows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
