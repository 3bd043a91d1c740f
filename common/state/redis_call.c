#include "common/state/redis_call.h"

#include "common/base/log.h"
#include "common/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RENEW_PAUSE_MS = 10 * 1000 };

static const char *const call_names[] = {[REDIS_ASK] = "ask",
                                         [REDIS_WRITE_VERDICT] = "write_verdict",
                                         [REDIS_WRITE_HOLD] = "write_hold",
                                         [REDIS_MARK_SEEN] = "mark_seen",
                                         [REDIS_RENEW_VERDICT] = "renew_verdict",
                                         [REDIS_READ_GATES] = "read_gates",
                                         [REDIS_WRITE_GATE] = "write_gate",
                                         [REDIS_TAKE_LEASE] = "take_lease",
                                         [REDIS_PUBLISH_MEMBER] = "publish_member",
                                         [REDIS_READ_MEMBERS] = "read_members"};

struct state {
    struct loop *loop;
    struct redis_connection *connection;
    char refusals[REDIS_CALL_KIND_COUNT][32]; /* the server's word while it refuses, else empty */
    int64_t renewed_at_ms;
};

struct state *state_open(struct loop *loop, const struct redis_config *config) {
    struct state *state = memory_new(sizeof *state);

    state->loop = loop;
    state->connection = redis_connection_open(loop, config);
    state->renewed_at_ms = INT64_MIN / 2;
    return state;
}

void state_set_login(struct state *state, const struct redis_config *config) {
    redis_connection_set_login(state->connection, config);
}

void state_close(struct state *state) {
    if (state == NULL)
        return;
    redis_connection_close(state->connection);
    free(state);
}

bool state_is_available(const struct state *state) {
    return redis_connection_is_up(state->connection);
}

/* Logs when the server begins to refuse, changes its word for it, or stops. */
static void note_refusal(struct state *state, enum redis_call_kind kind, const char *word) {
    char *noted = state->refusals[kind];

    if (strcmp(noted, word) == 0)
        return;
    snprintf(noted, sizeof state->refusals[kind], "%s", word);
    if (word[0] != '\0')
        log_warning("redis_refuses", log_text("call", call_names[kind]), log_text("reason", word));
    else
        log_info("redis_refuses_no_more", log_text("call", call_names[kind]));
}

/* READONLY is what a client hears that stayed with a server which was the master once. */
static void leave_replica(struct state *state) {
    int64_t now_ms = loop_monotonic_ms(state->loop);

    if (now_ms - state->renewed_at_ms < RENEW_PAUSE_MS)
        return;
    state->renewed_at_ms = now_ms;
    redis_connection_renew(state->connection, "the server is a replica");
}

/* What the outcome of a call says of the server. error is NULL when it did as it was told. */
static void judge_server(struct state *state, enum redis_call_kind kind,
                         const struct error *error) {
    char word[sizeof state->refusals[0]];

    if (error == NULL) {
        note_refusal(state, kind, "");
        return;
    }
    snprintf(word, sizeof word, "%.*s", (int)strcspn(error->text, " "), error->text);
    /* What is wrong with one key is not wrong with the server. */
    if (error->code != ERROR_REFUSED || strcmp(word, "WRONGTYPE") == 0)
        return;
    note_refusal(state, kind, word);
    if (strcmp(word, "READONLY") == 0)
        leave_replica(state);
}

struct redis_call *redis_call_new(struct state *state, enum redis_call_kind kind,
                                  size_t command_count, void *context) {
    struct redis_call *call = memory_new(sizeof *call);

    call->state = state;
    call->kind = kind;
    call->context = context;
    call->awaited_count = command_count;
    return call;
}

void redis_call_send(struct redis_call *call, size_t index, redis_replied *replied,
                     const struct slice *words, size_t count) {
    struct redis_command *command = &call->commands[index];

    command->replied = replied;
    command->context = call;
    redis_connection_send(call->state->connection, command, words, count);
}

static bool has_list(enum redis_call_kind kind) {
    return kind == REDIS_READ_GATES || kind == REDIS_READ_MEMBERS;
}

void redis_call_replied(struct redis_call *call, const struct error *error) {
    if (error != NULL && !call->has_failed) {
        call->has_failed = true;
        call->error = *error;
    }
    if (--call->awaited_count > 0)
        return;
    const struct error *failure = call->has_failed ? &call->error : NULL;
    judge_server(call->state, call->kind, failure);
    if (call->finish != NULL)
        call->finish(call, failure);
    if (has_list(call->kind))
        free(call->result.list.items);
    free(call);
}

void redis_call_done(void *context, const redisReply *reply, const struct error *error) {
    (void)reply;
    redis_call_replied(context, error);
}

void redis_call_tell_written(struct redis_call *call, const struct error *error) {
    if (call->user.written != NULL)
        call->user.written(call->context, error);
}

struct slice redis_reply_text(const redisReply *reply) {
    return (struct slice){.data = reply->str, .size = (size_t)reply->len};
}

struct loop *redis_loop(const struct state *state) {
    return state->loop;
}
