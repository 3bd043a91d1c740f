/* Whoever speaks HTTP to it, however they do. */
#include "tests/unit/ingress/fixture.h"

static void other_paths_and_methods_are_unrecognized(void **state) {
    static const struct {
        const char *line;
        int status;
        const char *allow;
    } rows[] = {
        {"GET /", 404, ""},
        {"POST /_matrix/push/v1/notify/", 404, ""},
        {"POST /_matrix/push/v2/notify", 404, ""},
        {"PUT /_matrix/push/v1/notify", 405, "GET, POST"},
        {"DELETE /_matrix/push/v1/notify", 405, "GET, POST"},
    };
    struct fixture *fixture = *state;
    char value[64];

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer request = {0};
        buffer_append_format(&request,
                             "%s HTTP/1.1\r\nHost: gateway\r\nContent-Length: 4\r\n\r\nbody",
                             rows[i].line);
        assert_true(client_send(client, buffer_slice(&request)));
        struct reply reply = client_receive(client);
        assert_int_equal(reply.status, rows[i].status);
        assert_non_null(strstr(buffer_text(&reply.body), "{\"errcode\":\"M_UNRECOGNIZED\","));
        assert_string_equal(reply_header(&reply, "Allow", value, sizeof value), rows[i].allow);
        assert_string_equal(reply_header(&reply, "Content-Type", value, sizeof value),
                            "application/json");
        reply_free(&reply);
        buffer_free(&request);
    }
    close(client);
}

static void unifiedpush_clients_find_a_gateway(void **state) {
    struct fixture *fixture = *state;

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    client_send(client, slice_of("GET /_matrix/push/v1/notify HTTP/1.1\r\nHost: gateway\r\n\r\n"));
    assert_reply(client, 200, "{\"unifiedpush\":{\"gateway\":\"matrix\"},\"gateway\":\"matrix\"}");
    close(client);
}

static void without_such_an_app_there_is_nothing_to_find(void **state) {
    struct fixture *fixture = *state;
    char value[32];

    fixture->apps[3].kind = PROVIDER_FCM;
    fixture_start(fixture);
    int client = client_connect(fixture->port);
    client_send(client, slice_of("GET /_matrix/push/v1/notify HTTP/1.1\r\nHost: gateway\r\n\r\n"));
    struct reply reply = client_receive(client);
    assert_int_equal(reply.status, 405);
    assert_string_equal(reply_header(&reply, "Allow", value, sizeof value), "POST");
    reply_free(&reply);
    close(client);
}

static void a_caller_who_is_gone_harms_nobody(void **state) {
    struct fixture *fixture = *state;
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};

    fixture_start(fixture);
    queue_set(QUEUE_HOLDS);
    int closing = client_connect(fixture->port);
    int resetting = client_connect(fixture->port);
    client_post(closing, ONE_DEVICE("app.android", "a"));
    client_post(resetting, ONE_DEVICE("app.android", "b"));
    await_count(&fakes.message_count, 2);
    close(closing);
    setsockopt(resetting, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(resetting);
    queue_set(QUEUE_ACKNOWLEDGES);
    await_count(&fakes.settled_count, 2);
    assert_answer(fixture, ONE_DEVICE("app.android", "c"), 200, NOTHING_REJECTED);
}

static void requests_in_a_pipeline_are_answered_in_order(void **state) {
    struct fixture *fixture = *state;
    struct buffer requests = {0};

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    write_post(&requests, "", slice_of(ONE_DEVICE("app.android", "a")));
    write_post(&requests, "", slice_of(ONE_DEVICE("app.old", "b")));
    write_post(&requests, "", slice_of(ONE_DEVICE("app.android", "c")));
    assert_true(client_send(client, buffer_slice(&requests)));
    assert_reply(client, 200, NOTHING_REJECTED);
    assert_reply(client, 200, "{\"rejected\":[\"b\"]}");
    assert_reply(client, 200, NOTHING_REJECTED);
    assert_true(client_hears_nothing(client));
    assert_int_equal(published_count(), 2);
    buffer_free(&requests);
    close(client);
}

static void bytes_may_come_one_by_one(void **state) {
    struct fixture *fixture = *state;
    struct buffer request = {0};
    int on = 1;

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    setsockopt(client, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
    write_post(&request, "", slice_of(ONE_DEVICE("app.android", "a")));
    for (size_t i = 0; i < request.size; i++)
        assert_true(client_send(client, (struct slice){.data = request.data + i, .size = 1}));
    assert_reply(client, 200, NOTHING_REJECTED);
    buffer_free(&request);
    close(client);
}

static void many_connections_wait_at_once(void **state) {
    enum { CLIENTS = 90 };
    struct fixture *fixture = *state;
    int clients[CLIENTS];

    fixture_start(fixture);
    queue_set(QUEUE_HOLDS);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = client_connect(fixture->port);
        client_post(clients[i], ONE_DEVICE("app.android", "a"));
    }
    await_count(&fakes.message_count, CLIENTS);
    queue_set(QUEUE_ACKNOWLEDGES);
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_reply(clients[i], 200, NOTHING_REJECTED);
        close(clients[i]);
    }
}

static void old_and_cautious_callers_are_served(void **state) {
    struct fixture *fixture = *state;
    struct buffer request = {0};

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    write_post(&request, "Expect: 100-continue\r\n", slice_of(ONE_DEVICE("app.android", "a")));
    assert_true(client_send(client, buffer_slice(&request)));
    assert_reply(client, 200, NOTHING_REJECTED);
    close(client);

    client = client_connect(fixture->port);
    buffer_clear(&request);
    buffer_append_format(&request,
                         "POST /_matrix/push/v1/notify HTTP/1.0\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         strlen(ONE_DEVICE("app.android", "a")), ONE_DEVICE("app.android", "a"));
    assert_true(client_send(client, buffer_slice(&request)));
    assert_reply(client, 200, NOTHING_REJECTED);
    assert_true(client_is_closed(client));
    close(client);
    buffer_free(&request);
}

static void a_chunked_body_is_understood(void **state) {
    struct fixture *fixture = *state;
    const char body[] = ONE_DEVICE("app.android", "a");
    struct buffer request = {0};

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    buffer_append_text(&request, "POST /_matrix/push/v1/notify HTTP/1.1\r\nHost: gateway\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < sizeof body - 1; i++)
        buffer_append_format(&request, "1\r\n%c\r\n", body[i]);
    buffer_append_text(&request, "0\r\n\r\n");
    assert_true(client_send(client, buffer_slice(&request)));
    assert_reply(client, 200, NOTHING_REJECTED);
    assert_memory_equal(fakes.messages[0]->value.data, body, sizeof body - 1);
    buffer_free(&request);
    close(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(other_paths_and_methods_are_unrecognized),
        WITH_FIXTURE(unifiedpush_clients_find_a_gateway),
        WITH_FIXTURE(without_such_an_app_there_is_nothing_to_find),
        WITH_FIXTURE(a_caller_who_is_gone_harms_nobody),
        WITH_FIXTURE(requests_in_a_pipeline_are_answered_in_order),
        WITH_FIXTURE(bytes_may_come_one_by_one),
        WITH_FIXTURE(many_connections_wait_at_once),
        WITH_FIXTURE(old_and_cautious_callers_are_served),
        WITH_FIXTURE(a_chunked_body_is_understood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
