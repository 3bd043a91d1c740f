#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

/* Some kernels let only administrators of the network filter; there is nothing to see there. */
static bool filters_are_allowed(void) {
    struct sock_filter step = BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
    struct sock_fprog filter = {.len = 1, .filter = &step};
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool allowed = setsockopt(probe, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;

    close(probe);
    return allowed;
}

static void who_waits_is_let_in_and_nobody_new_knocks(void **state) {
    int listener = -1;
    struct error error = {0};

    (void)state;
    if (!filters_are_allowed())
        skip();
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

/* From here on this process is on a system without IPv6. */
static bool forget_version_6(void) {
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof steps / sizeof steps[0], .filter = steps};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

enum { CHILD_FINE = 0, CHILD_WRONG = 1, CHILD_CANNOT_TELL = 2 };

static int listen_without_version_6(void) {
    int sockets[2];

    if (!forget_version_6() || socket(AF_INET6, SOCK_STREAM, 0) >= 0)
        return CHILD_CANNOT_TELL;
    if (listeners_open("[::1]:0", sockets, 1, NULL) || !listeners_open("[::]:0", sockets, 2, NULL))
        return CHILD_WRONG;
    int client = begin_connecting(listener_port(sockets[1]));
    return is_connected(client, 5000) ? CHILD_FINE : CHILD_WRONG;
}

static void every_address_is_that_of_version_4_where_there_is_no_6(void **state) {
    int status = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0)
        _exit(listen_without_version_6());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CHILD_CANNOT_TELL)
        skip();
    assert_int_equal(WEXITSTATUS(status), CHILD_FINE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_share_a_port),
        cmocka_unit_test(version_6_is_understood),
        cmocka_unit_test(every_address_is_that_of_version_4_where_there_is_no_6),
        cmocka_unit_test(an_address_in_use_is_named),
        cmocka_unit_test(an_address_of_somebody_else_is_named),
        cmocka_unit_test(who_waits_is_let_in_and_nobody_new_knocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
