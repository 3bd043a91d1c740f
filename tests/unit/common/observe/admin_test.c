#include "common/observe/admin.h"

#include "common/base/loop_ev.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { TEXT_SIZE = 4096, CROWD = 100, PATIENCE_SECONDS = 20 };

struct fixture {
    struct loop *loop;
    struct admin *admin;
    struct wakeup *fetched;
    bool is_ready;
};

/* A client of its own thread: sends a text, and reads until the other side closes. */
struct client {
    struct fixture *fixture;
    const char *request;
    size_t piece_bytes; /* as much is sent at a time */
    char response[TEXT_SIZE];
    size_t response_bytes;
};

static bool write_ready(void *context, struct buffer *out) {
    const struct fixture *fixture = context;

    buffer_append_text(out, fixture->is_ready ? "{\"ready\":true}" : "{\"ready\":false}");
    return fixture->is_ready;
}

static void write_metrics(void *context, struct buffer *out) {
    (void)context;
    buffer_append_text(out, "columba_queued 0\n");
}

static void write_status(void *context, struct buffer *out) {
    (void)context;
    buffer_append_text(out, "{\"lanes\":[]}");
}

static const struct admin_source source = {write_ready, write_metrics, write_status};

static void on_fetched(void *context) {
    loop_stop(context);
}

static struct fixture *open_fixture(struct fixture *fixture) {
    struct error error = {0};

    *fixture = (struct fixture){.loop = loop_new(), .is_ready = true};
    fixture->fetched = wakeup_new(fixture->loop, on_fetched, fixture->loop);
    fixture->admin = admin_open(fixture->loop, "127.0.0.1:0", &source, fixture, &error);
    assert_non_null(fixture->admin);
    assert_true(admin_port(fixture->admin) > 0);
    return fixture;
}

static void close_fixture(struct fixture *fixture) {
    admin_close(fixture->admin);
    wakeup_free(fixture->fetched);
    loop_free(fixture->loop);
}

static int connect_to(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

static void *run_client(void *context) {
    struct client *client = context;
    int descriptor = connect_to(admin_port(client->fixture->admin));
    size_t left = strlen(client->request);
    ssize_t got = 0;

    for (const char *at = client->request; left > 0;) {
        size_t piece = left < client->piece_bytes ? left : client->piece_bytes;
        if (send(descriptor, at, piece, MSG_NOSIGNAL) != (ssize_t)piece)
            break;
        at += piece;
        left -= piece;
    }
    do {
        client->response_bytes += (size_t)got;
        got = recv(descriptor, client->response + client->response_bytes,
                   sizeof client->response - 1 - client->response_bytes, 0);
    } while (got > 0);
    close(descriptor);
    wakeup_ring(client->fixture->fetched);
    return NULL;
}

static const char *fetch_in_pieces(struct fixture *fixture, struct client *client,
                                   const char *request, size_t piece_bytes) {
    pthread_t thread;

    *client = (struct client){.fixture = fixture, .request = request, .piece_bytes = piece_bytes};
    assert_int_equal(pthread_create(&thread, NULL, run_client, client), 0);
    loop_run(fixture->loop);
    pthread_join(thread, NULL);
    return client->response;
}

static const char *fetch(struct fixture *fixture, struct client *client, const char *request) {
    return fetch_in_pieces(fixture, client, request, SIZE_MAX);
}

#define REQUEST(method, path) method " " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static void expect(const char *response, const char *status, const char *content_type,
                   const char *body) {
    char type_line[100];

    snprintf(type_line, sizeof type_line, "\r\nContent-Type: %s\r\n", content_type);
    assert_memory_equal(response, status, strlen(status));
    assert_non_null(strstr(response, type_line));
    assert_non_null(strstr(response, "\r\n\r\n"));
    assert_string_equal(strstr(response, "\r\n\r\n") + 4, body);
}

static void each_page_says_its_own(void **state) {
    struct fixture fixture;
    struct client client;

    (void)state;
    open_fixture(&fixture);
    expect(fetch(&fixture, &client, REQUEST("GET", "/health")), "HTTP/1.1 200", "application/json",
           "{\"status\":\"ok\"}");
    expect(fetch(&fixture, &client, REQUEST("GET", "/ready")), "HTTP/1.1 200", "application/json",
           "{\"ready\":true}");
    expect(fetch(&fixture, &client, REQUEST("GET", "/metrics")), "HTTP/1.1 200",
           "text/plain; version=0.0.4; charset=utf-8", "columba_queued 0\n");
    expect(fetch(&fixture, &client, REQUEST("GET", "/status?pretty")), "HTTP/1.1 200",
           "application/json", "{\"lanes\":[]}");
    close_fixture(&fixture);
}

static void what_is_not_ready_is_healthy(void **state) {
    struct fixture fixture;
    struct client client;

    (void)state;
    open_fixture(&fixture);
    fixture.is_ready = false;
    expect(fetch(&fixture, &client, REQUEST("GET", "/ready")), "HTTP/1.1 503", "application/json",
           "{\"ready\":false}");
    expect(fetch(&fixture, &client, REQUEST("GET", "/health")), "HTTP/1.1 200", "application/json",
           "{\"status\":\"ok\"}");
    close_fixture(&fixture);
}

static void a_head_is_a_page_without_its_body(void **state) {
    struct fixture fixture;
    struct client client;

    (void)state;
    open_fixture(&fixture);
    expect(fetch(&fixture, &client, REQUEST("HEAD", "/health")), "HTTP/1.1 200", "application/json",
           "");
    assert_non_null(strstr(client.response, "\r\nContent-Length: 15\r\n"));
    close_fixture(&fixture);
}

static void the_page_may_load_nothing_from_elsewhere(void **state) {
    struct fixture fixture;
    struct client client;

    (void)state;
    open_fixture(&fixture);
    const char *response = fetch(&fixture, &client, REQUEST("HEAD", "/"));
    assert_memory_equal(response, "HTTP/1.1 200", 12);
    assert_non_null(strstr(response, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
    assert_non_null(strstr(response, "\r\nContent-Security-Policy: default-src 'none';"));
    close_fixture(&fixture);
}

static void what_is_not_understood_is_told_in_json(void **state) {
    struct fixture fixture;
    struct client client;

    (void)state;
    open_fixture(&fixture);
    expect(fetch(&fixture, &client, REQUEST("GET", "/nowhere")), "HTTP/1.1 404", "application/json",
           "{\"error\":\"try /, /health, /ready, /metrics or /status\"}");
    expect(
        fetch(&fixture, &client,
              "POST /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
              "hello"),
        "HTTP/1.1 405", "application/json", "{\"error\":\"only GET and HEAD\"}");
    assert_non_null(strstr(client.response, "\r\nAllow: GET, HEAD\r\n"));
    close_fixture(&fixture);
}

static void a_request_may_come_byte_by_byte_and_not_alone(void **state) {
    static const char two_requests[] =
        "GET /health HTTP/1.1\r\nHost: a\r\n\r\n" REQUEST("GET", "/ready");
    struct fixture fixture;
    struct client client;

    (void)state;
    open_fixture(&fixture);
    const char *response = fetch_in_pieces(&fixture, &client, two_requests, 1);
    assert_memory_equal(response, "HTTP/1.1 200", 12);
    const char *second = strstr(response + 12, "HTTP/1.1 200");
    assert_non_null(second);
    expect(second, "HTTP/1.1 200", "application/json", "{\"ready\":true}");
    close_fixture(&fixture);
}

/* More connections than are served at once, none of which says anything; the last one leaves a
 * request in its wake, and room is made for it when the others go. */
struct crowd {
    struct client client;
    int descriptors[CROWD];
};

static void *run_crowd(void *context) {
    struct crowd *crowd = context;

    for (size_t i = 0; i < CROWD; i++)
        crowd->descriptors[i] = connect_to(admin_port(crowd->client.fixture->admin));
    for (size_t i = 0; i < CROWD; i++)
        if (crowd->descriptors[i] >= 0)
            close(crowd->descriptors[i]);
    return run_client(&crowd->client);
}

static void a_silent_crowd_leaves_the_port_in_order(void **state) {
    struct fixture fixture;
    struct crowd crowd;
    pthread_t thread;

    (void)state;
    open_fixture(&fixture);
    crowd.client = (struct client){
        .fixture = &fixture, .request = REQUEST("GET", "/health"), .piece_bytes = SIZE_MAX};
    assert_int_equal(pthread_create(&thread, NULL, run_crowd, &crowd), 0);
    loop_run(fixture.loop);
    pthread_join(thread, NULL);
    expect(crowd.client.response, "HTTP/1.1 200", "application/json", "{\"status\":\"ok\"}");
    close_fixture(&fixture);
}

static void closing_does_not_wait_for_a_client(void **state) {
    struct fixture fixture;
    struct client client;

    (void)state;
    open_fixture(&fixture);
    int idle = connect_to(admin_port(fixture.admin));
    assert_true(idle >= 0);
    fetch(&fixture, &client, REQUEST("GET", "/health"));
    close_fixture(&fixture);
    close(idle);
}

static void a_port_that_cannot_be_had_is_an_error(void **state) {
    static const char *const wrong[] = {"nonsense", "127.0.0.1", "127.0.0.1:99999", "192.0.2.1:80"};
    struct fixture fixture;
    struct error error = {0};
    char taken[40];

    (void)state;
    open_fixture(&fixture);
    snprintf(taken, sizeof taken, "127.0.0.1:%d", admin_port(fixture.admin));
    assert_null(admin_open(fixture.loop, taken, &source, &fixture, &error));
    assert_non_null(strstr(error.text, taken));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_null(admin_open(fixture.loop, wrong[i], &source, &fixture, &error));
        assert_non_null(strstr(error.text, wrong[i]));
    }
    close_fixture(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_page_says_its_own),
        cmocka_unit_test(what_is_not_ready_is_healthy),
        cmocka_unit_test(a_head_is_a_page_without_its_body),
        cmocka_unit_test(the_page_may_load_nothing_from_elsewhere),
        cmocka_unit_test(what_is_not_understood_is_told_in_json),
        cmocka_unit_test(a_request_may_come_byte_by_byte_and_not_alone),
        cmocka_unit_test(a_silent_crowd_leaves_the_port_in_order),
        cmocka_unit_test(closing_does_not_wait_for_a_client),
        cmocka_unit_test(a_port_that_cannot_be_had_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
