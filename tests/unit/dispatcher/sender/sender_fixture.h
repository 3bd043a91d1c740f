/* A sender on a loop of its own, and the provider that does as it is told. */
#ifndef COLUMBA_TESTS_SENDER_FIXTURE_H
#define COLUMBA_TESTS_SENDER_FIXTURE_H

#include "dispatcher/sender.h"

#include "common/base/json.h"
#include "common/base/memory.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 30000 };

/* tests/support/scripted_provider.py, which does as the path of a request says. */
struct provider {
    pid_t process;
    int input; /* it ends when this is closed */
    int https_port;
    int http_port;
    int asking_port; /* HTTPS, for clients with a certificate */
    int strict_port; /* HTTPS, with one stream on a connection until its first answer, then 20 */
    int proxy_port;
    char directory[200];
    char ca_file[220];
    struct route route; /* trusts it */
};

struct fixture {
    const struct provider *provider;
    struct loop *loop;
    struct timer *patience;
    struct sender *sender;
    size_t awaited_count;
};

struct reply {
    struct fixture *fixture;
    bool arrived;
    enum sender_result result;
    int status;
    bool is_cut;
    char reason[32];
    uint64_t broken_connection;
    char retry_after[32];
    char date[32];
    struct buffer body;
};

static inline int start_provider(void **state) {
    struct provider *provider = memory_new(sizeof *provider);
    char *arguments[] = {"/usr/bin/python3", TEST_DATA_DIR "/../support/scripted_provider.py",
                         NULL};
    posix_spawn_file_actions_t actions;
    int input[2];
    int output[2];

    assert_int_equal(pipe2(input, O_CLOEXEC), 0);
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    assert_int_equal(
        posix_spawn(&provider->process, arguments[0], &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(input[0]);
    close(output[1]);
    provider->input = input[1];

    FILE *words = fdopen(output[0], "r");
    assert_int_equal(fscanf(words, "%d %d %d %d %d %199s", &provider->https_port,
                            &provider->http_port, &provider->asking_port, &provider->strict_port,
                            &provider->proxy_port, provider->directory),
                     6);
    snprintf(provider->ca_file, sizeof provider->ca_file, "%s/ca.pem", provider->directory);
    fclose(words);
    provider->route.ca_file = provider->ca_file;
    *state = provider;
    return 0;
}

static inline int stop_provider(void **state) {
    struct provider *provider = *state;
    int status = 0;

    close(provider->input);
    waitpid(provider->process, &status, 0);
    free(provider);
    return status;
}

static inline void out_of_patience(void *context) {
    struct fixture *fixture = context;

    loop_stop(fixture->loop);
}

static inline struct fixture open_fixture(void **state, int64_t connections, int64_t timeout_ms) {
    struct dispatcher_config config = {.connections = connections,
                                       .request_timeout_ms = timeout_ms};
    struct fixture fixture = {.provider = *state, .loop = loop_new()};
    struct error error = {0};

    fixture.sender = sender_open(fixture.loop, &config, &error);
    assert_non_null(fixture.sender);
    return fixture;
}

static inline void close_fixture(struct fixture *fixture) {
    sender_close(fixture->sender);
    timer_free(fixture->patience);
    loop_free(fixture->loop);
}

static inline void keep_text(char *out, size_t size, struct slice text) {
    snprintf(out, size, "%.*s", (int)text.size, text.size == 0 ? "" : text.data);
}

static inline void on_done(void *context, const struct sender_outcome *outcome) {
    struct reply *reply = context;

    assert_false(reply->arrived);
    reply->arrived = true;
    reply->result = outcome->result;
    if (outcome->result == SENDER_ANSWERED) {
        reply->status = outcome->response.status;
        reply->is_cut = outcome->response.is_cut;
        keep_text(reply->retry_after, sizeof reply->retry_after, outcome->response.retry_after);
        keep_text(reply->date, sizeof reply->date, outcome->response.date);
        buffer_append(&reply->body, outcome->response.body);
    } else {
        assert_non_null(outcome->detail);
        reply->broken_connection = outcome->broken_connection;
        keep_text(reply->reason, sizeof reply->reason, slice_of(outcome->reason));
    }
    if (--reply->fixture->awaited_count == 0)
        loop_stop(reply->fixture->loop);
}

static inline void await(struct fixture *fixture) {
    if (fixture->patience == NULL)
        fixture->patience = timer_new(fixture->loop, out_of_patience, fixture);
    timer_start(fixture->patience, PATIENCE_MS);
    if (fixture->awaited_count > 0)
        loop_run(fixture->loop);
    assert_int_equal(fixture->awaited_count, 0);
}

static inline void send_request(struct fixture *fixture, const struct http_request *request,
                                const struct route *route, bool fresh, struct reply *reply) {
    size_t before = sender_in_flight(fixture->sender);

    *reply = (struct reply){.fixture = fixture};
    fixture->awaited_count++;
    sender_send(fixture->sender, request, route, fresh, on_done, reply);
    assert_false(reply->arrived);
    assert_int_equal(sender_in_flight(fixture->sender), before + 1);
}

static inline void send_url(struct fixture *fixture, const char *url, const struct route *route,
                            struct reply *reply) {
    struct http_request request = {.url = url, .body = slice_of("{}")};

    send_request(fixture, &request, route, false, reply);
}

static inline void send_path(struct fixture *fixture, const char *path, struct reply *reply) {
    char url[200];

    snprintf(url, sizeof url, "https://127.0.0.1:%d%s", fixture->provider->https_port, path);
    send_url(fixture, url, &fixture->provider->route, reply);
}

static inline void send_clear(struct fixture *fixture, const char *path, struct reply *reply) {
    char url[200];

    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", fixture->provider->http_port, path);
    send_url(fixture, url, NULL, reply);
}

static inline void expect_answer(struct reply *reply, int status, const char *body) {
    assert_true(reply->arrived);
    assert_string_equal(reply->reason, "");
    assert_int_equal(reply->result, SENDER_ANSWERED);
    assert_int_equal(reply->status, status);
    if (body != NULL)
        assert_string_equal(buffer_text(&reply->body), body);
    buffer_free(&reply->body);
}

static inline void expect_failure(const struct reply *reply, enum sender_result result,
                                  const char *reason) {
    assert_true(reply->arrived);
    assert_string_equal(reply->reason, reason);
    assert_int_equal(reply->result, result);
    assert_null(reply->body.data);
}

/* One number of what the provider has counted: "connections", or of "requests" one path. */
static inline int64_t counted(struct fixture *fixture, const char *name, const char *path) {
    struct reply reply;
    int64_t count = 0;

    send_path(fixture, "/stats", &reply);
    await(fixture);
    assert_int_equal(reply.result, SENDER_ANSWERED);
    struct json_object *tree = json_tokener_parse(buffer_text(&reply.body));
    json_member_integer(path == NULL ? tree : json_member_object(tree, name),
                        path == NULL ? name : path, &count);
    json_object_put(tree);
    buffer_free(&reply.body);
    return count;
}

/* Lets the sender learn that the provider speaks HTTP/2, over a connection that later ones share.
 */
static inline void warm_up(struct fixture *fixture) {
    struct reply reply;

    send_path(fixture, "/ok", &reply);
    await(fixture);
    expect_answer(&reply, 200, "ok");
}

/* A port that takes connections and never says a word. */
static inline int listen_in_silence(int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(descriptor, 64), 0);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return descriptor;
}

#endif
