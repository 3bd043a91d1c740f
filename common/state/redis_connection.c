#include "common/state/redis_connection.h"

#include "common/base/log.h"
#include "common/base/loop_ev.h"
#include "common/base/memory.h"
#include "common/state/resolver.h"

#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BACKOFF_FIRST_MS = 100, BACKOFF_MAX_MS = 2000 };

enum phase {
    PHASE_WAITING,   /* for the next attempt */
    PHASE_RESOLVING, /* the host's name */
    PHASE_GREETING,  /* connecting, AUTH, SELECT, PING */
    PHASE_UP,
};

TAILQ_HEAD(command_list, redis_command);

struct redis_connection {
    struct loop *loop;
    struct redis_config config; /* its strings are ours */
    enum phase phase;
    struct resolver *resolver;
    struct redisAsyncContext *redis; /* NULL unless greeting or up */
    struct timer *attempt;           /* the next one, or the end of a greeting's patience */
    size_t attempt_count;            /* without a success */
    struct command_list sent;        /* oldest first; all have the same time to live */
    size_t sent_count;
    struct timer *expiry;
    const struct redis_command *overdue;
    struct command_list refused; /* to be answered in the next turn */
    struct timer *refusal;
    struct error away;
    struct error saturated;
    struct error told; /* the trouble last logged */
};

static void enter(struct redis_connection *connection, enum phase phase) {
    bool was_up = connection->phase == PHASE_UP;

    connection->phase = phase;
    if (phase == PHASE_UP) {
        connection->attempt_count = 0;
        connection->told.text[0] = '\0';
        log_info("redis_available", log_text("host", connection->config.host),
                 log_number("port", connection->config.port));
    } else if (phase == PHASE_WAITING &&
               (was_up || strcmp(connection->told.text, connection->away.text) != 0)) {
        connection->told = connection->away;
        log_warning("redis_unavailable", log_text("host", connection->config.host),
                    log_number("port", connection->config.port),
                    log_text("reason", connection->away.text));
    }
}

/* Doubles, and spreads over its upper half, so that a fleet does not come back as one. */
static int64_t backoff_ms(struct redis_connection *connection) {
    int64_t most_ms = BACKOFF_FIRST_MS;
    uint32_t random = 0;

    for (size_t i = 1; i < connection->attempt_count && most_ms < BACKOFF_MAX_MS; i++)
        most_ms *= 2;
    if (most_ms > BACKOFF_MAX_MS)
        most_ms = BACKOFF_MAX_MS;
    loop_random(connection->loop, &random, sizeof random);
    return most_ms / 2 + random % (most_ms / 2 + 1);
}

/* Lets go of the server, if there is one, and of everything it still owes. connection->away says
 * why. */
static void retreat(struct redis_connection *connection) {
    struct redisAsyncContext *redis = connection->redis;

    connection->redis = NULL;
    connection->attempt_count++;
    enter(connection, PHASE_WAITING);
    timer_start(connection->attempt, backoff_ms(connection));
    if (redis != NULL)
        redisAsyncFree(redis);
}

static void refuse(struct redis_connection *connection, struct redis_command *command,
                   const struct error *error) {
    command->refusal = error;
    TAILQ_INSERT_TAIL(&connection->refused, command, link);
    if (!timer_is_running(connection->refusal))
        timer_start(connection->refusal, 0);
}

static void answer_refused(struct redis_connection *connection) {
    struct command_list batch = TAILQ_HEAD_INITIALIZER(batch);
    struct redis_command *command = NULL;

    TAILQ_CONCAT(&batch, &connection->refused, link);
    while ((command = TAILQ_FIRST(&batch)) != NULL) {
        struct error error = *command->refusal;
        TAILQ_REMOVE(&batch, command, link);
        command->replied(command->context, NULL, &error);
    }
}

static void on_refusal(void *context) {
    answer_refused(context);
}

static void expect_expiry(struct redis_connection *connection) {
    struct redis_command *oldest = TAILQ_FIRST(&connection->sent);

    if (oldest != NULL)
        timer_start(connection->expiry, oldest->deadline_ms - loop_monotonic_ms(connection->loop));
}

/* When the loop was held up, the replies may well be there and only not read yet: a command is
 * overdue when it still is a turn later. */
static void on_expiry(void *context) {
    struct redis_connection *connection = context;
    const struct redis_command *oldest = TAILQ_FIRST(&connection->sent);

    if (oldest == NULL || oldest->deadline_ms > loop_monotonic_ms(connection->loop)) {
        expect_expiry(connection);
    } else if (connection->overdue != oldest) {
        connection->overdue = oldest;
        timer_start(connection->expiry, 0);
    } else {
        error_set(&connection->away, ERROR_TIMEOUT, "no answer within %" PRId64 " ms",
                  connection->config.timeout_ms);
        retreat(connection);
    }
}

static void on_reply(struct redisAsyncContext *redis, void *data, void *context) {
    struct redis_command *command = context;
    struct redis_connection *connection = command->connection;
    const redisReply *reply = data;
    struct error error = connection->away;

    if (connection->overdue == command)
        connection->overdue = NULL;
    TAILQ_REMOVE(&connection->sent, command, link);
    connection->sent_count--;
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
        error_set(&error, ERROR_REFUSED, "%s", reply->str);
    else if (reply == NULL && redis->err != 0)
        error_set(&error, ERROR_UNAVAILABLE, "%s", redis->errstr);
    command->replied(command->context, reply,
                     reply == NULL || reply->type == REDIS_REPLY_ERROR ? &error : NULL);
}

static void on_greeting(struct redisAsyncContext *redis, void *data, void *context) {
    struct redis_connection *connection = redis->data;
    const redisReply *reply = data;
    const char *word = context;

    if (connection->redis != redis || reply == NULL)
        return;
    if (reply->type == REDIS_REPLY_ERROR) {
        error_set(&connection->away, ERROR_UNAVAILABLE, "%s: %s", word, reply->str);
        retreat(connection);
    } else if (strcmp(word, "PING") == 0) {
        timer_stop(connection->attempt);
        enter(connection, PHASE_UP);
    }
}

static void greet(struct redis_connection *connection) {
    const struct redis_config *config = &connection->config;

    if (config->password != NULL && config->username != NULL)
        redisAsyncCommand(connection->redis, on_greeting, "AUTH", "AUTH %s %s", config->username,
                          config->password);
    else if (config->password != NULL)
        redisAsyncCommand(connection->redis, on_greeting, "AUTH", "AUTH %s", config->password);
    if (config->database != 0)
        redisAsyncCommand(connection->redis, on_greeting, "SELECT", "SELECT %lld",
                          (long long)config->database);
    redisAsyncCommand(connection->redis, on_greeting, "PING", "PING");
}

/* hiredis frees the context after either of these two. */
static void on_gone(const struct redisAsyncContext *redis, int status) {
    struct redis_connection *connection = redis->data;

    (void)status;
    if (connection->redis != redis)
        return;
    connection->redis = NULL;
    error_set(&connection->away, ERROR_UNAVAILABLE, "%s",
              redis->err != 0 ? redis->errstr : "the server closed the connection");
    retreat(connection);
}

static void on_connected(const struct redisAsyncContext *redis, int status) {
    struct redis_connection *connection = redis->data;

    if (status != REDIS_OK)
        on_gone(redis, status);
    else if (connection->redis == redis)
        greet(connection);
}

static void connect_to(struct redis_connection *connection, const char *address) {
    struct redisAsyncContext *redis = redisAsyncConnect(address, (int)connection->config.port);

    if (redis == NULL)
        abort();
    if (redis->err != 0) {
        error_set(&connection->away, ERROR_UNAVAILABLE, "%s", redis->errstr);
        redisAsyncFree(redis);
        retreat(connection);
        return;
    }
    enter(connection, PHASE_GREETING);
    connection->redis = redis;
    redis->data = connection;
    redisLibevAttach(loop_ev(connection->loop), redis);
    redisAsyncSetConnectCallback(redis, on_connected);
    redisAsyncSetDisconnectCallback(redis, on_gone);
    timer_start(connection->attempt, connection->config.timeout_ms);
}

/* Each attempt takes the next address of the name, so that one that is dead is passed over. */
static void on_resolved(void *context, const struct resolver_addresses *addresses,
                        const struct error *error) {
    struct redis_connection *connection = context;

    if (addresses != NULL) {
        connect_to(connection, addresses->texts[connection->attempt_count % addresses->count]);
        return;
    }
    connection->away = *error;
    retreat(connection);
}

static void on_attempt(void *context) {
    struct redis_connection *connection = context;

    if (connection->phase == PHASE_GREETING) {
        error_set(&connection->away, ERROR_TIMEOUT, "no greeting within %" PRId64 " ms",
                  connection->config.timeout_ms);
        retreat(connection);
        return;
    }
    enter(connection, PHASE_RESOLVING);
    resolver_ask(connection->resolver, connection->config.host);
}

static void forget_login(struct redis_connection *connection) {
    free(connection->config.username);
    memory_free_secret(connection->config.password);
}

static char *copy_text(const char *text) {
    return text == NULL ? NULL : memory_copy_text(text);
}

static void take_login(struct redis_connection *connection, const struct redis_config *config) {
    connection->config.username = copy_text(config->username);
    connection->config.password = copy_text(config->password);
}

void redis_connection_set_login(struct redis_connection *connection,
                                const struct redis_config *config) {
    forget_login(connection);
    take_login(connection, config);
}

struct redis_connection *redis_connection_open(struct loop *loop,
                                               const struct redis_config *config) {
    struct redis_connection *connection = memory_new(sizeof *connection);

    connection->loop = loop;
    connection->config = *config;
    connection->config.host = memory_copy_text(config->host);
    take_login(connection, config);
    connection->resolver = resolver_new(loop, on_resolved, connection);
    connection->attempt = timer_new(loop, on_attempt, connection);
    connection->expiry = timer_new(loop, on_expiry, connection);
    connection->refusal = timer_new(loop, on_refusal, connection);
    TAILQ_INIT(&connection->sent);
    TAILQ_INIT(&connection->refused);
    error_set(&connection->away, ERROR_UNAVAILABLE, "not connected yet");
    error_set(&connection->saturated, ERROR_UNAVAILABLE, "%d commands wait for the server",
              REDIS_COMMANDS_MAX);
    timer_start(connection->attempt, 0);
    return connection;
}

void redis_connection_close(struct redis_connection *connection) {
    struct redisAsyncContext *redis = connection->redis;

    connection->phase = PHASE_WAITING;
    connection->redis = NULL;
    error_set(&connection->away, ERROR_UNAVAILABLE, "closed");
    if (redis != NULL)
        redisAsyncFree(redis);
    while (!TAILQ_EMPTY(&connection->refused))
        answer_refused(connection);
    timer_free(connection->attempt);
    timer_free(connection->expiry);
    timer_free(connection->refusal);
    resolver_free(connection->resolver);
    free(connection->config.host);
    forget_login(connection);
    free(connection);
}

bool redis_connection_is_up(const struct redis_connection *connection) {
    return connection->phase == PHASE_UP;
}

void redis_connection_send(struct redis_connection *connection, struct redis_command *command,
                           const struct slice *words, size_t count) {
    const char *texts[REDIS_WORDS_MAX];
    size_t sizes[REDIS_WORDS_MAX];

    for (size_t i = 0; i < count; i++) {
        texts[i] = words[i].data;
        sizes[i] = words[i].size;
    }
    command->connection = connection;
    if (connection->phase != PHASE_UP) {
        refuse(connection, command, &connection->away);
    } else if (connection->sent_count == REDIS_COMMANDS_MAX) {
        refuse(connection, command, &connection->saturated);
    } else if (redisAsyncCommandArgv(connection->redis, on_reply, command, (int)count, texts,
                                     sizes) != REDIS_OK) {
        refuse(connection, command, &connection->away);
    } else {
        command->deadline_ms = loop_monotonic_ms(connection->loop) + connection->config.timeout_ms;
        TAILQ_INSERT_TAIL(&connection->sent, command, link);
        connection->sent_count++;
        if (!timer_is_running(connection->expiry))
            expect_expiry(connection);
    }
}

void redis_connection_renew(struct redis_connection *connection, const char *reason) {
    if (connection->phase != PHASE_UP)
        return;
    error_set(&connection->away, ERROR_UNAVAILABLE, "%s", reason);
    retreat(connection);
}
