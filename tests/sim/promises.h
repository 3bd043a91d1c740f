/* What is known of every push, and the promises that are held against it: each function is told of
 * something that happens, where it happens, and says at once what it breaks. */
#ifndef COLUMBA_SIM_PROMISES_H
#define COLUMBA_SIM_PROMISES_H

#include "common/push/outcome.h"
#include "common/push/record.h"
#include "tests/sim/cast.h"
#include "tests/sim/tally.h"
#include "tests/sim/world.h"

enum { PUSHES_MAX = 140000 };

enum push_form { PUSH_ALERT, PUSH_BADGE, PUSH_BIG, PUSH_UNREADABLE };

struct push {
    struct phone *phone;
    enum push_form form;
    bool accepted;         /* acknowledged by the queue: the promise begins here */
    int64_t first_ms;      /* when it was accepted, at first and, where a homeserver repeats it, */
    int64_t accepted_ms;   /* at last */
    int64_t registered_ms; /* the pushkey_ts it carries */
    int64_t took_ms;       /* when its provider first said that it took it; 0 not yet */
    int delivered;         /* how often the phone got it */
    int sends;             /* how often it went out */
    unsigned troubled;     /* processes that got an answer which may hold it, a bit each */
    int64_t copy_delay_ms; /* of the retry topic that it went to last */
    bool excused;          /* a second delivery has a cause */
    int copies_live;       /* records of it in push and retry topics that are not committed */
    bool is_dead_letter;
    bool ended;           /* has an outcome that may be: rejected or dropped */
    unsigned held[NODES]; /* records of it that a process has in hand */
    uint64_t faults;      /* it met, a bit each */
    unsigned outcomes;    /* a bit each */
};

struct promises {
    struct push pushes[PUSHES_MAX];
    size_t count;
    size_t zombies;                     /* members that were expelled and have not noticed */
    size_t successes[APPS_MAX];         /* answers that count for the guard */
    size_t uncertain_rejects[APPS_MAX]; /* verdicts on an ambiguous answer */
    size_t second_deliveries;
};

struct promises *promises_new(void);

/* A new push for the phone; not accepted yet. */
size_t promises_add(struct world *world, struct phone *phone, enum push_form form);

/* The columba-id of one of its records, a new one each time, and whose id it is; -1 nobody's. */
void promises_write_id(struct world *world, size_t push, char out[RECORD_ID_SIZE]);
long long promises_by_id(struct slice id);

/* The push meets a fault. */
void promises_meet(struct world *world, long long push, enum fault fault);

/* So does everything that the process has in hand; process NULL: every process. */
void promises_meet_held(struct world *world, const struct process *process, enum fault fault);

/* From here on a second delivery of what the process has in hand has a cause. */
void promises_excuse_held(struct world *world, const struct process *process);

/* Of everything that is not settled, or of whatever there is. */
void promises_excuse_live(struct world *world);
void promises_excuse_all(struct world *world);

/* The queue hands a record of it over, or has its consumer gone. */
void promises_taken(struct world *world, long long push, const struct process *process);
void promises_dropped_by(struct world *world, const struct process *process);

/* The phone gets it. count -1: without one. */
void promises_reached(struct world *world, long long push, long long count);

/* The provider's word reaches who asked: it took the push, or called the pushkey dead. */
void promises_took(struct world *world, long long push, long long count);
void promises_said_dead(struct world *world, long long push, bool is_certain);

/* A verdict is written, of a pushkey registered at that time (0: at no known one). */
void promises_judged(struct world *world, const char *h, int64_t registered_ms);

/* The dispatcher says that it has settled it. */
void promises_settled(struct world *world, long long push, enum outcome outcome,
                      const char *reason);

/* A commit passes a record of it. */
void promises_passed(struct world *world, long long push);

/* All is over, and long quiet. */
void promises_check_end(struct world *world);

#endif
