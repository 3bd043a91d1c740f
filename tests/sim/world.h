/* The simulated world: virtual time, one seed, and everything the dispatcher's core talks to. Each
 * simulated process has its own loop, clock and connections; killing one drops its events. */
#ifndef COLUMBA_SIM_WORLD_H
#define COLUMBA_SIM_WORLD_H

#include "common/base/buffer.h"
#include "common/base/loop.h"

#include <stdint.h>

struct world;
struct event;
struct broker;

/* A simulated process: what its loop belongs to. */
struct process {
    struct world *world;
    int number;
    int64_t skew_ms; /* of its wall clock */
    struct loop *loop;
};

enum { WORLD_PUSHES_MAX = 20000, WORLD_PUSHKEYS = 200 };

/* What became of one push, as the provider and the log know it. */
struct push {
    bool accepted;   /* acknowledged by the queue: the promise begins here */
    int delivered;   /* how often the phone got it */
    bool excused;    /* a second delivery has a cause: a lost answer, a crash, Redis away */
    int copies_live; /* records of it in push and retry topics that are not committed */
    bool is_dead_letter;
};

struct world {
    uint64_t seed;
    uint64_t random_state;
    int64_t now_ms;
    struct broker *broker;
    struct push pushes[WORLD_PUSHES_MAX];
    size_t push_count;
    bool dead_pushkeys[WORLD_PUSHKEYS]; /* what the provider says about them */
    bool reported_dead[WORLD_PUSHKEYS]; /* whether it has ever said so */
    size_t zombies;                     /* members that were expelled and have not noticed */
    bool redis_away;
    bool provider_down;
    bool broker_refuses;
    bool faults; /* whether anything may go wrong at all */
    size_t broken_promises;
    size_t met[16]; /* how often each fault was met */
    bool trace;
};

enum met {
    MET_CRASH,
    MET_LEAVE,
    MET_ZOMBIE,
    MET_REDIS_AWAY,
    MET_REDIS_FLUSHED,
    MET_PROVIDER_DOWN,
    MET_BROKER_REFUSES,
    MET_ANSWER_LOST,
    MET_UNSENT,
    MET_REFUSED_5XX,
    MET_STALE_TOKEN,
    MET_ACK_LOST,
    MET_LATE_COMMIT,
    MET_COUNT
};

/* 0 … bound - 1. */
uint64_t world_random(struct world *world, uint64_t bound);
bool world_chance(struct world *world, unsigned percent);

/* owner NULL: it happens whoever lives. Freed when it has happened or is cancelled. */
struct event *world_schedule(struct world *world, struct process *owner, int64_t after_ms,
                             loop_callback *happen, void *context);
void world_cancel(struct event *event);

/* Drops everything that was to happen to the process. */
void world_forget(struct world *world, struct process *process);

/* Drops everything that was still to happen. */
void world_end(struct world *world);

/* Runs until nothing is left or the time has come. */
void world_run_until(struct world *world, int64_t until_ms);

struct loop *world_loop_new(struct process *process);
struct process *world_process(struct loop *loop);

/* From here on a second delivery of any push that is not committed yet has a cause. */
void world_excuse(struct world *world);

/* A promise does not hold: says so once, with the way to see it again. */
void world_broken(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void world_trace(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The number in an event id "$<number>" and in a pushkey "key<number>"; -1 without one. */
int64_t world_number(struct slice text, const char *prefix);

/* ---- The simulated Kafka ---- */
struct broker *broker_new(struct world *world, const char *prefix, int partitions);
void broker_free(struct broker *broker);

/* What a homeserver's push becomes: a record of push.<lane>, there and acknowledged. */
void broker_accept(struct broker *broker, const char *topic, size_t push, struct slice key,
                   struct slice value);

/* The group takes the process for dead although it lives. */
bool broker_expel(struct broker *broker, struct process *process);

/* The process is gone without a word. */
void broker_process_died(struct broker *broker, struct process *process);

/* Records in push and retry topics that no commit has passed. */
size_t broker_backlog(const struct broker *broker);

/* ---- The simulated Redis ---- */
void redis_reset(void);

#endif
