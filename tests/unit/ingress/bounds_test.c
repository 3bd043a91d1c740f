/* What a caller may cost: bytes, time and connections. */
#include "tests/unit/ingress/fixture.h"

#define TOO_LARGE "{\"errcode\":\"M_TOO_LARGE\",\"error\":\"The request is too large.\"}"
#define BUSY                                                                                       \
    "{\"errcode\":\"M_UNKNOWN\","                                                                  \
    "\"error\":\"Too many notifications are waiting; try again.\"}"

/* A body of exactly that size with one good device. */
static void write_body(struct buffer *out, size_t size) {
    const char body[] = ONE_DEVICE("app.android", "a");

    buffer_append_text(out, body);
    while (out->size < size)
        buffer_append_byte(out, ' ');
}

static void a_body_of_the_limit_is_the_largest(void **state) {
    struct fixture *fixture = *state;
    struct buffer body = {0};
    struct buffer request = {0};

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    write_body(&body, 4096);
    write_post(&request, "", buffer_slice(&body));
    assert_true(client_send(client, buffer_slice(&request)));
    assert_reply(client, 200, NOTHING_REJECTED);
    buffer_append_byte(&body, ' ');
    buffer_clear(&request);
    write_post(&request, "", buffer_slice(&body));
    assert_true(client_send(client, buffer_slice(&request)));
    assert_reply(client, 413, TOO_LARGE);
    assert_true(client_is_closed(client));
    close(client);
    buffer_free(&body);
    buffer_free(&request);
}

/* The caller is still sending when it is refused. A reset would destroy the answer on its side. */
static void an_answer_survives_the_body_that_it_refuses(void **state) {
    struct fixture *fixture = *state;
    static char chunk[65536];
    char head[256];

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    snprintf(head, sizeof head,
             "POST /_matrix/push/v1/notify HTTP/1.1\r\nHost: gateway\r\n"
             "Content-Length: %zu\r\n\r\n",
             sizeof chunk * 64);
    assert_true(client_send(client, slice_of(head)));
    for (size_t i = 0; i < 64; i++)
        assert_true(client_send(client, (struct slice){.data = chunk, .size = sizeof chunk}));
    assert_reply(client, 413, TOO_LARGE);
    assert_true(client_is_closed(client));
    close(client);
}

static void a_chunked_body_is_cut_off_at_the_limit(void **state) {
    struct fixture *fixture = *state;
    struct buffer request = {0};

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    buffer_append_text(&request, "POST /_matrix/push/v1/notify HTTP/1.1\r\nHost: gateway\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < 100; i++)
        buffer_append_format(&request, "64\r\n%100d\r\n", 7);
    buffer_append_text(&request, "0\r\n\r\n");
    assert_true(client_send(client, buffer_slice(&request)));
    assert_reply(client, 413, TOO_LARGE);
    client_post(client, ONE_DEVICE("app.android", "a"));
    assert_reply(client, 200, NOTHING_REJECTED);
    close(client);
    buffer_free(&request);
}

static void write_devices(struct buffer *out, size_t count, size_t padding) {
    buffer_append_format(out, "{\"notification\":{\"x\":\"%*d\",\"devices\":[", (int)padding, 1);
    for (size_t i = 0; i < count; i++)
        buffer_append_format(out, "%s{\"app_id\":\"app.android\",\"pushkey\":\"k%zu\"}",
                             i > 0 ? "," : "", i);
    buffer_append_text(out, "]}}");
}

static void devices_are_counted(void **state) {
    struct fixture *fixture = *state;
    struct buffer body = {0};

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    write_devices(&body, 8, 1);
    client_post(client, buffer_text(&body));
    assert_reply(client, 200, NOTHING_REJECTED);
    assert_int_equal(published_count(), 8);
    buffer_clear(&body);
    write_devices(&body, 9, 1);
    client_post(client, buffer_text(&body));
    struct reply reply = client_receive(client);
    assert_int_equal(reply.status, 413);
    assert_non_null(strstr(buffer_text(&reply.body), "M_TOO_LARGE"));
    assert_int_equal(published_count(), 8);
    reply_free(&reply);
    close(client);
    buffer_free(&body);
}

static void copies_are_bounded_before_any_is_published(void **state) {
    struct fixture *fixture = *state;
    struct buffer body = {0};

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    write_devices(&body, 4, 3000);
    client_post(client, buffer_text(&body));
    assert_reply(client, 413, TOO_LARGE);
    assert_int_equal(published_count(), 0);
    close(client);
    buffer_free(&body);
}

static void waiting_requests_are_bounded(void **state) {
    struct fixture *fixture = *state;

    fixture->config.ingress.waiting_requests = 2;
    fixture_start(fixture);
    queue_set(QUEUE_HOLDS);
    int first = client_connect(fixture->port);
    int second = client_connect(fixture->port);
    int third = client_connect(fixture->port);
    client_post(first, ONE_DEVICE("app.android", "a"));
    client_post(second, ONE_DEVICE("app.android", "b"));
    await_count(&fakes.message_count, 2);
    client_post(third, ONE_DEVICE("app.android", "c"));
    assert_reply(third, 503, BUSY);
    assert_int_equal(published_count(), 2);
    queue_set(QUEUE_ACKNOWLEDGES);
    assert_reply(first, 200, NOTHING_REJECTED);
    assert_reply(second, 200, NOTHING_REJECTED);
    client_post(third, ONE_DEVICE("app.android", "c"));
    assert_reply(third, 200, NOTHING_REJECTED);
    close(first);
    close(second);
    close(third);
}

static void waiting_bytes_are_bounded(void **state) {
    enum { HOLDERS = 3 };
    struct fixture *fixture = *state;
    struct buffer body = {0};
    int holders[HOLDERS];

    fixture->config.ingress.waiting_bytes =
        1; /* then it is what the largest request needs: 12 KiB */
    fixture_start(fixture);
    queue_set(QUEUE_HOLDS);
    write_body(&body, 4000);
    for (size_t i = 0; i < HOLDERS; i++) {
        holders[i] = client_connect(fixture->port);
        client_post(holders[i], buffer_text(&body));
        await_count(&fakes.message_count, i + 1);
    }
    int client = client_connect(fixture->port);
    client_post(client, buffer_text(&body));
    assert_reply(client, 503, BUSY);
    assert_int_equal(published_count(), HOLDERS);
    queue_set(QUEUE_ACKNOWLEDGES);
    for (size_t i = 0; i < HOLDERS; i++) {
        assert_reply(holders[i], 200, NOTHING_REJECTED);
        close(holders[i]);
    }
    client_post(client, buffer_text(&body));
    assert_reply(client, 200, NOTHING_REJECTED);
    close(client);
    buffer_free(&body);
}

/* Half-sent bodies use up the share of bytes; it is theirs no longer than a second. */
static void who_holds_bytes_back_loses_them(void **state) {
    enum { HOLDERS = 3 };
    struct fixture *fixture = *state;
    struct buffer body = {0};
    struct buffer request = {0};
    int holders[HOLDERS];

    fixture->config.ingress.waiting_bytes = 1;
    fixture_start(fixture);
    write_body(&body, 4096);
    write_post(&request, "", buffer_slice(&body));
    for (size_t i = 0; i < HOLDERS; i++) {
        holders[i] = client_connect(fixture->port);
        client_send(holders[i], (struct slice){.data = request.data, .size = request.size - 1});
    }
    int client = client_connect(fixture->port);
    int status = 0;
    for (int tries = 0; status != 200 && tries < PATIENCE_MS / 50; tries++) {
        client_post(client, buffer_text(&body));
        struct reply reply = client_receive(client);
        status = reply.status;
        assert_true(status == 200 || status == 503);
        reply_free(&reply);
        poll(NULL, 0, 50);
    }
    assert_int_equal(status, 200);
    assert_true(fixture_metric(fixture, INSTRUMENT_CONNECTIONS_CUT, "share", NULL) > 0);
    for (size_t i = 0; i < HOLDERS; i++)
        close(holders[i]);
    close(client);
    buffer_free(&body);
    buffer_free(&request);
}

/* Sends the pieces until the other side closes; false when it does not in time. */
static bool is_cut_off_while_dribbling(int client, const char *pieces) {
    for (int elapsed_ms = 0; elapsed_ms < PATIENCE_MS; elapsed_ms += 20) {
        struct pollfd watch = {.fd = client, .events = POLLIN};
        if (*pieces != '\0' && !client_send(client, (struct slice){.data = pieces++, .size = 1}))
            return true;
        if (poll(&watch, 1, 20) > 0)
            return client_is_closed(client);
    }
    return false;
}

static void who_dribbles_is_cut_off(void **state) {
    static const char *const dribbles[] = {
        "", /* never says a word */
        "POST /_matrix/push/v1/notify HTTP/1.1 and this line never ends, it goes on and on and on",
        "POST /_matrix/push/v1/notify HTTP/1.1\r\nX-1: 1\r\nX-2: 2\r\nX-3: 3\r\nX-4: 4\r\nX-5: "
        "5\r\n",
        "POST /_matrix/push/v1/notify HTTP/1.1\r\nHost: a\r\nContent-Length: "
        "500\r\n\r\n{\"a\":\"bcdef",
    };
    struct fixture *fixture = *state;

    fixture->config.ingress.read_timeout_ms = 400;
    fixture_start(fixture);
    for (size_t i = 0; i < sizeof dribbles / sizeof dribbles[0]; i++) {
        int client = client_connect(fixture->port);
        assert_true(is_cut_off_while_dribbling(client, dribbles[i]));
        close(client);
    }
    assert_int_equal(fixture_metric(fixture, INSTRUMENT_CONNECTIONS_CUT, "slow", NULL), 4);
}

static void who_dribbles_on_a_used_connection_is_cut_off(void **state) {
    struct fixture *fixture = *state;

    fixture->config.ingress.read_timeout_ms = 400;
    fixture_start(fixture);
    int client = client_connect(fixture->port);
    client_post(client, ONE_DEVICE("app.android", "a"));
    assert_reply(client, 200, NOTHING_REJECTED);
    assert_true(is_cut_off_while_dribbling(client, "POST /_matrix/push/v1/notify HTTP/1.1 dribble"
                                                   "dribbledribbledribbledribbledribbledribble"));
    close(client);
}

/* Longer than the read time-out: a pause between two requests, and the queue's own slowness. */
static void waiting_is_not_dribbling(void **state) {
    struct fixture *fixture = *state;

    fixture->config.ingress.read_timeout_ms = 200;
    fixture_start(fixture);
    int idle = client_connect(fixture->port);
    int waiting = client_connect(fixture->port);
    client_post(idle, ONE_DEVICE("app.android", "a"));
    assert_reply(idle, 200, NOTHING_REJECTED);
    queue_set(QUEUE_HOLDS);
    client_post(waiting, ONE_DEVICE("app.android", "b"));
    int mute = client_connect(fixture->port);
    assert_true(is_cut_off_while_dribbling(mute, ""));
    assert_true(client_hears_nothing(idle));
    queue_set(QUEUE_ACKNOWLEDGES);
    assert_reply(waiting, 200, NOTHING_REJECTED);
    client_post(idle, ONE_DEVICE("app.android", "c"));
    assert_reply(idle, 200, NOTHING_REJECTED);
    close(idle);
    close(waiting);
    close(mute);
}

static void an_idle_connection_ends_after_its_time(void **state) {
    struct fixture *fixture = *state;

    fixture->config.ingress.idle_timeout_ms = 300;
    fixture->config.ingress.read_timeout_ms = 400;
    fixture_start(fixture);
    int client = client_connect(fixture->port);
    client_post(client, ONE_DEVICE("app.android", "a"));
    assert_reply(client, 200, NOTHING_REJECTED);
    assert_true(client_is_closed(client));
    assert_int_equal(fixture_metric(fixture, INSTRUMENT_CONNECTIONS_CUT, "idle", NULL), 1);
    close(client);
}

static void a_new_caller_takes_the_room_of_the_longest_idle(void **state) {
    enum { CLIENTS = 8, LIMIT = 4 };
    struct fixture *fixture = *state;
    int clients[CLIENTS];

    fixture->config.ingress.connection_limit = LIMIT;
    fixture_start(fixture);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = client_connect(fixture->port);
        client_post(clients[i], ONE_DEVICE("app.android", "a"));
        assert_reply(clients[i], 200, NOTHING_REJECTED);
    }
    assert_true(client_is_closed(clients[0]));
    assert_true(client_hears_nothing(clients[CLIENTS - 1]));
    for (size_t i = 0; i < CLIENTS; i++)
        close(clients[i]);
}

static void headers_are_bounded(void **state) {
    struct fixture *fixture = *state;
    struct buffer request = {0};

    fixture_start(fixture);
    int client = client_connect(fixture->port);
    buffer_append_text(&request, "POST /_matrix/push/v1/notify HTTP/1.1\r\nHost: a\r\nX-Long: ");
    for (size_t i = 0; i < 20000; i++)
        buffer_append_byte(&request, 'x');
    buffer_append_text(&request, "\r\n\r\n");
    client_send(client, buffer_slice(&request));
    struct reply reply = client_receive(client);
    assert_true(reply.status == 0 || reply.status == 413 || reply.status == 431);
    reply_free(&reply);
    close(client);
    buffer_free(&request);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(a_body_of_the_limit_is_the_largest),
        WITH_FIXTURE(an_answer_survives_the_body_that_it_refuses),
        WITH_FIXTURE(a_chunked_body_is_cut_off_at_the_limit),
        WITH_FIXTURE(devices_are_counted),
        WITH_FIXTURE(copies_are_bounded_before_any_is_published),
        WITH_FIXTURE(waiting_requests_are_bounded),
        WITH_FIXTURE(waiting_bytes_are_bounded),
        WITH_FIXTURE(who_holds_bytes_back_loses_them),
        WITH_FIXTURE(who_dribbles_is_cut_off),
        WITH_FIXTURE(who_dribbles_on_a_used_connection_is_cut_off),
        WITH_FIXTURE(waiting_is_not_dribbling),
        WITH_FIXTURE(an_idle_connection_ends_after_its_time),
        WITH_FIXTURE(a_new_caller_takes_the_room_of_the_longest_idle),
        WITH_FIXTURE(headers_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
