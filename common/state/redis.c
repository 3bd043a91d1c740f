#include "common/state/state.h"

#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/state/keys.h"
#include "common/state/redis_connection.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 24, COMMANDS_A_CALL_MAX = 3, RENEW_PAUSE_MS = 10 * 1000 };

enum call_kind {
    CALL_ASK,
    CALL_WRITE_VERDICT,
    CALL_MARK_SEEN,
    CALL_RENEW_VERDICT,
    CALL_KIND_COUNT
};

static const char *const call_names[] = {[CALL_ASK] = "ask",
                                         [CALL_WRITE_VERDICT] = "write_verdict",
                                         [CALL_MARK_SEEN] = "mark_seen",
                                         [CALL_RENEW_VERDICT] = "renew_verdict"};

struct state {
    struct loop *loop;
    struct redis_connection *connection;
    char refusals[CALL_KIND_COUNT][32]; /* the server's word while it refuses them, else empty */
    int64_t renewed_at_ms;
};

/* One call of a user's, and the commands it takes. */
struct call {
    struct state *state;
    enum call_kind kind;
    state_answered *answered; /* CALL_ASK only */
    state_written *written;   /* otherwise; NULL when nobody waits */
    void *context;
    struct state_answer answer;
    bool has_failed;
    struct error error; /* the first one */
    size_t awaited_count;
    struct redis_command commands[COMMANDS_A_CALL_MAX];
};

struct state *state_open(struct loop *loop, const struct redis_config *config,
                         struct error *error) {
    struct state *state = memory_new(sizeof *state);

    (void)error;
    state->loop = loop;
    state->connection = redis_connection_open(loop, config);
    state->renewed_at_ms = INT64_MIN / 2;
    return state;
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
static void note_refusal(struct state *state, enum call_kind kind, const char *word) {
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
static void judge_server(struct state *state, enum call_kind kind, const struct error *error) {
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

static struct call *call_new(struct state *state, enum call_kind kind, size_t command_count,
                             void *context) {
    struct call *call = memory_new(sizeof *call);

    call->state = state;
    call->kind = kind;
    call->context = context;
    call->awaited_count = command_count;
    return call;
}

static void call_send(struct call *call, size_t index, redis_replied *replied,
                      const struct slice *words, size_t count) {
    struct redis_command *command = &call->commands[index];

    command->replied = replied;
    command->context = call;
    redis_connection_send(call->state->connection, command, words, count);
}

static void call_replied(struct call *call, const struct error *error) {
    if (error != NULL && !call->has_failed) {
        call->has_failed = true;
        call->error = *error;
    }
    if (--call->awaited_count > 0)
        return;
    const struct error *failure = call->has_failed ? &call->error : NULL;
    judge_server(call->state, call->kind, failure);
    if (call->has_failed)
        call->answer = (struct state_answer){.known = false};
    if (call->answered != NULL)
        call->answered(call->context, &call->answer);
    else if (call->written != NULL)
        call->written(call->context, failure);
    free(call);
}

/* A verdict that cannot be read is none: then the provider is asked once more. */
static void on_verdict(void *context, const redisReply *reply, const struct error *error) {
    struct call *call = context;

    if (error == NULL && reply->type == REDIS_REPLY_STRING)
        call->answer.has_verdict = verdict_read(
            (struct slice){.data = reply->str, .size = (size_t)reply->len}, &call->answer.verdict);
    call_replied(call, error);
}

static void on_seen(void *context, const redisReply *reply, const struct error *error) {
    struct call *call = context;

    if (error == NULL && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1)
        call->answer.seen = true;
    call_replied(call, error);
}

static void on_written(void *context, const redisReply *reply, const struct error *error) {
    (void)reply;
    call_replied(context, error);
}

void state_ask(struct state *state, const struct state_question *question, state_answered *answered,
               void *context) {
    struct call *call = call_new(state, CALL_ASK, question->asks_seen ? 3 : 1, context);
    int64_t generation = key_seen_generation(loop_wall_ms(state->loop));
    char key[KEY_SIZE];
    char mark[NUMBER_SIZE];

    call->answered = answered;
    call->answer.known = true;
    key_verdict(question->pushkey, key);
    const struct slice get[] = {slice_of("GET"), slice_of(key)};
    call_send(call, 0, on_verdict, get, 2);
    if (!question->asks_seen)
        return;
    snprintf(mark, sizeof mark, "%" PRId64, question->seen);
    for (size_t i = 0; i < 2; i++) {
        key_seen(question->seen, generation - (int64_t)i, key);
        const struct slice look_up[] = {slice_of("SISMEMBER"), slice_of(key), slice_of(mark)};
        call_send(call, 1 + i, on_seen, look_up, 3);
    }
}

void state_write_verdict(struct state *state, const char *pushkey, const struct verdict *verdict,
                         state_written *written, void *context) {
    struct call *call = call_new(state, CALL_WRITE_VERDICT, 1, context);
    struct buffer value = {0};
    char key[KEY_SIZE];
    char lifetime[NUMBER_SIZE];

    call->written = written;
    key_verdict(pushkey, key);
    verdict_write(verdict, &value);
    snprintf(lifetime, sizeof lifetime, "%" PRId64, verdict_lifetime_ms(verdict));
    const struct slice set[] = {slice_of("SET"), slice_of(key), buffer_slice(&value),
                                slice_of("PX"), slice_of(lifetime)};
    call_send(call, 0, on_written, set, 5);
    buffer_free(&value);
}

void state_mark_seen(struct state *state, int64_t seen, state_written *written, void *context) {
    struct call *call = call_new(state, CALL_MARK_SEEN, 2, context);
    int64_t generation = key_seen_generation(loop_wall_ms(state->loop));
    char key[KEY_SIZE];
    char mark[NUMBER_SIZE];
    char expiry[NUMBER_SIZE];

    call->written = written;
    key_seen(seen, generation, key);
    snprintf(mark, sizeof mark, "%" PRId64, seen);
    snprintf(expiry, sizeof expiry, "%" PRId64, key_seen_expiry_ms(generation));
    const struct slice add[] = {slice_of("SADD"), slice_of(key), slice_of(mark)};
    const struct slice expire[] = {slice_of("PEXPIREAT"), slice_of(key), slice_of(expiry)};
    call_send(call, 0, on_written, add, 3);
    call_send(call, 1, on_written, expire, 3);
}

void state_renew_verdict(struct state *state, const char *pushkey, const struct verdict *verdict) {
    char key[KEY_SIZE];
    char lifetime[NUMBER_SIZE];

    if (verdict->pushkey_ts_ms == 0)
        return;
    struct call *call = call_new(state, CALL_RENEW_VERDICT, 1, NULL);
    key_verdict(pushkey, key);
    snprintf(lifetime, sizeof lifetime, "%" PRId64, verdict_lifetime_ms(verdict));
    const struct slice expire[] = {slice_of("PEXPIRE"), slice_of(key), slice_of(lifetime)};
    call_send(call, 0, on_written, expire, 3);
}
