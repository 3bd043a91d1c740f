/* A gate: whether pushes of one app, or to one host, may go out now, and how many at once. It
 * closes by what the provider says or by what is seen of it, opens by one probe that gets through,
 * and remembers what its successes have earned. Pure: time comes in, and only grows. */
#ifndef COLUMBA_DISPATCHER_GATE_H
#define COLUMBA_DISPATCHER_GATE_H

#include "common/push/gate_entry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gate_state {
    GATE_OPEN,
    GATE_CLOSED,  /* the other side has to wait for, or has trouble */
    GATE_LATCHED, /* our configuration is wrong */
    GATE_PROBING, /* one push is out to find out */
    GATE_STATE_COUNT
};

/* What became of a push says about everything else behind the gate. */
enum gate_news {
    GATE_SUCCESS,       /* the provider took it */
    GATE_ALIVE,         /* it answered, about this pushkey or this push alone */
    GATE_SILENT,        /* nothing: it was never sent, or its answer is nobody's any more */
    GATE_TROUBLE,       /* seen: refused, timed out, 5xx */
    GATE_WAIT,          /* said: come back later, all of you */
    GATE_MISCONFIGURED, /* said: it is our configuration */
    GATE_NEWS_COUNT
};

struct gate_report {
    enum gate_news news;
    uint64_t pushkey;       /* whose push it was */
    uint64_t connection;    /* of trouble: which connection broke under it; 0: none */
    const char *reason;     /* of trouble */
    enum gate_cause cause;  /* likewise */
    int64_t retry_after_ms; /* GATE_WAIT: 0 is not said */
    int64_t took_ms;        /* from the pass to the news */
    uint64_t probe;         /* which probe it was, as gate_pass gave it; 0: none */
    bool earns_nothing;     /* GATE_SUCCESS: it may not be this gate's credential that succeeded */
    uint32_t random;        /* for jitter */
};

enum {
    GATE_EVIDENCE = 3,               /* pushkeys in a row whose trouble takes to be the gate's */
    GATE_EARNED_MAX = 1000,          /* rejects that may be saved up */
    GATE_PROBE_EVERY_MS = 60 * 1000, /* while latched */
    GATE_CLOSED_MAX_MS = 60 * 60 * 1000, /* whatever a provider asks for */
};

struct gate_suspect {
    uint64_t pushkey;
    uint64_t connection;
    int64_t at_ms;
};

#define GATE_NEVER_MS (INT64_MAX / 2)

/* Plain data, for gate.c to change and others to read. */
struct gate {
    enum gate_state state;
    enum gate_state shut; /* while PROBING: what it was, and is again if the probe fails */
    bool is_said;         /* shut by the provider's own word, which is true for the whole fleet */
    enum gate_cause cause;
    char reason[GATE_REASON_SIZE];
    int64_t shut_ms;   /* since when */
    int64_t probe_ms;  /* shut: when the next probe may go; GATE_NEVER_MS: when it is opened */
    uint64_t probe;    /* the number of the last that went */
    int64_t opened_ms; /* when it last opened again */
    unsigned level;    /* of back-off */

    size_t in_flight;
    int64_t busy_ms;       /* since when it has been more than 0 */
    int64_t progressed_ms; /* the last answer */
    size_t window;         /* how many may be in flight */
    int64_t halved_ms;

    struct gate_suspect suspects[GATE_EVIDENCE]; /* since the last success */
    size_t suspect_count;
    size_t misconfigured_count;
    uint32_t history; /* of the last outcomes, a bit each: 1 is trouble */
    size_t history_count;

    int64_t born_ms;
    bool has_succeeded;
    int64_t first_succeeded_ms;
    int64_t succeeded_ms;
    int64_t latency_ms; /* of successes, smoothed */
    unsigned earned;
};

void gate_init(struct gate *gate, int64_t now_ms);

/* Whether a push may go out now; as a probe, where the gate is shut. */
bool gate_may_pass(const struct gate *gate, int64_t now_ms);

/* One goes. Returns the number of the probe that it is, 0 when it is none. Followed by one
 * gate_learn. */
uint64_t gate_pass(struct gate *gate, int64_t now_ms);
void gate_learn(struct gate *gate, const struct gate_report *report, int64_t now_ms);

/* What the fleet or an operator says: shut from now on, with the next probe at probe_ms; or open
 * again, beginning with a probe. */
void gate_shut(struct gate *gate, enum gate_state state, enum gate_cause cause, const char *reason,
               int64_t probe_ms, int64_t now_ms);
void gate_retry(struct gate *gate, int64_t now_ms);

/* Shut or probing. */
bool gate_is_shut(const struct gate *gate);

/* How long it has been shut; 0 when it is not. */
int64_t gate_shut_for_ms(const struct gate *gate, int64_t now_ms);

/* For how long what is in flight has brought no answer. */
int64_t gate_stalled_ms(const struct gate *gate, int64_t now_ms);

/* Whether pushes get through without delay: then they may take all the room there is. */
bool gate_is_flowing(const struct gate *gate, int64_t now_ms);

/* Spends one earned reject; false when there is none. */
bool gate_spend(struct gate *gate);

/* "open", "closed", "latched", "probing". */
const char *gate_state_name(enum gate_state state);

#endif
