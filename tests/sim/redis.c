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

enum { KEY_SIZE = GATE_NAME_SIZE + 32 };

struct lease {
    int64_t until_ms;
    int holder;
};

struct kept {
    char key[KEY_SIZE];
    union {
        struct verdict verdict;
        struct hold hold;
        struct gate_entry gate;
        struct lease lease;
    };
    UT_hash_handle hh;
};

static struct {
    struct kept *marks; /* by what was seen */
    struct kept *verdicts;
    struct kept *holds;
    struct kept *gates; /* by lane and name, as are leases */
    struct kept *leases;
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

static struct kept *find(struct kept *all, const char *key) {
    struct kept *kept = NULL;

    HASH_FIND_STR(all, key, kept);
    return kept;
}

static struct kept *find_or_add(struct kept **all, const char *key) {
    struct kept *kept = find(*all, key);

    if (kept != NULL)
        return kept;
    kept = memory_new(sizeof *kept);
    snprintf(kept->key, sizeof kept->key, "%s", key);
    HASH_ADD_STR(*all, key, kept);
    return kept;
}

static void forget(struct kept **all) {
    struct kept *kept = NULL;
    struct kept *next = NULL;

    HASH_ITER(hh, *all, kept, next) {
        HASH_DEL(*all, kept);
        free(kept);
    }
}

void redis_reset(void) {
    forget(&server.marks);
    forget(&server.verdicts);
    forget(&server.holds);
    forget(&server.gates);
    forget(&server.leases);
}

struct state *state_open(struct loop *loop, const struct redis_config *config) {
    struct state *state = memory_new(sizeof *state);

    (void)config;
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
    size_t count = 0;

    for (const struct kept *kept = server.gates; kept != NULL; kept = kept->hh.next)
        if (call->known && strncmp(kept->key, call->lane, strlen(call->lane)) == 0)
            entries[count++] = kept->gate;
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

static void mark_key(int64_t seen, char out[KEY_SIZE]) {
    snprintf(out, KEY_SIZE, "%lld", (long long)seen);
}

void state_ask(struct state *state, const struct state_question *question, state_answered *answered,
               void *context) {
    struct call *call = call_new(state, context);
    char mark[KEY_SIZE];

    call->answered = answered;
    call->answer.known = call->known;
    conduct_told_hold(state->process->world, state->process, question->pushkey, 0);
    if (!call->known)
        return;
    const struct kept *verdict = find(server.verdicts, question->pushkey);
    call->answer.has_verdict = verdict != NULL;
    if (verdict != NULL)
        call->answer.verdict = verdict->verdict;
    mark_key(question->seen, mark);
    call->answer.seen = question->asks_seen && find(server.marks, mark) != NULL;
    const struct kept *hold = question->asks_hold ? find(server.holds, question->pushkey) : NULL;
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

    call->written = written;
    state->process->world->verdicts++;
    promises_judged(state->process->world, pushkey, verdict->pushkey_ts_ms);
    if (!call->known)
        return;
    find_or_add(&server.verdicts, pushkey)->verdict = *verdict;
}

void state_mark_seen(struct state *state, int64_t seen, state_written *written, void *context) {
    struct call *call = call_new(state, context);
    char mark[KEY_SIZE];

    state->process->world->marks++;
    call->written = written;
    if (!call->known)
        return;
    mark_key(seen, mark);
    find_or_add(&server.marks, mark);
}

void state_renew_verdict(struct state *state, const char *pushkey, const struct verdict *verdict) {
    (void)state;
    (void)pushkey;
    (void)verdict;
}

void state_write_hold(struct state *state, const char *pushkey, const struct hold *hold,
                      int64_t lifetime_ms, state_written *written, void *context) {
    struct call *call = call_new(state, context);

    (void)lifetime_ms;
    call->written = written;
    conduct_held(state->process->world, pushkey, hold->until_ms);
    if (!call->known)
        return;
    struct hold *kept = &find_or_add(&server.holds, pushkey)->hold;
    if (hold->until_ms > kept->until_ms)
        kept->until_ms = hold->until_ms;
    if (hold->newest_ms > kept->newest_ms)
        kept->newest_ms = hold->newest_ms;
}

/* ---- The fleet ---- */

static void gate_key(const char *lane, const char *name, char out[KEY_SIZE]) {
    snprintf(out, KEY_SIZE, "%s:%s", lane, name);
}

void state_read_gates(struct state *state, const char *lane, state_gates_read *read,
                      void *context) {
    struct call *call = call_new(state, context);

    call->gates_read = read;
    snprintf(call->lane, sizeof call->lane, "%s:", lane);
}

void state_write_gate(struct state *state, const char *lane, const struct gate_entry *entry) {
    char key[KEY_SIZE];

    if (state->process->world->weather->redis_away)
        return;
    gate_key(lane, entry->name, key);
    find_or_add(&server.gates, key)->gate = *entry;
}

void state_remove_gate(struct state *state, const char *lane, const char *name) {
    char key[KEY_SIZE];

    gate_key(lane, name, key);
    struct kept *gate = find(server.gates, key);
    if (gate == NULL || state->process->world->weather->redis_away)
        return;
    HASH_DEL(server.gates, gate);
    free(gate);
}

void state_take_lease(struct state *state, const char *lane, const char *name, const char *holder,
                      int64_t lease_ms, state_leased *leased, void *context) {
    struct call *call = call_new(state, context);
    struct world *world = state->process->world;
    char key[KEY_SIZE];

    (void)holder;
    call->leased = leased;
    if (!call->known)
        return;
    gate_key(lane, name, key);
    struct lease *lease = &find_or_add(&server.leases, key)->lease;
    call->granted = lease->until_ms <= world->now_ms;
    if (!call->granted)
        return;
    lease->until_ms = world->now_ms + lease_ms;
    lease->holder = state->process->number;
}

bool redis_has_lease(const char *lane, const char *app, int process) {
    char key[KEY_SIZE];
    size_t size = (size_t)snprintf(key, sizeof key, "%s:%s|", lane, app);

    for (const struct kept *kept = server.leases; kept != NULL; kept = kept->hh.next)
        if (strncmp(kept->key, key, size) == 0 && kept->lease.holder == process)
            return true;
    return false;
}
