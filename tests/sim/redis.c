/* state.h, simulated: one server for all processes, which may be away or forget everything. */
#include "common/base/memory.h"
#include "common/state/state.h"
#include "tests/sim/broker.h"
#include "tests/sim/conduct.h"
#include "tests/sim/promises.h"
#include "tests/sim/weather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct mark {
    int64_t seen;
    UT_hash_handle hh;
};

struct kept_hold {
    char pushkey[IDENTITY_PUSHKEY_SIZE];
    struct hold hold;
    UT_hash_handle hh;
};

struct kept_gate {
    char key[GATE_NAME_SIZE + 32]; /* lane and name */
    struct gate_entry entry;
    UT_hash_handle hh;
};

struct kept_lease {
    char key[GATE_NAME_SIZE + 32];
    int64_t until_ms;
    int holder;
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
    struct kept_hold *holds;
    struct kept_gate *gates;
    struct kept_lease *leases;
} server;

struct state {
    struct process *process;
};

struct call {
    struct process *process;
    struct state_question question;
    struct state_answer answer;
    bool known;
    bool is_late; /* the server acts, and who asked does not hear of it in time */
    state_answered *answered;
    state_written *written;
    state_gates_read *gates_read;
    state_leased *leased;
    bool granted;
    char lane[32];
    void *context;
};

enum { TIMEOUT_MS = 250, ROUND_TRIP_MS = 3 };

static void forget_holds(void) {
    struct kept_hold *hold = NULL;
    struct kept_hold *next = NULL;

    HASH_ITER(hh, server.holds, hold, next) {
        HASH_DEL(server.holds, hold);
        free(hold);
    }
}

static void forget_gates(void) {
    struct kept_gate *gate = NULL;
    struct kept_gate *next_gate = NULL;
    struct kept_lease *lease = NULL;
    struct kept_lease *next_lease = NULL;

    HASH_ITER(hh, server.gates, gate, next_gate) {
        HASH_DEL(server.gates, gate);
        free(gate);
    }
    HASH_ITER(hh, server.leases, lease, next_lease) {
        HASH_DEL(server.leases, lease);
        free(lease);
    }
}

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
    forget_holds();
    forget_gates();
}

struct state *state_open(struct loop *loop, const struct redis_config *config,
                         struct error *error) {
    struct state *state = memory_new(sizeof *state);

    (void)config;
    (void)error;
    state->process = world_process(loop);
    return state;
}

void state_set_login(struct state *state, const struct redis_config *config) {
    (void)state;
    (void)config;
}

void state_close(struct state *state) {
    free(state);
}

bool state_is_available(const struct state *state) {
    return !state->process->world->weather->redis_away;
}

static void tell_gates(struct call *call) {
    struct gate_entry *entries = memory_new_array(HASH_COUNT(server.gates) + 1, sizeof *entries);
    struct kept_gate *gate = NULL;
    struct kept_gate *next = NULL;
    size_t count = 0;

    HASH_ITER(hh, server.gates, gate, next)
    if (call->known && strncmp(gate->key, call->lane, strlen(call->lane)) == 0)
        entries[count++] = gate->entry;
    call->gates_read(call->context, call->known, entries, count);
    free(entries);
}

static void reply(void *context) {
    static const struct error away = {.code = ERROR_UNAVAILABLE, .text = "away"};
    struct call *call = context;

    if (call->is_late) {
        call->answer = (struct state_answer){0};
        call->known = call->granted = false;
    }
    if (call->answered != NULL)
        call->answered(call->context, &call->answer);
    if (call->written != NULL)
        call->written(call->context, call->known ? NULL : &away);
    if (call->gates_read != NULL)
        tell_gates(call);
    if (call->leased != NULL)
        call->leased(call->context, call->known, call->granted);
    free(call);
}

/* The server acts at once and the answer takes a while: a crash in between loses only the answer.
 */
static struct call *call_new(struct state *state, void *context) {
    struct call *call = memory_new(sizeof *call);
    struct world *world = state->process->world;

    call->process = state->process;
    call->context = context;
    call->known = !world->weather->redis_away;
    call->is_late = call->known && world->weather->redis_slow && world_chance(world, 50);
    world_schedule(world, state->process,
                   call->known && !call->is_late ? (int64_t)world_random(world, ROUND_TRIP_MS)
                                                 : TIMEOUT_MS,
                   reply, call);
    return call;
}

void state_ask(struct state *state, const struct state_question *question, state_answered *answered,
               void *context) {
    struct call *call = call_new(state, context);
    struct kept_verdict *verdict = NULL;
    struct kept_hold *hold = NULL;
    struct mark *mark = NULL;

    call->answered = answered;
    call->answer.known = call->known;
    conduct_told_hold(state->process->world, state->process, question->pushkey, 0);
    if (!call->known)
        return;
    HASH_FIND_STR(server.verdicts, question->pushkey, verdict);
    if (question->asks_seen)
        HASH_FIND(hh, server.marks, &question->seen, sizeof question->seen, mark);
    call->answer.has_verdict = verdict != NULL;
    if (verdict != NULL)
        call->answer.verdict = verdict->verdict;
    call->answer.seen = mark != NULL;
    if (question->asks_hold)
        HASH_FIND_STR(server.holds, question->pushkey, hold);
    call->answer.has_hold = hold != NULL;
    if (hold == NULL)
        return;
    call->answer.hold = hold->hold;
    if (!call->is_late)
        conduct_told_hold(state->process->world, state->process, question->pushkey,
                          hold->hold.until_ms);
}

void state_write_verdict(struct state *state, const char *pushkey, const struct verdict *verdict,
                         state_written *written, void *context) {
    struct call *call = call_new(state, context);
    struct kept_verdict *kept = NULL;

    call->written = written;
    promises_judged(state->process->world, pushkey, verdict->pushkey_ts_ms);
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

void state_write_hold(struct state *state, const char *pushkey, const struct hold *hold,
                      int64_t lifetime_ms, state_written *written, void *context) {
    struct call *call = call_new(state, context);
    struct kept_hold *kept = NULL;

    (void)lifetime_ms;
    call->written = written;
    conduct_held(state->process->world, pushkey, hold->until_ms);
    if (!call->known)
        return;
    HASH_FIND_STR(server.holds, pushkey, kept);
    if (kept == NULL) {
        kept = memory_new(sizeof *kept);
        memcpy(kept->pushkey, pushkey, sizeof kept->pushkey);
        HASH_ADD_STR(server.holds, pushkey, kept);
    }
    if (hold->until_ms > kept->hold.until_ms)
        kept->hold.until_ms = hold->until_ms;
    if (hold->newest_ms > kept->hold.newest_ms)
        kept->hold.newest_ms = hold->newest_ms;
}

/* ---- The fleet ---- */

static void gate_key(const char *lane, const char *name, char out[GATE_NAME_SIZE + 32]) {
    snprintf(out, GATE_NAME_SIZE + 32, "%s:%s", lane, name);
}

void state_read_gates(struct state *state, const char *lane, state_gates_read *read,
                      void *context) {
    struct call *call = call_new(state, context);

    call->gates_read = read;
    snprintf(call->lane, sizeof call->lane, "%s:", lane);
}

void state_write_gate(struct state *state, const char *lane, const struct gate_entry *entry) {
    char key[GATE_NAME_SIZE + 32];
    struct kept_gate *gate = NULL;

    if (state->process->world->weather->redis_away)
        return;
    gate_key(lane, entry->name, key);
    HASH_FIND_STR(server.gates, key, gate);
    if (gate == NULL) {
        gate = memory_new(sizeof *gate);
        memcpy(gate->key, key, sizeof gate->key);
        HASH_ADD_STR(server.gates, key, gate);
    }
    gate->entry = *entry;
}

void state_remove_gate(struct state *state, const char *lane, const char *name) {
    char key[GATE_NAME_SIZE + 32];
    struct kept_gate *gate = NULL;

    gate_key(lane, name, key);
    HASH_FIND_STR(server.gates, key, gate);
    if (gate == NULL || state->process->world->weather->redis_away)
        return;
    HASH_DEL(server.gates, gate);
    free(gate);
}

void state_take_lease(struct state *state, const char *lane, const char *name, const char *holder,
                      int64_t lease_ms, state_leased *leased, void *context) {
    struct call *call = call_new(state, context);
    struct world *world = state->process->world;
    char key[GATE_NAME_SIZE + 32];
    struct kept_lease *lease = NULL;

    (void)holder;
    call->leased = leased;
    if (!call->known)
        return;
    gate_key(lane, name, key);
    HASH_FIND_STR(server.leases, key, lease);
    if (lease == NULL) {
        lease = memory_new(sizeof *lease);
        memcpy(lease->key, key, sizeof lease->key);
        HASH_ADD_STR(server.leases, key, lease);
    }
    call->granted = lease->until_ms <= world->now_ms;
    if (!call->granted)
        return;
    lease->until_ms = world->now_ms + lease_ms;
    lease->holder = state->process->number;
}

bool redis_has_lease(const char *lane, const char *app, int process) {
    char key[GATE_NAME_SIZE + 32];
    size_t size = (size_t)snprintf(key, sizeof key, "%s:%s|", lane, app);

    for (const struct kept_lease *lease = server.leases; lease != NULL; lease = lease->hh.next)
        if (strncmp(lease->key, key, size) == 0 && lease->holder == process)
            return true;
    return false;
}
