/* The shared state on a loop of its own, and a redis-server of the test's own. */
#ifndef COLUMBA_TESTS_REDIS_FIXTURE_H
#define COLUMBA_TESTS_REDIS_FIXTURE_H

#include "common/state/state.h"

#include "common/base/memory.h"
#include "common/state/keys.h"

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
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

enum { PATIENCE_MS = 20000, LOOK_MS = 2, TIMEOUT_MS = 300 };

static const int64_t hour_ms __attribute__((unused)) = INT64_C(3600) * 1000;
static const char pushkey[] __attribute__((unused)) = "0123456789abcdefghijAB";

/* A redis-server of the test's own. */
struct server {
    int port;
    pid_t process;
};

struct fixture {
    struct server *server;
    struct loop *loop;
    struct timer *patience;
    struct timer *look;
    struct state *state;
    bool wanted_available;
    size_t awaited_count;
};

struct answer {
    struct fixture *fixture;
    size_t count;
    struct state_answer is;
};

struct written {
    struct fixture *fixture;
    size_t count;
    bool failed;
    struct error error;
};

static inline int free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)&address, &size), 0);
    close(descriptor);
    return ntohs(address.sin_port);
}

/* A command over a connection of the test's own; the reply as a number, or 0. */
static inline int64_t tell(const struct server *server, const char *format, ...) {
    redisContext *redis = redisConnect("127.0.0.1", server->port);
    va_list arguments;
    int64_t number = 0;

    assert_non_null(redis);
    assert_int_equal(redis->err, 0);
    va_start(arguments, format);
    redisReply *reply = redisvCommand(redis, format, arguments);
    va_end(arguments);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", format, reply->str);
    number = reply->integer;
    freeReplyObject(reply);
    redisFree(redis);
    return number;
}

static inline bool is_answering(const struct server *server) {
    redisContext *redis = redisConnect("127.0.0.1", server->port);
    redisReply *reply = redis->err == 0 ? redisCommand(redis, "PING") : NULL;
    bool answers = reply != NULL && reply->type == REDIS_REPLY_STATUS;

    if (reply != NULL)
        freeReplyObject(reply);
    redisFree(redis);
    return answers;
}

static inline void launch(struct server *server) {
    char port[16];
    char *arguments[] = {
        "redis-server", "--port", port,        "--bind",    "127.0.0.1",
        "--save",       "",       "--logfile", "/dev/null", "--enable-debug-command",
        "yes",          NULL};

    snprintf(port, sizeof port, "%d", server->port);
    assert_int_equal(posix_spawnp(&server->process, arguments[0], NULL, NULL, arguments, environ),
                     0);
    for (int i = 0; i < 1000 && !is_answering(server); i++) {
        assert_int_equal(waitpid(server->process, NULL, WNOHANG), 0);
        usleep(10000);
    }
    assert_true(is_answering(server));
}

static inline void end(struct server *server) {
    kill(server->process, SIGKILL);
    waitpid(server->process, NULL, 0);
    server->process = 0;
}

static inline int start_server(void **state) {
    struct server *server = memory_new(sizeof *server);

    server->port = free_port();
    launch(server);
    *state = server;
    return 0;
}

static inline int stop_server(void **state) {
    struct server *server = *state;

    if (server->process != 0)
        end(server);
    free(server);
    return 0;
}

static inline int clean_server(void **state) {
    tell(*state, "FLUSHALL");
    return 0;
}

static inline void out_of_patience(void *context) {
    struct fixture *fixture = context;

    loop_stop(fixture->loop);
}

static inline void on_look(void *context) {
    struct fixture *fixture = context;

    if (state_is_available(fixture->state) == fixture->wanted_available)
        loop_stop(fixture->loop);
    else
        timer_start(fixture->look, LOOK_MS);
}

static inline void await_available(struct fixture *fixture, bool wanted) {
    fixture->wanted_available = wanted;
    timer_start(fixture->look, 0);
    timer_start(fixture->patience, PATIENCE_MS);
    loop_run(fixture->loop);
    timer_stop(fixture->look);
    assert_int_equal(state_is_available(fixture->state), wanted);
}

static inline struct fixture *open_with(struct server *server, const struct redis_config *config) {
    struct fixture *fixture = memory_new(sizeof *fixture);

    fixture->server = server;
    fixture->loop = loop_new();
    fixture->patience = timer_new(fixture->loop, out_of_patience, fixture);
    fixture->look = timer_new(fixture->loop, on_look, fixture);
    fixture->state = state_open(fixture->loop, config);
    assert_false(state_is_available(fixture->state));
    return fixture;
}

static inline struct redis_config config_of(const struct server *server) {
    return (struct redis_config){
        .host = "127.0.0.1", .port = server->port, .timeout_ms = TIMEOUT_MS};
}

static inline struct fixture *open_fixture(void **state) {
    struct redis_config config = config_of(*state);
    struct fixture *fixture = open_with(*state, &config);

    await_available(fixture, true);
    return fixture;
}

static inline void close_fixture(struct fixture *fixture) {
    state_close(fixture->state);
    timer_free(fixture->patience);
    timer_free(fixture->look);
    loop_free(fixture->loop);
    free(fixture);
}

static inline void arrived(struct fixture *fixture) {
    if (--fixture->awaited_count == 0)
        loop_stop(fixture->loop);
}

static inline void on_answer(void *context, const struct state_answer *is) {
    struct answer *answer = context;

    answer->count++;
    answer->is = *is;
    arrived(answer->fixture);
}

static inline void on_written(void *context, const struct error *error) {
    struct written *written = context;

    written->count++;
    written->failed = error != NULL;
    if (error != NULL)
        written->error = *error;
    arrived(written->fixture);
}

static inline void await(struct fixture *fixture) {
    timer_start(fixture->patience, PATIENCE_MS);
    if (fixture->awaited_count > 0)
        loop_run(fixture->loop);
    assert_int_equal(fixture->awaited_count, 0);
}

static inline void begin_ask(struct fixture *fixture, bool asks_seen, int64_t seen,
                             struct answer *answer) {
    struct state_question question = {.asks_seen = asks_seen, .seen = seen};

    memcpy(question.pushkey, pushkey, sizeof question.pushkey);
    *answer = (struct answer){.fixture = fixture};
    fixture->awaited_count++;
    state_ask(fixture->state, &question, on_answer, answer);
    assert_int_equal(answer->count, 0);
}

static inline struct state_answer ask(struct fixture *fixture, int64_t seen) {
    struct answer answer;

    begin_ask(fixture, true, seen, &answer);
    await(fixture);
    assert_int_equal(answer.count, 1);
    return answer.is;
}

static inline void begin_mark(struct fixture *fixture, int64_t seen, struct written *written) {
    *written = (struct written){.fixture = fixture};
    fixture->awaited_count++;
    state_mark_seen(fixture->state, seen, on_written, written);
    assert_int_equal(written->count, 0);
}

static inline struct written mark(struct fixture *fixture, int64_t seen) {
    struct written written;

    begin_mark(fixture, seen, &written);
    await(fixture);
    assert_int_equal(written.count, 1);
    return written;
}

static inline void write_verdict(struct fixture *fixture, const struct verdict *verdict) {
    struct written written = {.fixture = fixture};

    fixture->awaited_count++;
    state_write_verdict(fixture->state, pushkey, verdict, on_written, &written);
    assert_int_equal(written.count, 0);
    await(fixture);
    assert_int_equal(written.count, 1);
    assert_false(written.failed);
}

static inline int64_t verdict_ttl_ms(const struct fixture *fixture) {
    char key[KEY_SIZE];

    key_verdict(pushkey, key);
    return tell(fixture->server, "PTTL %s", key);
}

#endif
