/* One call of a user's and the commands it takes: what redis.c and redis_fleet.c are written with.
 */
#ifndef COLUMBA_STATE_REDIS_CALL_H
#define COLUMBA_STATE_REDIS_CALL_H

#include "common/state/redis_connection.h"
#include "common/state/state.h"

enum { REDIS_NUMBER_SIZE = 24, REDIS_CALL_COMMANDS_MAX = 3 };

enum redis_call_kind {
    REDIS_ASK,
    REDIS_WRITE_VERDICT,
    REDIS_WRITE_HOLD,
    REDIS_MARK_SEEN,
    REDIS_RENEW_VERDICT,
    REDIS_READ_GATES,
    REDIS_WRITE_GATE,
    REDIS_TAKE_LEASE,
    REDIS_PUBLISH_MEMBER,
    REDIS_READ_MEMBERS,
    REDIS_CALL_KIND_COUNT
};

struct redis_call {
    struct state *state;
    enum redis_call_kind kind;
    /* Tells the user: error is NULL when the server did all of it. NULL when nobody waits. */
    void (*finish)(struct redis_call *call, const struct error *error);
    union {
        state_answered *answered;
        state_written *written;
        state_leased *leased;
        state_gates_read *gates_read;
        state_members_read *members_read;
    } user;
    void *context;
    union {
        struct state_answer answer;
        bool granted;
        struct {
            void *items;
            size_t count;
        } list; /* freed with the call */
    } result;
    bool has_failed;
    struct error error; /* the first one */
    size_t awaited_count;
    struct redis_command commands[REDIS_CALL_COMMANDS_MAX];
};

/* Frees itself once that many commands were replied to. */
struct redis_call *redis_call_new(struct state *state, enum redis_call_kind kind,
                                  size_t command_count, void *context);

void redis_call_send(struct redis_call *call, size_t index, redis_replied *replied,
                     const struct slice *words, size_t count);

/* To be told of every reply, by whoever has read it. */
void redis_call_replied(struct redis_call *call, const struct error *error);

/* A reply of which nothing matters but whether it is an error. */
void redis_call_done(void *context, const redisReply *reply, const struct error *error);

/* finish of a call whose user waits for state_written; user.written may be NULL. */
void redis_call_tell_written(struct redis_call *call, const struct error *error);

struct slice redis_reply_text(const redisReply *reply);

struct loop *redis_loop(const struct state *state);

#endif
