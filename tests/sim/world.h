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

enum { NODES = 3 };

/* A simulated process: what its loop belongs to. */
struct process {
    struct world *world;
    int number;
    int generation;  /* of the credentials that it was started with */
    int64_t skew_ms; /* of its wall clock */
    struct loop *loop;
};

struct cast;
struct conduct;
struct promises;
struct tally;
struct weather;

struct world {
    uint64_t seed;
    uint64_t random_state;
    int64_t now_ms;
    struct process *current; /* whose event is happening; NULL: nobody's */
    struct cast *cast;
    struct broker *broker;
    struct promises *promises;
    struct conduct *conduct;
    struct weather *weather;
    struct tally *tally;
    size_t marks;    /* that Redis was asked to keep, so far */
    size_t verdicts; /* likewise */
    size_t broken_promises;
    bool trace;
    bool is_hasty; /* the first broken promise is the end */
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

/* A promise does not hold: says so once, with the way to see it again. */
void world_broken(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void world_trace(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
