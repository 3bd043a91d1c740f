/* The state the fleet shares in Redis, as its users see it: look up, mark, judge. redis.c is the
 * real one; the simulation links another. Losing it costs duplicates, never a push: every call is
 * answered, in time, with what is known. All in the loop's thread. */
#ifndef COLUMBA_STATE_STATE_H
#define COLUMBA_STATE_STATE_H

#include "common/base/error.h"
#include "common/base/loop.h"
#include "common/config/config.h"
#include "common/push/gate_entry.h"
#include "common/push/hold.h"
#include "common/push/identity.h"
#include "common/push/verdict.h"

struct state;

/* Connects in the background and reconnects by itself. Copies of config what it needs. */
struct state *state_open(struct loop *loop, const struct redis_config *config);

/* The next connection shows this user and password; nothing else of config is taken. */
void state_set_login(struct state *state, const struct redis_config *config);

/* Answers everything outstanding first. */
void state_close(struct state *state);

/* Whether answers come from the server now (the circuit breaker is closed). */
bool state_is_available(const struct state *state);

/* What there is to be asked of one push. */
struct state_question {
    char pushkey[IDENTITY_PUSHKEY_SIZE]; /* h */
    bool asks_hold;
    bool asks_seen;
    int64_t seen; /* identity_event or identity_record */
};

struct state_answer {
    bool known; /* false: the server did not answer; nothing below is set */
    bool has_verdict;
    bool has_hold;
    bool seen;
    struct verdict verdict;
    struct hold hold;
};

typedef void state_answered(void *context, const struct state_answer *answer);

/* Calls back exactly once, within the time-out, never within this call. Pipelined: calls of one
 * turn of the loop share a round trip. */
void state_ask(struct state *state, const struct state_question *question, state_answered *answered,
               void *context);

/* error is NULL when the server has written. */
typedef void state_written(void *context, const struct error *error);

/* All are idempotent and call back exactly once, never within this call. A hold is merged with the
 * one that is there: of each time the later one stays. */
void state_write_verdict(struct state *state, const char *pushkey, const struct verdict *verdict,
                         state_written *written, void *context);
void state_write_hold(struct state *state, const char *pushkey, const struct hold *hold,
                      int64_t lifetime_ms, state_written *written, void *context);
void state_mark_seen(struct state *state, int64_t seen, state_written *written, void *context);

/* Gives a verdict that was just hit its whole lifetime again; nobody waits for it. One that
 * verdict_is_renewed is false of is left to end, so that one push probes again. */
void state_renew_verdict(struct state *state, const char *pushkey, const struct verdict *verdict);

/* ---- The fleet ---- */

/* known is false when the server did not answer; entries are borrowed for the call. */
typedef void state_gates_read(void *context, bool known, const struct gate_entry *entries,
                              size_t count);

/* All entries of a lane, void ones too. */
void state_read_gates(struct state *state, const char *lane, state_gates_read *read, void *context);

/* Nobody waits for these. */
void state_write_gate(struct state *state, const char *lane, const struct gate_entry *entry);
void state_remove_gate(struct state *state, const char *lane, const char *name);

/* Whether the holder is the one who probes that gate until the lease ends: one of the fleet is. */
typedef void state_leased(void *context, bool known, bool granted);
void state_take_lease(struct state *state, const char *lane, const char *name, const char *holder,
                      int64_t lease_ms, state_leased *leased, void *context);

/* How a dispatcher is, as JSON; borrowed for the call. */
struct state_member {
    struct slice instance;
    struct slice status;
};
typedef void state_members_read(void *context, bool known, const struct state_member *members,
                                size_t count);

/* Of a dispatcher that does not publish any more, what it said last is told for as long as the
 * server has it: whoever reads goes by the time in it. Nobody waits for a write. */
void state_publish_member(struct state *state, const char *instance, struct slice status);
void state_remove_member(struct state *state, const char *instance);
void state_read_members(struct state *state, state_members_read *read, void *context);

#endif
