/* The state the fleet shares in Redis, as its users see it: look up, mark, judge. redis.c is the
 * real one; the simulation links another. Losing it costs duplicates, never a push: every call is
 * answered, in time, with what is known. All in the loop's thread. */
#ifndef COLUMBA_STATE_STATE_H
#define COLUMBA_STATE_STATE_H

#include "common/base/error.h"
#include "common/base/loop.h"
#include "common/config/config.h"
#include "common/push/identity.h"
#include "common/push/verdict.h"

struct state;

/* Connects in the background and reconnects by itself; a server that is away is no error. */
struct state *state_open(struct loop *loop, const struct redis_config *config, struct error *error);

/* Answers everything outstanding first. */
void state_close(struct state *state);

/* Whether answers come from the server now (the circuit breaker is closed). */
bool state_is_available(const struct state *state);

/* What there is to be asked of one push. */
struct state_question {
    char pushkey[IDENTITY_PUSHKEY_SIZE]; /* h */
    bool asks_seen;
    int64_t seen; /* identity_event or identity_record */
};

struct state_answer {
    bool known; /* false: the server did not answer; nothing below is set */
    bool has_verdict;
    bool seen;
    struct verdict verdict;
};

typedef void state_answered(void *context, const struct state_answer *answer);

/* Calls back exactly once, within the time-out, never within this call. Pipelined: calls of one
 * turn of the loop share a round trip. */
void state_ask(struct state *state, const struct state_question *question, state_answered *answered,
               void *context);

/* error is NULL when the server has written. */
typedef void state_written(void *context, const struct error *error);

/* Both are idempotent and call back exactly once, never within this call. */
void state_write_verdict(struct state *state, const char *pushkey, const struct verdict *verdict,
                         state_written *written, void *context);
void state_mark_seen(struct state *state, int64_t seen, state_written *written, void *context);

/* Gives a verdict that was just hit its whole lifetime again; nobody waits for it. One without
 * pushkey_ts is left to end, so that one push probes again. */
void state_renew_verdict(struct state *state, const char *pushkey, const struct verdict *verdict);

#endif
