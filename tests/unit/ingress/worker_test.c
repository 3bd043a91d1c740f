/* Each row of the table of answers, against a worker as it runs. */
#include "tests/unit/ingress/fixture.h"

#include "common/push/notification.h"

static void one_device_is_published_as_it_came(void **state) {
    struct fixture *fixture = *state;
    const char body[] = " {\"notification\" : {\"event_id\":\"$e\", \"x\":1.50, \"devices\":\n"
                        "[{\"app_id\":\"app.android\",\"pushkey\":\"k\\u00e9y\"}]}}\n";
    struct reply reply;
    char value[64];

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    client_post(client, body);
    reply = client_receive(client);
    assert_int_equal(reply.status, 200);
    assert_string_equal(buffer_text(&reply.body), NOTHING_REJECTED);
    assert_string_equal(reply_header(&reply, "Content-Type", value, sizeof value),
                        "application/json");
    assert_string_equal(reply_header(&reply, "Connection", value, sizeof value), "");
    reply_free(&reply);

    assert_int_equal(published_count(), 1);
    const struct fake_message *message = fakes.messages[0];
    assert_string_equal(message->topic, "columba.push.fcm");
    assert_int_equal(message->value.size, sizeof body - 1);
    assert_memory_equal(message->value.data, body, sizeof body - 1);
    assert_int_equal(message->key.size, sizeof "app.android\0k\xC3\xA9y" - 1);
    assert_memory_equal(message->key.data, "app.android\0k\xC3\xA9y", message->key.size);
    assert_string_equal(message->version, "1");
    assert_int_equal(strlen(message->id), 36);
    assert_string_equal(message->traceparent, "");
    close(client);
}

static void several_devices_get_a_record_each(void **state) {
    struct fixture *fixture = *state;
    struct error error = {0};

    fixture_start(fixture);
    assert_answer(fixture,
                  "{\"notification\":{\"event_id\":\"$e\",\"x\":7,\"devices\":["
                  "{\"app_id\":\"app.android\",\"pushkey\":\"a\"},"
                  "{\"app_id\":\"app.up\",\"pushkey\":\"b\",\"data\":{\"y\":8}}]}}",
                  200, NOTHING_REJECTED);
    assert_int_equal(published_count(), 2);
    for (size_t i = 0; i < 2; i++) {
        struct notification *single = NULL;
        struct slice value = buffer_slice(&fakes.messages[i]->value);
        assert_int_equal(notification_parse(value, 0, &single, &error), NOTIFICATION_OK);
        assert_int_equal(single->device_count, 1);
        assert_true(slice_is(single->event_id, "$e"));
        assert_true(slice_is(single->devices[0].pushkey, i == 0 ? "a" : "b"));
        notification_free(single);
    }
    assert_string_equal(fakes.messages[0]->topic, "columba.push.fcm");
    assert_string_equal(fakes.messages[1]->topic, "columba.push.unifiedpush");
    assert_string_not_equal(fakes.messages[0]->id, fakes.messages[1]->id);
    assert_non_null(strstr(buffer_text(&fakes.messages[1]->value), "\"y\":8"));
    assert_non_null(strstr(buffer_text(&fakes.messages[1]->value), "\"x\":7"));
}

static void the_same_device_twice_is_published_twice(void **state) {
    fixture_start(*state);
    assert_answer(*state,
                  "{\"notification\":{\"devices\":[{\"app_id\":\"app.android\",\"pushkey\":\"a\"},"
                  "{\"app_id\":\"app.android\",\"pushkey\":\"a\"}]}}",
                  200, NOTHING_REJECTED);
    assert_int_equal(published_count(), 2);
}

static void a_trace_is_handed_on_if_it_is_one(void **state) {
    static const char *const traces[][2] = {
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
         "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
        {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", ""},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", ""},
        {"nonsense", ""},
    };
    struct fixture *fixture = *state;
    const char body[] = ONE_DEVICE("app.android", "a");

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    for (size_t i = 0; i < sizeof traces / sizeof traces[0]; i++) {
        struct buffer request = {0};
        char line[128];
        snprintf(line, sizeof line, "TraceParent: %s\r\n", traces[i][0]);
        write_post(&request, line, slice_of(body));
        assert_true(client_send(client, buffer_slice(&request)));
        assert_reply(client, 200, NOTHING_REJECTED);
        assert_string_equal(fakes.messages[i]->traceparent, traces[i][1]);
        buffer_free(&request);
    }
    close(client);
}

static void dead_devices_are_rejected_and_not_published(void **state) {
    struct fixture *fixture = *state;

    state_set_verdict("app.android", "dead", 5000);
    fixture_start(fixture);
    assert_answer(fixture,
                  "{\"notification\":{\"devices\":["
                  "{\"app_id\":\"app.android\",\"pushkey\":\"dead\",\"pushkey_ts\":5},"
                  "{\"app_id\":\"app.old\",\"pushkey\":\"gone \\\"1\\\"\"},"
                  "{\"app_id\":\"app.old\",\"pushkey\":\"dead\"},"
                  "{\"app_id\":\"\",\"pushkey\":\"malformed\"},"
                  "{\"app_id\":\"app.android\",\"pushkey\":\"a\\u0000b\"},"
                  "{\"app_id\":\"app.android\"},"
                  "7,"
                  "{\"app_id\":\"app.android\",\"pushkey\":\"alive\"}]}}",
                  200, "{\"rejected\":[\"a\\u0000b\",\"dead\",\"gone \\\"1\\\"\",\"malformed\"]}");
    assert_int_equal(published_count(), 1);
    assert_non_null(strstr(buffer_text(&fakes.messages[0]->value), "alive"));
    assert_int_equal(fixture_metric(fixture, INSTRUMENT_DEVICES, "verdict", "fcm"), 1);
    assert_int_equal(fixture_metric(fixture, INSTRUMENT_DEVICES, "retired", "retired"), 2);
    assert_int_equal(fixture_metric(fixture, INSTRUMENT_DEVICES, "malformed", "none"), 1);
    assert_int_equal(fixture_metric(fixture, INSTRUMENT_DEVICES, "published", "fcm"), 1);
    assert_int_equal(fixture_metric(fixture, INSTRUMENT_RECORDS, "fcm", "app.android"), 1);
}

static void a_verdict_on_the_only_device_publishes_nothing(void **state) {
    state_set_verdict("app.android", "dead", 0);
    fixture_start(*state);
    assert_answer(*state, ONE_DEVICE("app.android", "dead"), 200, "{\"rejected\":[\"dead\"]}");
    assert_int_equal(published_count(), 0);
}

static void a_later_registration_voids_a_verdict(void **state) {
    state_set_verdict("app.android", "again", 5000);
    fixture_start(*state);
    assert_answer(*state,
                  "{\"notification\":{\"devices\":[{\"app_id\":\"app.android\","
                  "\"pushkey\":\"again\",\"pushkey_ts\":6}]}}",
                  200, NOTHING_REJECTED);
    assert_int_equal(published_count(), 1);
}

static void without_redis_it_publishes(void **state) {
    state_set_verdict("app.android", "dead", 0);
    state_set(STATE_IS_AWAY);
    fixture_start(*state);
    assert_answer(*state, ONE_DEVICE("app.android", "dead"), 200, NOTHING_REJECTED);
    assert_int_equal(published_count(), 1);
}

static void an_unknown_app_is_dropped(void **state) {
    struct fixture *fixture = *state;

    fixture_start(fixture);
    assert_answer(fixture, ONE_DEVICE("app.typo", "a"), 200, NOTHING_REJECTED);
    assert_int_equal(published_count(), 0);
    assert_int_equal(fixture_metric(fixture, INSTRUMENT_UNKNOWN_APPS, "app.typo", NULL), 1);
}

static void an_unknown_app_is_rejected_on_demand(void **state) {
    struct fixture *fixture = *state;

    fixture->config.ingress.unknown_app = UNKNOWN_APP_REJECT;
    fixture_start(fixture);
    assert_answer(fixture, ONE_DEVICE("app.typo", "a"), 200, "{\"rejected\":[\"a\"]}");
    assert_int_equal(published_count(), 0);
}

static void what_cannot_be_understood_is_a_400(void **state) {
    static const struct {
        const char *body;
        const char *errcode;
    } rows[] = {
        {"", "M_NOT_JSON"},
        {"{", "M_NOT_JSON"},
        {"{} {}", "M_NOT_JSON"},
        {"\x80", "M_NOT_JSON"},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
         "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
         "M_NOT_JSON"},
        {"null", "M_BAD_JSON"},
        {"[]", "M_BAD_JSON"},
        {"{\"notification\":7}", "M_BAD_JSON"},
        {"{\"notification\":{\"devices\":{}}}", "M_BAD_JSON"},
        {"{}", "M_MISSING_PARAM"},
        {"{\"notification\":{}}", "M_MISSING_PARAM"},
        {"{\"notification\":{\"devices\":[]}}", "M_MISSING_PARAM"},
    };
    struct fixture *fixture = *state;

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char prefix[64];
        client_post(client, rows[i].body);
        struct reply reply = client_receive(client);
        assert_int_equal(reply.status, 400);
        snprintf(prefix, sizeof prefix, "{\"errcode\":\"%s\",\"error\":\"", rows[i].errcode);
        assert_memory_equal(buffer_text(&reply.body), prefix, strlen(prefix));
        reply_free(&reply);
    }
    close(client);
    assert_int_equal(published_count(), 0);
}

static void assert_unavailable(struct fixture *fixture, const char *body) {
    char value[32];
    int client = client_connect(fixture->port);

    client_post(client, body);
    struct reply reply = client_receive(client);
    assert_int_equal(reply.status, 503);
    assert_string_equal(buffer_text(&reply.body),
                        "{\"errcode\":\"M_UNKNOWN\","
                        "\"error\":\"The notification could not be queued; try again.\"}");
    assert_string_equal(reply_header(&reply, "Retry-After", value, sizeof value), "5");
    reply_free(&reply);
    close(client);
}

static void a_record_that_is_not_acknowledged_is_a_503(void **state) {
    struct fixture *fixture = *state;

    fixture_start(fixture);
    queue_set(QUEUE_FAILS);
    assert_unavailable(fixture, ONE_DEVICE("app.android", "a"));
    assert_int_equal(fixture_metric(fixture, INSTRUMENT_DEVICES, "unavailable", "fcm"), 1);
    assert_int_equal(fixture_metric(fixture, INSTRUMENT_DEVICES, "published", "fcm"), 0);
    assert_int_equal(fixture_metric(fixture, INSTRUMENT_RECORDS, "fcm", "app.android"), 0);
}

static void a_record_that_cannot_be_queued_is_a_503(void **state) {
    fixture_start(*state);
    queue_set(QUEUE_REFUSES);
    assert_unavailable(*state, ONE_DEVICE("app.android", "a"));
    assert_int_equal(published_count(), 0);
}

static void a_503_claims_nothing_rejected(void **state) {
    fixture_start(*state);
    fakes.accepts = 1;
    queue_set(QUEUE_REFUSES);
    assert_unavailable(*state, "{\"notification\":{\"devices\":["
                               "{\"app_id\":\"app.old\",\"pushkey\":\"gone\"},"
                               "{\"app_id\":\"app.android\",\"pushkey\":\"a\"},"
                               "{\"app_id\":\"app.android\",\"pushkey\":\"b\"},"
                               "{\"app_id\":\"app.android\",\"pushkey\":\"c\"}]}}");
    assert_int_equal(published_count(), 1);
}

/* The worker has turned more than once since whatever was awaited before. */
static void let_the_worker_turn(struct fixture *fixture) {
    int client = client_connect(fixture->port);

    client_send(client, slice_of("GET /_matrix/push/v1/notify HTTP/1.1\r\nHost: gateway\r\n\r\n"));
    assert_reply(client, 200, "{\"unifiedpush\":{\"gateway\":\"matrix\"},\"gateway\":\"matrix\"}");
    close(client);
}

static void the_answer_waits_for_every_acknowledgement(void **state) {
    struct fixture *fixture = *state;

    fixture_start(fixture);
    queue_set(QUEUE_HOLDS);
    int client = client_connect(fixture->port);
    client_post(client, "{\"notification\":{\"devices\":["
                        "{\"app_id\":\"app.android\",\"pushkey\":\"a\"},"
                        "{\"app_id\":\"app.android\",\"pushkey\":\"b\"}]}}");
    await_count(&fakes.message_count, 2);
    let_the_worker_turn(fixture);
    assert_true(client_hears_nothing(client));
    queue_set(QUEUE_ACKNOWLEDGES);
    assert_reply(client, 200, NOTHING_REJECTED);
    close(client);
}

static void nothing_is_published_before_the_verdict(void **state) {
    struct fixture *fixture = *state;

    fixture_start(fixture);
    state_set(STATE_HOLDS);
    int client = client_connect(fixture->port);
    client_post(client, ONE_DEVICE("app.android", "a"));
    await_count(&fakes.asked_count, 1);
    let_the_worker_turn(fixture);
    assert_int_equal(published_count(), 0);
    state_set(STATE_ANSWERS);
    assert_reply(client, 200, NOTHING_REJECTED);
    assert_int_equal(published_count(), 1);
    close(client);
}

static void requests_and_latencies_are_counted(void **state) {
    struct fixture *fixture = *state;

    fixture_start(fixture);
    assert_answer(fixture, ONE_DEVICE("app.android", "a"), 200, NOTHING_REJECTED);
    assert_answer(fixture, ONE_DEVICE("app.old", "a"), 200, "{\"rejected\":[\"a\"]}");
    assert_int_equal(fixture_metric(fixture, INSTRUMENT_REQUESTS, "accepted", NULL), 2);
    assert_int_equal(fixture_metric(fixture, INSTRUMENT_REQUESTS, "not_json", NULL), 0);
    assert_int_equal(fixture_metric(fixture, INSTRUMENT_BODY_BYTES, NULL, NULL),
                     strlen(ONE_DEVICE("app.android", "a") ONE_DEVICE("app.old", "a")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(one_device_is_published_as_it_came),
        WITH_FIXTURE(several_devices_get_a_record_each),
        WITH_FIXTURE(the_same_device_twice_is_published_twice),
        WITH_FIXTURE(a_trace_is_handed_on_if_it_is_one),
        WITH_FIXTURE(dead_devices_are_rejected_and_not_published),
        WITH_FIXTURE(a_verdict_on_the_only_device_publishes_nothing),
        WITH_FIXTURE(a_later_registration_voids_a_verdict),
        WITH_FIXTURE(without_redis_it_publishes),
        WITH_FIXTURE(an_unknown_app_is_dropped),
        WITH_FIXTURE(an_unknown_app_is_rejected_on_demand),
        WITH_FIXTURE(what_cannot_be_understood_is_a_400),
        WITH_FIXTURE(a_record_that_is_not_acknowledged_is_a_503),
        WITH_FIXTURE(a_record_that_cannot_be_queued_is_a_503),
        WITH_FIXTURE(a_503_claims_nothing_rejected),
        WITH_FIXTURE(the_answer_waits_for_every_acknowledgement),
        WITH_FIXTURE(nothing_is_published_before_the_verdict),
        WITH_FIXTURE(requests_and_latencies_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
