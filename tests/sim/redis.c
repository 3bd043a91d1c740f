/* state.h, simulated: one server for all processes, which may be away or forget everything. */
#include "common/base/memory.h"
#include "common/state/state.h"
#include "tests/sim/world.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct mark {
    int64_t seen;
    UT_hash_handle hh;
};

struct kept_verdict {
    char pushkey[IDENTITY_PUSHKEY_SIZE];
    struct verdict verdict;
    UT_hash_handle hh;
};

static struct {
    struct mark *marks;
    struct kept_verdict *verdicts;
} server;

struct state {
    struct process *process;
};

struct call {
    struct process *process;
    struct state_question question;
    struct state_answer answer;
    bool known;
    state_answered *answered;
    state_written *written;
    void *context;
};

enum { TIMEOUT_MS = 250, ROUND_TRIP_MS = 3 };

void redis_reset(void) {
    struct mark *mark = NULL;
    struct mark *next_mark = NULL;
    struct kept_verdict *verdict = NULL;
    struct kept_verdict *next_verdict = NULL;

    HASH_ITER(hh, server.marks, mark, next_mark) {
        HASH_DEL(server.marks, mark);
        free(mark);
    }
    HASH_ITER(hh, server.verdicts, verdict, next_verdict) {
        HASH_DEL(server.verdicts, verdict);
        free(verdict);
    }
}

struct state *state_open(struct loop *loop, const struct redis_config *config,
                         struct error *error) {
    struct state *state = memory_new(sizeof *state);

    (void)config;
    (void)error;
    state->process = world_process(loop);
    return state;
}

void state_close(struct state *state) {
    free(state);
}

bool state_is_available(const struct state *state) {
    return !state->process->world->redis_away;
}

static void reply(void *context) {
    static const struct error away = {.code = ERROR_UNAVAILABLE, .text = "away"};
    struct call *call = context;

    if (call->answered != NULL)
        call->answered(call->context, &call->answer);
    if (call->written != NULL)
        call->written(call->context, call->known ? NULL : &away);
    free(call);
}

/* The server acts at once and the answer takes a while: a crash in between loses only the answer.
 */
static struct call *call_new(struct state *state, void *context) {
    struct call *call = memory_new(sizeof *call);
    struct world *world = state->process->world;

    call->process = state->process;
    call->context = context;
    call->known = !world->redis_away;
    world_schedule(world, state->process,
                   call->known ? (int64_t)world_random(world, ROUND_TRIP_MS) : TIMEOUT_MS, reply,
                   call);
    return call;
}

void state_ask(struct state *state, const struct state_question *question, state_answered *answered,
               void *context) {
    struct call *call = call_new(state, context);
    struct kept_verdict *verdict = NULL;
    struct mark *mark = NULL;

    call->answered = answered;
    call->answer.known = call->known;
    if (!call->known)
        return;
    HASH_FIND_STR(server.verdicts, question->pushkey, verdict);
    if (question->asks_seen)
        HASH_FIND(hh, server.marks, &question->seen, sizeof question->seen, mark);
    call->answer.has_verdict = verdict != NULL;
    if (verdict != NULL)
        call->answer.verdict = verdict->verdict;
    call->answer.seen = mark != NULL;
}

void state_write_verdict(struct state *state, const char *pushkey, const struct verdict *verdict,
                         state_written *written, void *context) {
    struct call *call = call_new(state, context);
    struct kept_verdict *kept = NULL;

    call->written = written;
    if (!call->known)
        return;
    HASH_FIND_STR(server.verdicts, pushkey, kept);
    if (kept == NULL) {
        kept = memory_new(sizeof *kept);
        memcpy(kept->pushkey, pushkey, sizeof kept->pushkey);
        HASH_ADD_STR(server.verdicts, pushkey, kept);
    }
    kept->verdict = *verdict;
}

void state_mark_seen(struct state *state, int64_t seen, state_written *written, void *context) {
    struct call *call = call_new(state, context);
    struct mark *mark = NULL;

    call->written = written;
    if (!call->known)
        return;
    HASH_FIND(hh, server.marks, &seen, sizeof seen, mark);
    if (mark == NULL) {
        mark = memory_new(sizeof *mark);
        mark->seen = seen;
        HASH_ADD(hh, server.marks, seen, sizeof mark->seen, mark);
    }
}

void state_renew_verdict(struct state *state, const char *pushkey, const struct verdict *verdict) {
    (void)state;
    (void)pushkey;
    (void)verdict;
}
