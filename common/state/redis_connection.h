/* One connection to Redis that looks after itself: it connects again by itself, gives every command
 * a time-out, and while the server is away answers at once instead of waiting for it. */
#ifndef COLUMBA_STATE_REDIS_CONNECTION_H
#define COLUMBA_STATE_REDIS_CONNECTION_H

#include "common/base/error.h"
#include "common/base/loop.h"
#include "common/config/config.h"

#include <hiredis/hiredis.h>
#include <sys/queue.h>

struct redis_connection;

/* reply is NULL and error set when the server did not answer; a reply that is an error of the
 * server's comes as both. Borrowed for the call. */
typedef void redis_replied(void *context, const redisReply *reply, const struct error *error);

/* A command under way. The caller's memory, until replied is called. */
struct redis_command {
    redis_replied *replied;
    void *context;
    struct redis_connection *connection;
    TAILQ_ENTRY(redis_command) link;
    int64_t deadline_ms;
    const struct error *refusal;
};

enum { REDIS_WORDS_MAX = 8, REDIS_COMMANDS_MAX = 10000 };

struct redis_connection *redis_connection_open(struct loop *loop,
                                               const struct redis_config *config);

/* Takes over the user and password of config, for the next connection. */
void redis_connection_set_login(struct redis_connection *connection,
                                const struct redis_config *config);

/* Answers every command under way first. */
void redis_connection_close(struct redis_connection *connection);

/* Whether the server answered when it was last asked. */
bool redis_connection_is_up(const struct redis_connection *connection);

/* Calls back exactly once, never within this call, within the time-out. Commands of one turn of
 * the loop leave together. While the server is away, or with REDIS_COMMANDS_MAX under way, the
 * call back comes in the next turn. */
void redis_connection_send(struct redis_connection *connection, struct redis_command *command,
                           const struct slice *words, size_t count);

/* Gives this connection up for a new one, perhaps to another server behind the same name. */
void redis_connection_renew(struct redis_connection *connection, const char *reason);

#endif
