/* The way out: nobody who got in is let down. */
#include "tests/unit/ingress/fixture.h"

#include <stdatomic.h>

static void await_stage(const struct fixture *fixture, enum worker_stage stage) {
    for (int i = 0; i < PATIENCE_MS && worker_status(fixture->worker).stage < stage; i++)
        poll(NULL, 0, 1);
    assert_true(worker_status(fixture->worker).stage >= stage);
}

static void assert_closing_reply(int client) {
    char value[32];
    struct reply reply = client_receive(client);

    assert_int_equal(reply.status, 200);
    assert_string_equal(buffer_text(&reply.body), NOTHING_REJECTED);
    assert_string_equal(reply_header(&reply, "Connection", value, sizeof value), "close");
    assert_true(client_is_closed(client));
    reply_free(&reply);
    close(client);
}

static void it_goes_on_accepting_for_a_while(void **state) {
    struct fixture *fixture = *state;

    fixture->config.ingress.drain_delay_ms = 1000;
    fixture_start(fixture);
    int old = client_connect(fixture->port);
    client_post(old, ONE_DEVICE("app.android", "a"));
    assert_reply(old, 200, NOTHING_REJECTED);
    fixture_drain(fixture);
    await_stage(fixture, WORKER_DRAINING);
    int new = client_connect(fixture->port);
    client_post(old, ONE_DEVICE("app.android", "b"));
    assert_closing_reply(old);
    client_post(new, ONE_DEVICE("app.android", "c"));
    assert_closing_reply(new);
    await_stage(fixture, WORKER_STOPPED);
    assert_int_equal(published_count(), 3);
}

static void open_requests_are_finished(void **state) {
    struct fixture *fixture = *state;
    struct buffer request = {0};

    fixture_start(fixture);
    queue_set(QUEUE_HOLDS);
    int waiting = client_connect(fixture->port);
    int reading = client_connect(fixture->port);
    int idle = client_connect(fixture->port);
    client_send(idle, slice_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_reply(idle, 404,
                 "{\"errcode\":\"M_UNRECOGNIZED\",\"error\":\"There is nothing at this path.\"}");
    client_post(waiting, ONE_DEVICE("app.android", "a"));
    write_post(&request, "", slice_of(ONE_DEVICE("app.android", "b")));
    client_send(reading, (struct slice){.data = request.data, .size = request.size - 10});
    await_count(&fakes.message_count, 1);
    fixture_drain(fixture);
    await_stage(fixture, WORKER_FINISHING);
    assert_true(client_is_closed(idle));
    assert_true(client_hears_nothing(waiting));
    assert_true(client_hears_nothing(reading));
    assert_int_equal(worker_status(fixture->worker).stage, WORKER_FINISHING);
    client_send(reading, (struct slice){.data = request.data + request.size - 10, .size = 10});
    await_count(&fakes.message_count, 2);
    queue_set(QUEUE_ACKNOWLEDGES);
    assert_closing_reply(waiting);
    assert_closing_reply(reading);
    await_stage(fixture, WORKER_STOPPED);
    buffer_free(&request);
    close(idle);
}

static void without_connections_it_ends_at_once(void **state) {
    struct fixture *fixture = *state;

    fixture_start(fixture);
    fixture_drain(fixture);
    await_stage(fixture, WORKER_STOPPED);
}

/* A caller that connects all the time while the worker leaves. */
struct crowd {
    const struct fixture *fixture;
    atomic_bool stop;
    size_t served;
    size_t turned_away;
    size_t let_down; /* connected, and reset or closed without an answer */
};

/* -1 when nobody listens any more, or nobody answers the handshake. */
static int knock(const struct fixture *fixture) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)fixture->port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd watch = {.fd = client, .events = POLLOUT};
    int failure = 0;
    socklen_t size = sizeof failure;

    if (connect(client, (struct sockaddr *)&address, sizeof address) != 0 &&
        (errno != EINPROGRESS || poll(&watch, 1, 3000) <= 0 ||
         getsockopt(client, SOL_SOCKET, SO_ERROR, &failure, &size) != 0 || failure != 0)) {
        close(client);
        return -1;
    }
    return client;
}

static bool is_served(int client, struct slice request) {
    char answer[16] = "";
    struct pollfd watch = {.fd = client, .events = POLLIN};

    return client_send(client, request) && poll(&watch, 1, PATIENCE_MS) == 1 &&
           recv(client, answer, sizeof answer - 1, 0) == sizeof answer - 1 &&
           strncmp(answer, "HTTP/1.1 200", 12) == 0;
}

static void *be_a_crowd(void *context) {
    struct crowd *crowd = context;
    struct buffer request = {0};

    write_post(&request, "", slice_of(ONE_DEVICE("app.android", "a")));
    while (!atomic_load(&crowd->stop)) {
        int client = knock(crowd->fixture);
        if (client < 0)
            crowd->turned_away++;
        else if (is_served(client, buffer_slice(&request)))
            crowd->served++;
        else
            crowd->let_down++;
        if (client >= 0)
            close(client);
    }
    buffer_free(&request);
    return NULL;
}

static void who_is_let_in_is_served(void **state) {
    enum { CROWDS = 4 };
    struct fixture *fixture = *state;
    struct crowd crowds[CROWDS] = {0};
    pthread_t threads[CROWDS];
    size_t served = 0;

    fixture_start(fixture);
    for (size_t i = 0; i < CROWDS; i++) {
        crowds[i].fixture = fixture;
        assert_int_equal(pthread_create(&threads[i], NULL, be_a_crowd, &crowds[i]), 0);
    }
    await_count(&fakes.message_count, 50);
    fixture_drain(fixture);
    await_stage(fixture, WORKER_STOPPED);
    for (size_t i = 0; i < CROWDS; i++) {
        atomic_store(&crowds[i].stop, true);
        pthread_join(threads[i], NULL);
        assert_int_equal(crowds[i].let_down, 0);
        served += crowds[i].served;
    }
    assert_true(served >= 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(it_goes_on_accepting_for_a_while),
        WITH_FIXTURE(open_requests_are_finished),
        WITH_FIXTURE(without_connections_it_ends_at_once),
        WITH_FIXTURE(who_is_let_in_is_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
