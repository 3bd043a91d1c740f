#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingress/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

static int begin_connecting(int port) {
    struct sockaddr_in address = loopback(port);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_true(client >= 0);
    assert_true(connect(client, (struct sockaddr *)&address, sizeof address) == 0 ||
                errno == EINPROGRESS);
    return client;
}

static bool is_connected(int client, int within_ms) {
    struct pollfd watch = {.fd = client, .events = POLLOUT};

    return poll(&watch, 1, within_ms) == 1 && (watch.revents & (POLLERR | POLLHUP)) == 0;
}

static void sockets_share_a_port(void **state) {
    int sockets[3];
    struct error error = {0};

    (void)state;
    assert_true(listeners_open("127.0.0.1:0", sockets, 3, &error));
    int port = listener_port(sockets[0]);
    assert_true(port > 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(listener_port(sockets[i]), port);
        close(sockets[i]);
    }
}

static void version_6_is_understood(void **state) {
    int listener = -1;
    struct error error = {0};

    (void)state;
    if (!listeners_open("[::1]:0", &listener, 1, &error))
        skip();
    assert_true(listener_port(listener) > 0);
    close(listener);
}

static void an_address_in_use_is_named(void **state) {
    int first = -1;
    int second = -1;
    struct error error = {0};
    char address[32];

    (void)state;
    assert_true(listeners_open("127.0.0.1:0", &first, 1, &error));
    snprintf(address, sizeof address, "127.0.0.1:%d", listener_port(first));
    assert_false(listeners_open(address, &second, 1, &error));
    assert_int_equal(error.code, ERROR_SYSTEM);
    assert_non_null(strstr(error.text, address));
    assert_non_null(strstr(error.text, strerror(EADDRINUSE)));
    close(first);
    assert_true(listeners_open(address, &second, 1, &error));
    close(second);
}

static void an_address_of_somebody_else_is_named(void **state) {
    int listener = -1;
    struct error error = {0};

    (void)state;
    assert_false(listeners_open("192.0.2.1:0", &listener, 1, &error));
    assert_non_null(strstr(error.text, "192.0.2.1:0"));
    assert_non_null(strstr(error.text, strerror(EADDRNOTAVAIL)));
    assert_false(listeners_open("nonsense", &listener, 1, &error));
}

static void who_waits_is_let_in_and_nobody_new_knocks(void **state) {
    int listener = -1;
    struct error error = {0};

    (void)state;
    assert_true(listeners_open("127.0.0.1:0", &listener, 1, &error));
    int early = begin_connecting(listener_port(listener));
    assert_true(is_connected(early, 5000));
    listener_turn_away(listener);
    int late = begin_connecting(listener_port(listener));
    assert_false(is_connected(late, 200));
    int accepted = accept(listener, NULL, NULL);
    assert_true(accepted >= 0);
    assert_int_equal(send(early, "x", 1, 0), 1);
    char byte = 0;
    assert_int_equal(recv(accepted, &byte, 1, 0), 1);
    close(accepted);
    close(early);
    close(late);
    close(listener);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_share_a_port),
        cmocka_unit_test(version_6_is_understood),
        cmocka_unit_test(an_address_in_use_is_named),
        cmocka_unit_test(an_address_of_somebody_else_is_named),
        cmocka_unit_test(who_waits_is_let_in_and_nobody_new_knocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
