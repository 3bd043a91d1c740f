#include "deploy/local/forward.h"

#include "common/base/loop_ev.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

/* More than all buffers on the way hold. */
enum { MANY_BYTES = 16 * 1024 * 1024 };

/* The forward runs in the test's thread; a server and a client of it in two others. */
struct scene {
    struct loop *loop;
    struct wakeup *done;
    struct forward *forward;
    int listener;
    int target_port;
    char *sent;
    char *received;
    bool ended;
};

static int open_socket(int port, int (*use)(int, const struct sockaddr *, socklen_t)) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int opened = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(use(opened, (struct sockaddr *)&address, sizeof address), 0);
    return opened;
}

static int port_of(int listener) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;

    getsockname(listener, (struct sockaddr *)&address, &size);
    return ntohs(address.sin_port);
}

static void stop(void *context) {
    loop_stop(context);
}

static int set_up(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    struct error error;

    scene->loop = loop_new();
    scene->done = wakeup_new(scene->loop, stop, scene->loop);
    scene->listener = open_socket(0, bind);
    scene->target_port = port_of(scene->listener);
    listen(scene->listener, 8);
    scene->forward = forward_open(scene->loop, 0, scene->target_port, &error);
    scene->sent = malloc(MANY_BYTES);
    scene->received = malloc(MANY_BYTES);
    for (size_t i = 0; i < MANY_BYTES; i++)
        scene->sent[i] = (char)(i * 31 + i / 251);
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    struct scene *scene = *state;

    forward_close(scene->forward);
    wakeup_free(scene->done);
    loop_free(scene->loop);
    close(scene->listener);
    free(scene->sent);
    free(scene->received);
    free(scene);
    return 0;
}

static bool send_all(int to, const char *data) {
    for (size_t done = 0; done < MANY_BYTES;) {
        ssize_t put = send(to, data + done, MANY_BYTES - done, MSG_NOSIGNAL);
        if (put <= 0)
            return false;
        done += (size_t)put;
    }
    return true;
}

static bool receive_all(int from, char *data) {
    for (size_t done = 0; done < MANY_BYTES;) {
        ssize_t got = recv(from, data + done, MANY_BYTES - done, 0);
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

/* Takes everything, then sends it back. */
static void *serve(void *context) {
    struct scene *scene = context;
    int connection = accept(scene->listener, NULL, NULL);
    char *data = malloc(MANY_BYTES);
    char byte;

    if (receive_all(connection, data) && send_all(connection, data))
        scene->ended = recv(connection, &byte, 1, 0) == 0;
    free(data);
    close(connection);
    wakeup_ring(scene->done);
    return NULL;
}

static void *ask(void *context) {
    struct scene *scene = context;
    int client = open_socket(forward_port(scene->forward), connect);

    if (send_all(client, scene->sent))
        receive_all(client, scene->received);
    close(client);
    return NULL;
}

static void test_bytes_pass_both_ways_and_so_does_the_end(void **state) {
    struct scene *scene = *state;
    pthread_t server;
    pthread_t client;

    pthread_create(&server, NULL, serve, scene);
    pthread_create(&client, NULL, ask, scene);
    loop_run(scene->loop);
    pthread_join(client, NULL);
    pthread_join(server, NULL);
    assert_memory_equal(scene->received, scene->sent, MANY_BYTES);
    assert_true(scene->ended);
}

static void *wait_for_end(void *context) {
    struct scene *scene = context;
    int client = open_socket(forward_port(scene->forward), connect);
    char byte;

    scene->ended = recv(client, &byte, 1, 0) <= 0;
    close(client);
    wakeup_ring(scene->done);
    return NULL;
}

static void test_client_is_let_go_when_the_target_is_away(void **state) {
    struct scene *scene = *state;
    pthread_t client;

    shutdown(scene->listener, SHUT_RDWR);
    pthread_create(&client, NULL, wait_for_end, scene);
    loop_run(scene->loop);
    pthread_join(client, NULL);
    assert_true(scene->ended);
}

static void test_closing_ends_open_connections(void **state) {
    struct scene *scene = *state;
    int client = open_socket(forward_port(scene->forward), connect);
    char byte;

    /* Two turns: the connection is taken, its first byte is read. */
    send(client, "x", 1, MSG_NOSIGNAL);
    ev_run(loop_ev(scene->loop), EVRUN_ONCE);
    ev_run(loop_ev(scene->loop), EVRUN_ONCE);
    forward_close(scene->forward);
    scene->forward = NULL;
    assert_true(recv(client, &byte, 1, 0) <= 0);
    close(client);
}

static void test_a_taken_port_is_an_error(void **state) {
    struct scene *scene = *state;
    struct error error;

    assert_null(forward_open(scene->loop, scene->target_port, 1, &error));
    assert_int_equal(error.code, ERROR_SYSTEM);
    assert_non_null(strstr(error.text, "cannot listen on 127.0.0.1:"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bytes_pass_both_ways_and_so_does_the_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_client_is_let_go_when_the_target_is_away, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_closing_ends_open_connections, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_taken_port_is_an_error, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
