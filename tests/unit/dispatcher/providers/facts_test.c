/* What each provider's documents say of an answer, and what becomes of a push then: from the bytes
 * of the answer to the outcome of the record. And that nothing else rejects. */
#include "tests/unit/dispatcher/providers/answers.h"

#include "common/base/memory.h"
#include "dispatcher/decision.h"

#include <stdlib.h>

enum means {
    DELIVERED,
    REJECT,
    GUARDED,        /* a dead pushkey, or our configuration: rejects when that is earned */
    CONFIGURATION,  /* latches; the push waits, nobody is rejected */
    OUR_BUG,        /* a dead letter */
    NEW_CREDENTIAL, /* once; then it is the configuration */
    NEW_CONNECTION, /* once; then it waits */
    PUSHKEY_WAITS,
    APP_WAITS,
    HOST_WAITS,
    MEANS_COUNT
};

static const struct {
    const char *name;
    enum step step;         /* of the first try */
    enum outcome outcome;   /* in the end */
    enum outcome if_earned; /* with a success behind it */
    enum gate_news news;
    bool holds;
} consequences[MEANS_COUNT] = {
    [DELIVERED] = {"delivered", STEP_END, OUTCOME_DELIVERED, OUTCOME_DELIVERED, GATE_SUCCESS,
                   false},
    [REJECT] = {"reject", STEP_END, OUTCOME_REJECTED, OUTCOME_REJECTED, GATE_ALIVE, false},
    [GUARDED] = {"guarded", STEP_END, OUTCOME_MOVED, OUTCOME_REJECTED, GATE_ALIVE, false},
    [CONFIGURATION] = {"configuration", STEP_END, OUTCOME_MOVED, OUTCOME_MOVED, GATE_MISCONFIGURED,
                       false},
    [OUR_BUG] = {"our bug", STEP_END, OUTCOME_DEAD, OUTCOME_DEAD, GATE_ALIVE, false},
    [NEW_CREDENTIAL] = {"new credential", STEP_NEW_CREDENTIAL, OUTCOME_MOVED, OUTCOME_MOVED,
                        GATE_MISCONFIGURED, false},
    [NEW_CONNECTION] = {"new connection", STEP_AGAIN, OUTCOME_MOVED, OUTCOME_MOVED, GATE_TROUBLE,
                        false},
    [PUSHKEY_WAITS] = {"the pushkey waits", STEP_END, OUTCOME_MOVED, OUTCOME_MOVED, GATE_ALIVE,
                       true},
    [APP_WAITS] = {"the app waits", STEP_END, OUTCOME_MOVED, OUTCOME_MOVED, GATE_WAIT, false},
    [HOST_WAITS] = {"the host waits", STEP_END, OUTCOME_MOVED, OUTCOME_MOVED, GATE_TROUBLE, false},
};

struct fact {
    const struct provider *provider;
    int status;
    const char *body;
    enum means means;
    const char *word; /* of the body: what rejects by it */
};

#define APNS(status, reason, means)                                                                \
    { &provider_apns, status, "{\"reason\":\"" reason "\"}", means, reason }
#define ERROR(status, message, details)                                                            \
    "{\"error\":{\"code\":0,\"message\":\"" message "\",\"status\":\"" status                      \
    "\",\"details\":[" details "]}}"
#define FCM_CODE(code)                                                                             \
    "{\"@type\":\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":\"" code "\"}"
#define FCM(status, google, code, means)                                                           \
    { &provider_fcm, status, ERROR(google, "", FCM_CODE(code)), means, code }
#define WEBPUSH(status, body, means)                                                               \
    { &provider_webpush, status, body, means, NULL }
#define UNIFIEDPUSH(status, means)                                                                 \
    { &provider_unifiedpush, status, "", means, NULL }
#define HMS(status, code, means)                                                                   \
    { &provider_hms, status, "{\"code\":\"" code "\",\"msg\":\"\"}", means, code }

#define PUSHKEY "0864:ours"
#define HTML "<!DOCTYPE html><title>Bad Gateway</title>"

static const struct fact facts[] = {
    /* APNs */
    {&provider_apns, 200, "", DELIVERED, NULL},
    APNS(400, "BadDeviceToken", GUARDED),
    APNS(400, "DeviceTokenNotForTopic", GUARDED),
    APNS(400, "BadTopic", CONFIGURATION),
    APNS(400, "MissingTopic", CONFIGURATION),
    APNS(400, "TopicDisallowed", CONFIGURATION),
    APNS(400, "InvalidPushType", CONFIGURATION),
    APNS(400, "BadCollapseId", OUR_BUG),
    APNS(400, "BadExpirationDate", OUR_BUG),
    APNS(400, "BadMessageId", OUR_BUG),
    APNS(400, "BadPriority", OUR_BUG),
    APNS(400, "DuplicateHeaders", OUR_BUG),
    APNS(400, "MissingDeviceToken", OUR_BUG),
    APNS(400, "PayloadEmpty", OUR_BUG),
    APNS(400, "IdleTimeout", NEW_CONNECTION),
    APNS(403, "ExpiredProviderToken", NEW_CREDENTIAL),
    APNS(403, "InvalidProviderToken", CONFIGURATION),
    APNS(403, "MissingProviderToken", CONFIGURATION),
    APNS(403, "BadCertificate", CONFIGURATION),
    APNS(403, "BadCertificateEnvironment", CONFIGURATION),
    APNS(403, "BadEnvironmentKeyInToken", CONFIGURATION),
    APNS(403, "BadEnvironmentKeyIdInToken", CONFIGURATION),
    APNS(403, "Forbidden", CONFIGURATION),
    APNS(403, "UnrelatedKeyIdInToken", NEW_CONNECTION),
    APNS(404, "BadPath", OUR_BUG),
    APNS(405, "MethodNotAllowed", OUR_BUG),
    APNS(410, "Unregistered", REJECT),
    APNS(410, "ExpiredToken", REJECT),
    APNS(413, "PayloadTooLarge", OUR_BUG),
    APNS(429, "TooManyProviderTokenUpdates", APP_WAITS),
    APNS(429, "TooManyRequests", PUSHKEY_WAITS),
    APNS(500, "InternalServerError", HOST_WAITS),
    APNS(503, "ServiceUnavailable", APP_WAITS), /* said, so that it is so for the whole fleet */
    APNS(503, "Shutdown", NEW_CONNECTION),
    /* FCM */
    {&provider_fcm, 200, "{\"name\":\"projects/p/messages/1\"}", DELIVERED, NULL},
    FCM(404, "NOT_FOUND", "UNREGISTERED", REJECT),
    {&provider_fcm, 404, ERROR("NOT_FOUND", "", ""), GUARDED, "NOT_FOUND"},
    {&provider_fcm, 404, HTML, CONFIGURATION, NULL},
    {&provider_fcm, 400,
     ERROR("INVALID_ARGUMENT", "The registration token is not a valid FCM registration token",
           FCM_CODE("INVALID_ARGUMENT")),
     GUARDED, "registration token"},
    {&provider_fcm, 400,
     ERROR("INVALID_ARGUMENT", "Request contains an invalid argument.",
           "{\"fieldViolations\":[{\"field\":\"message.token\"}]}"),
     GUARDED, "message.token"},
    FCM(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", OUR_BUG),
    FCM(401, "UNAUTHENTICATED", "UNAUTHENTICATED", NEW_CREDENTIAL),
    FCM(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR", CONFIGURATION),
    FCM(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", GUARDED),
    FCM(403, "PERMISSION_DENIED", "PERMISSION_DENIED", CONFIGURATION),
    FCM(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", APP_WAITS),
    {&provider_fcm, 429,
     ERROR("RESOURCE_EXHAUSTED", "Device message rate exceeded.", FCM_CODE("QUOTA_EXCEEDED")),
     PUSHKEY_WAITS, NULL},
    FCM(500, "INTERNAL", "INTERNAL", HOST_WAITS),
    FCM(503, "UNAVAILABLE", "UNAVAILABLE", APP_WAITS),
    {&provider_fcm, 502, HTML, HOST_WAITS, NULL},
    /* Web Push */
    WEBPUSH(200, "", DELIVERED),
    WEBPUSH(201, "", DELIVERED),
    WEBPUSH(202, "", DELIVERED),
    WEBPUSH(410, "", REJECT),
    WEBPUSH(404, "", GUARDED),
    {&provider_webpush, 400, "{\"reason\":\"VapidPkHashMismatch\"}", GUARDED,
     "VapidPkHashMismatch"},
    {&provider_webpush, 403, "{\"reason\":\"VapidPkHashMismatch\"}", GUARDED,
     "VapidPkHashMismatch"},
    {&provider_webpush, 403,
     "the VAPID credentials in the authorization header do not correspond to the credentials used",
     GUARDED, "do not correspond"},
    WEBPUSH(401, "", CONFIGURATION),
    WEBPUSH(401, "{\"reason\":\"VapidPkHashMismatch\"}", CONFIGURATION),
    WEBPUSH(403, "", CONFIGURATION),
    WEBPUSH(400, "", OUR_BUG),
    WEBPUSH(405, "", OUR_BUG),
    WEBPUSH(413, "", OUR_BUG),
    WEBPUSH(429, "", PUSHKEY_WAITS),
    WEBPUSH(406, "", PUSHKEY_WAITS),
    WEBPUSH(500, "", HOST_WAITS),
    WEBPUSH(502, "", HOST_WAITS),
    WEBPUSH(503, "", HOST_WAITS),
    WEBPUSH(301, "", OUR_BUG),
    WEBPUSH(302, "", OUR_BUG),
    WEBPUSH(307, "", OUR_BUG),
    WEBPUSH(308, "", OUR_BUG),
    /* UnifiedPush */
    UNIFIEDPUSH(200, DELIVERED),
    UNIFIEDPUSH(201, DELIVERED),
    UNIFIEDPUSH(202, DELIVERED),
    UNIFIEDPUSH(410, REJECT),
    UNIFIEDPUSH(404, GUARDED),
    UNIFIEDPUSH(413, OUR_BUG),
    UNIFIEDPUSH(401, PUSHKEY_WAITS),
    UNIFIEDPUSH(403, PUSHKEY_WAITS),
    UNIFIEDPUSH(429, PUSHKEY_WAITS),
    UNIFIEDPUSH(507, PUSHKEY_WAITS),
    UNIFIEDPUSH(500, HOST_WAITS),
    UNIFIEDPUSH(502, HOST_WAITS),
    UNIFIEDPUSH(503, HOST_WAITS),
    /* HMS */
    HMS(200, "80000000", DELIVERED),
    {&provider_hms, 200,
     "{\"code\":\"80100000\",\"msg\":\"{\\\"illegal_tokens\\\":[\\\"" PUSHKEY "\\\"]}\"}", REJECT,
     "illegal_tokens"},
    {&provider_hms, 200,
     "{\"code\":\"80100000\",\"msg\":\"{\\\"illegal_tokens\\\":[\\\"" PUSHKEY "\\\"]}\"}", REJECT,
     PUSHKEY},
    HMS(200, "80300007", GUARDED),
    HMS(200, "80200001", CONFIGURATION),
    HMS(200, "80200003", NEW_CREDENTIAL),
    HMS(200, "80200005", NEW_CREDENTIAL),
    HMS(200, "80300002", CONFIGURATION),
    HMS(200, "80600003", CONFIGURATION),
    HMS(200, "80300008", OUR_BUG),
    HMS(200, "80100001", OUR_BUG),
    HMS(200, "80100003", OUR_BUG),
    HMS(200, "80100004", OUR_BUG),
    HMS(200, "80100013", OUR_BUG),
    HMS(200, "80100016", OUR_BUG),
    HMS(200, "81000001", HOST_WAITS),
    {&provider_hms, 500, "", HOST_WAITS, NULL},
    {&provider_hms, 502, "", HOST_WAITS, NULL},
    {&provider_hms, 503, "", APP_WAITS, NULL},
};

enum { FACT_COUNT = sizeof facts / sizeof facts[0], TRIES = 2 };

/* As the dispatcher goes about it: the last try's ending, and with it what else follows. */
static struct ending end_of(const struct fact *fact, bool is_earned, enum answer_meaning *meaning,
                            enum step *first_step) {
    const struct answer answer =
        answers_ask(fact->provider, PUSHKEY, fact->status, fact->body, NULL);
    struct ending ending;

    *meaning = answer.meaning;
    *first_step = decide_answer(&answer, fact->status, 1, &ending);
    assert_int_equal(decide_answer(&answer, fact->status, TRIES, &ending), STEP_END);
    if (answer.meaning == ANSWER_AMBIGUOUS)
        decide_ambiguous(is_earned, &ending);
    return ending;
}

static void each_fact_has_its_outcome(void **state) {
    (void)state;
    for (size_t i = 0; i < FACT_COUNT; i++) {
        const struct fact *fact = &facts[i];
        const bool is_host = fact->provider->host != NULL;
        enum answer_meaning meaning;
        enum step step;
        const struct ending ending = end_of(fact, false, &meaning, &step);
        const struct ending earned = end_of(fact, true, &meaning, &step);
        const bool holds =
            consequences[fact->means].holds || (fact->means == HOST_WAITS && is_host);
        if (step != consequences[fact->means].step ||
            ending.outcome != consequences[fact->means].outcome ||
            earned.outcome != consequences[fact->means].if_earned ||
            decide_news(meaning, &ending, is_host) != consequences[fact->means].news ||
            decide_holds(meaning, is_host) != holds)
            fail_msg("%d %s: is %s, not: %s", fact->status, fact->body, answers_meaning(meaning),
                     consequences[fact->means].name);
        assert_int_equal(ending.earns_verdict, ending.outcome == OUTCOME_REJECTED);
        assert_int_equal(earned.earns_verdict, earned.outcome == OUTCOME_REJECTED);
    }
}

/* ---- What no document knows ---- */

static bool is_of_strangers(const struct provider *provider) {
    return provider->host != NULL;
}

/* By status alone, whatever the body is: an endpoint that is gone, or not found. */
static bool is_known(const struct provider *provider, int status) {
    return is_of_strangers(provider) && (status == 410 || status == 404);
}

static void expect_no_reject(const struct provider *provider, int status, const char *body) {
    const struct fact fact = {.provider = provider, .status = status, .body = body};
    enum answer_meaning meaning;
    enum step step;
    const struct ending ending = end_of(&fact, true, &meaning, &step);

    if (ending.outcome == OUTCOME_REJECTED || ending.earns_verdict)
        fail_msg("%d %s rejects: %s", status, body, answers_meaning(meaning));
    if (ending.outcome == OUTCOME_DELIVERED)
        assert_true(is_of_strangers(provider) ? status / 100 == 2
                                              : provider == &provider_apns && status == 200);
}

static void expect_no_reject_of_any_status(const char *body) {
    for (int kind = 0; kind < PROVIDER_KIND_COUNT; kind++) {
        const struct provider *provider = provider_for((enum provider_kind)kind);
        for (int status = 100; provider != NULL && status < 600; status++)
            if (!is_known(provider, status))
                expect_no_reject(provider, status, body);
    }
}

static void no_unknown_body_rejects(void **state) {
    static const char *const bodies[] = {
        "",
        " ",
        "null",
        "true",
        "7",
        "410",
        "\"Unregistered\"",
        "\"UNREGISTERED\"",
        "[]",
        "[\"Unregistered\"]",
        "{}",
        "{\"reason\":null}",
        "{\"reason\":410}",
        "{\"reason\":[\"Unregistered\"]}",
        "{\"reason\":{\"reason\":\"Unregistered\"}}",
        "{\"reason\":\"unregistered\"}",
        "{\"reason\":\"Unregistered \"}",
        "{\"Reason\":\"Unregistered\"}",
        "{\"reason\":\"Unregistered\"",
        "{\"error\":\"UNREGISTERED\"}",
        "{\"error\":{\"status\":\"UNREGISTERED\"}}",
        "{\"error\":{\"errorCode\":\"UNREGISTERED\"}}",
        "{\"error\":{\"details\":[{\"errorCode\":\"UNREGISTERED\"}]}}",
        "{\"error\":{\"details\":[{\"@type\":\"x\",\"errorCode\":\"UNREGISTERED\"}]}}",
        "{\"error\":{\"details\":{\"errorCode\":\"UNREGISTERED\"}}}",
        "{\"error\":\"NotRegistered\"}",
        "{\"results\":[{\"error\":\"NotRegistered\"}]}",
        "{\"code\":\"80300007 \"}",
        "{\"code\":\"080300007x\"}",
        "{\"code\":[80300007]}",
        "{\"Code\":\"80300007\"}",
        "{\"code\":\"80100000\",\"msg\":{\"illegal_tokens\":[\"" PUSHKEY "\"]}}",
        "{\"illegal_tokens\":[\"" PUSHKEY "\"]}",
        "{\"rejected\":[\"" PUSHKEY "\"]}",
        "{\"errcode\":\"M_UNKNOWN\",\"error\":\"gone\"}",
        "{\"unifiedpush\":{\"version\":1}}",
        "410 Gone",
        "NotRegistered",
        "no such subscription",
        "\xef\xbb\xbf{\"reason\":\"Unregistered\"}x",
        "\xff\xfe{",
        HTML,
        "<Error><Code>AccessDenied</Code></Error>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        expect_no_reject_of_any_status(bodies[i]);
}

static void no_noise_rejects(void **state) {
    enum { ROUNDS = 60, BYTES = 48 };
    static const char alphabet[] = "{}[]:,\"\\ 0123456789nulltruefalsereasonerrorcodestatusmsg\xc3";
    uint32_t random = 2463534242U;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char body[BYTES + 1] = {0};
        for (size_t i = 0; i < BYTES; i++) {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            body[i] = alphabet[random % (sizeof alphabet - 1)];
        }
        expect_no_reject_of_any_status(body);
    }
}

/* Wherever the word stands in the body, its character at that place becomes another. */
static char *with_a_slip(const char *body, const char *word, size_t at) {
    char *copy = memory_copy_text(body);

    for (char *found = strstr(copy, word); found != NULL; found = strstr(found + 1, word))
        found[at] = found[at] == '~' ? '_' : '~';
    return copy;
}

/* One letter beside a word that rejects is no word. */
static void no_word_beside_one_that_rejects_does(void **state) {
    size_t slips = 0;

    (void)state;
    for (size_t i = 0; i < FACT_COUNT; i++) {
        const struct fact *fact = &facts[i];
        if (fact->word == NULL || (fact->means != REJECT && fact->means != GUARDED))
            continue;
        assert_non_null(strstr(fact->body, fact->word));
        for (size_t at = 0; fact->word[at] != '\0'; at++) {
            char *body = with_a_slip(fact->body, fact->word, at);
            expect_no_reject(fact->provider, fact->status, body);
            free(body);
            slips++;
        }
    }
    assert_true(slips > 100);
}

/* What rejects by its word does so beside its own status alone. */
static void no_word_rejects_beside_another_status(void **state) {
    (void)state;
    for (size_t i = 0; i < FACT_COUNT; i++) {
        const struct fact *fact = &facts[i];
        for (int status = 500; fact->means == REJECT && status < 600; status++)
            expect_no_reject(fact->provider, status, fact->body);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fact_has_its_outcome),
        cmocka_unit_test(no_unknown_body_rejects),
        cmocka_unit_test(no_noise_rejects),
        cmocka_unit_test(no_word_beside_one_that_rejects_does),
        cmocka_unit_test(no_word_rejects_beside_another_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
