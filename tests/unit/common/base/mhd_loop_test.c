#include "common/base/mhd_loop.h"

#include "common/base/loop_ev.h"
#include "common/base/memory.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* More connections than one epoll_wait of the library returns. */
enum { CONNECTIONS = 300, ROUNDS = 20, PATIENCE_MS = 10000 };

/* The server under test, and the client in a thread of its own. */
struct scene {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct mhd_loop *driver;
    struct wakeup *finished;
    struct timer *resume;
    struct MHD_Connection *suspended[CONNECTIONS];
    size_t suspended_count;
    bool suspends;
    uint16_t port;
    size_t answers;
};

static enum MHD_Result answer(struct MHD_Connection *connection) {
    static char body[] = "ok";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(2, body, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result queued = MHD_queue_response(connection, 200, response);

    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state) {
    struct scene *scene = context;

    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    (void)upload_size;
    /* The first call is for the headers, the second for the whole request, the third after a
     * resume. */
    if (*state == NULL) {
        *state = &scene->port;
        return MHD_YES;
    }
    if (!scene->suspends || *state == scene)
        return answer(connection);
    *state = scene;
    MHD_suspend_connection(connection);
    scene->suspended[scene->suspended_count++] = connection;
    if (!timer_is_running(scene->resume))
        timer_start(scene->resume, 2);
    return MHD_YES;
}

static void resume_all(void *context) {
    struct scene *scene = context;

    while (scene->suspended_count > 0)
        MHD_resume_connection(scene->suspended[--scene->suspended_count]);
    mhd_loop_kick(scene->driver);
}

static void finished(void *context) {
    struct scene *scene = context;

    loop_stop(scene->loop);
}

static int connect_client(uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int client = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(client, (struct sockaddr *)&address, sizeof address) != 0)
        abort();
    return client;
}

static void send_request(int client) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

    if (send(client, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1)
        abort();
}

/* An answer comes in one piece: it is small, and written at once. */
static bool read_answer(int client) {
    char text[512];
    ssize_t size = recv(client, text, sizeof text - 1, 0);

    text[size < 0 ? 0 : size] = '\0';
    return strstr(text, "\r\n\r\nok") != NULL;
}

/* Each connection asks again as soon as it is answered: the server always has many at once. */
static void *run_clients(void *context) {
    struct scene *scene = context;
    struct pollfd clients[CONNECTIONS];
    size_t rounds[CONNECTIONS] = {0};
    size_t open = CONNECTIONS;

    for (size_t i = 0; i < CONNECTIONS; i++)
        clients[i] = (struct pollfd){.fd = connect_client(scene->port), .events = POLLIN};
    for (size_t i = 0; i < CONNECTIONS; i++)
        send_request(clients[i].fd);
    while (open > 0 && poll(clients, CONNECTIONS, PATIENCE_MS) > 0) {
        for (size_t i = 0; i < CONNECTIONS; i++) {
            if (clients[i].revents == 0)
                continue;
            bool answered = read_answer(clients[i].fd);
            scene->answers += answered;
            if (answered && ++rounds[i] < ROUNDS) {
                send_request(clients[i].fd);
            } else {
                close(clients[i].fd);
                clients[i].fd = -1;
                open--;
            }
        }
    }
    wakeup_ring(scene->finished);
    return NULL;
}

static void assert_all_are_answered(bool suspends) {
    struct scene *scene = memory_new(sizeof *scene);
    pthread_t clients;

    scene->suspends = suspends;
    scene->loop = loop_new();
    scene->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                                     handle, scene, MHD_OPTION_END);
    assert_non_null(scene->daemon);
    scene->port = MHD_get_daemon_info(scene->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    scene->driver = mhd_loop_new(scene->loop, scene->daemon);
    scene->finished = wakeup_new(scene->loop, finished, scene);
    scene->resume = timer_new(scene->loop, resume_all, scene);
    assert_int_equal(pthread_create(&clients, NULL, run_clients, scene), 0);
    loop_run(scene->loop);
    pthread_join(clients, NULL);
    assert_int_equal(scene->answers, CONNECTIONS * ROUNDS);
    timer_free(scene->resume);
    wakeup_free(scene->finished);
    mhd_loop_free(scene->driver);
    MHD_stop_daemon(scene->daemon);
    loop_free(scene->loop);
    free(scene);
}

static void test_hundreds_of_connections_are_served(void **state) {
    (void)state;
    assert_all_are_answered(false);
}

static void test_resumed_connections_are_served(void **state) {
    (void)state;
    assert_all_are_answered(true);
    mhd_loop_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hundreds_of_connections_are_served),
        cmocka_unit_test(test_resumed_connections_are_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
