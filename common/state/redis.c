#include "common/state/state.h"

#include "common/state/keys.h"
#include "common/state/redis_call.h"

#include <inttypes.h>
#include <stdio.h>

static void tell_answer(struct redis_call *call, const struct error *error) {
    if (error != NULL)
        call->result.answer = (struct state_answer){.known = false};
    call->user.answered(call->context, &call->result.answer);
}

static void take_verdict(struct state_answer *answer, const redisReply *reply) {
    answer->has_verdict = reply->type == REDIS_REPLY_STRING &&
                          verdict_read(redis_reply_text(reply), &answer->verdict);
}

static void take_hold(struct state_answer *answer, const redisReply *reply) {
    answer->has_hold =
        reply->type == REDIS_REPLY_STRING && hold_read(redis_reply_text(reply), &answer->hold);
}

/* A verdict that cannot be read is none: then the provider is asked once more. */
static void on_verdict(void *context, const redisReply *reply, const struct error *error) {
    struct redis_call *call = context;

    if (error == NULL)
        take_verdict(&call->result.answer, reply);
    redis_call_replied(call, error);
}

static void on_verdict_and_hold(void *context, const redisReply *reply, const struct error *error) {
    struct redis_call *call = context;

    if (error == NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2) {
        take_verdict(&call->result.answer, reply->element[0]);
        take_hold(&call->result.answer, reply->element[1]);
    }
    redis_call_replied(call, error);
}

static void on_seen(void *context, const redisReply *reply, const struct error *error) {
    struct redis_call *call = context;

    if (error == NULL && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1)
        call->result.answer.seen = true;
    redis_call_replied(call, error);
}

static void ask_pushkey(struct redis_call *call, const struct state_question *question) {
    char verdict[KEY_SIZE];
    char hold[KEY_SIZE];

    key_verdict(question->pushkey, verdict);
    key_hold(question->pushkey, hold);
    const struct slice words[] = {slice_of(question->asks_hold ? "MGET" : "GET"), slice_of(verdict),
                                  slice_of(hold)};
    redis_call_send(call, 0, question->asks_hold ? on_verdict_and_hold : on_verdict, words,
                    question->asks_hold ? 3 : 2);
}

void state_ask(struct state *state, const struct state_question *question, state_answered *answered,
               void *context) {
    struct redis_call *call =
        redis_call_new(state, REDIS_ASK, question->asks_seen ? 3 : 1, context);
    int64_t generation = key_seen_generation(loop_wall_ms(redis_loop(state)));
    char key[KEY_SIZE];
    char mark[REDIS_NUMBER_SIZE];

    call->finish = tell_answer;
    call->user.answered = answered;
    call->result.answer.known = true;
    ask_pushkey(call, question);
    if (!question->asks_seen)
        return;
    snprintf(mark, sizeof mark, "%" PRId64, question->seen);
    for (size_t i = 0; i < 2; i++) {
        key_seen(question->seen, generation - (int64_t)i, key);
        const struct slice look_up[] = {slice_of("SISMEMBER"), slice_of(key), slice_of(mark)};
        redis_call_send(call, 1 + i, on_seen, look_up, 3);
    }
}

/* SET with an expiry; of what was there before nothing remains. */
static void set(struct redis_call *call, const char *key, struct slice value, int64_t lifetime_ms) {
    char lifetime[REDIS_NUMBER_SIZE];

    snprintf(lifetime, sizeof lifetime, "%" PRId64, lifetime_ms);
    const struct slice words[] = {slice_of("SET"), slice_of(key), value, slice_of("PX"),
                                  slice_of(lifetime)};
    redis_call_send(call, 0, redis_call_done, words, 5);
}

static struct redis_call *write_new(struct state *state, enum redis_call_kind kind,
                                    size_t command_count, state_written *written, void *context) {
    struct redis_call *call = redis_call_new(state, kind, command_count, context);

    call->finish = redis_call_tell_written;
    call->user.written = written;
    return call;
}

void state_write_verdict(struct state *state, const char *pushkey, const struct verdict *verdict,
                         state_written *written, void *context) {
    struct redis_call *call = write_new(state, REDIS_WRITE_VERDICT, 1, written, context);
    struct buffer value = {0};
    char key[KEY_SIZE];

    key_verdict(pushkey, key);
    verdict_write(verdict, &value);
    set(call, key, buffer_slice(&value), verdict_lifetime_ms(verdict));
    buffer_free(&value);
}

/* Of each time the later one stays: who has lost its partition, and gets an answer late, must not
 * undo what the new owner has written. The form is hold.h's. */
static const char merge_hold[] =
    "local held = redis.call('GET', KEYS[1]) or ''\n"
    "local function later(name, value)\n"
    "  local kept = string.match(held, '\"' .. name .. '\":(%d+)')\n"
    "  return kept and tonumber(kept) > tonumber(value) and kept or value\n"
    "end\n"
    "return redis.call('SET', KEYS[1], '{\"until\":' .. later('until', ARGV[1])\n"
    "  .. ',\"newest\":' .. later('newest', ARGV[2]) .. '}', 'PX', ARGV[3])\n";

void state_write_hold(struct state *state, const char *pushkey, const struct hold *hold,
                      int64_t lifetime_ms, state_written *written, void *context) {
    struct redis_call *call = write_new(state, REDIS_WRITE_HOLD, 1, written, context);
    char key[KEY_SIZE];
    char until[REDIS_NUMBER_SIZE];
    char newest[REDIS_NUMBER_SIZE];
    char lifetime[REDIS_NUMBER_SIZE];

    key_hold(pushkey, key);
    snprintf(until, sizeof until, "%" PRId64, hold->until_ms);
    snprintf(newest, sizeof newest, "%" PRId64, hold->newest_ms);
    snprintf(lifetime, sizeof lifetime, "%" PRId64, lifetime_ms);
    const struct slice words[] = {slice_of("EVAL"),  slice_of(merge_hold), slice_of("1"),
                                  slice_of(key),     slice_of(until),      slice_of(newest),
                                  slice_of(lifetime)};
    redis_call_send(call, 0, redis_call_done, words, 7);
}

void state_mark_seen(struct state *state, int64_t seen, state_written *written, void *context) {
    struct redis_call *call = write_new(state, REDIS_MARK_SEEN, 2, written, context);
    int64_t generation = key_seen_generation(loop_wall_ms(redis_loop(state)));
    char key[KEY_SIZE];
    char mark[REDIS_NUMBER_SIZE];
    char expiry[REDIS_NUMBER_SIZE];

    key_seen(seen, generation, key);
    snprintf(mark, sizeof mark, "%" PRId64, seen);
    snprintf(expiry, sizeof expiry, "%" PRId64, key_seen_expiry_ms(generation));
    const struct slice add[] = {slice_of("SADD"), slice_of(key), slice_of(mark)};
    const struct slice expire[] = {slice_of("PEXPIREAT"), slice_of(key), slice_of(expiry)};
    redis_call_send(call, 0, redis_call_done, add, 3);
    redis_call_send(call, 1, redis_call_done, expire, 3);
}

void state_renew_verdict(struct state *state, const char *pushkey, const struct verdict *verdict) {
    char key[KEY_SIZE];
    char lifetime[REDIS_NUMBER_SIZE];

    if (!verdict_is_renewed(verdict))
        return;
    struct redis_call *call = redis_call_new(state, REDIS_RENEW_VERDICT, 1, NULL);
    key_verdict(pushkey, key);
    snprintf(lifetime, sizeof lifetime, "%" PRId64, verdict_lifetime_ms(verdict));
    const struct slice expire[] = {slice_of("PEXPIRE"), slice_of(key), slice_of(lifetime)};
    redis_call_send(call, 0, redis_call_done, expire, 3);
}
