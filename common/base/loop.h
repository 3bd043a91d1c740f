/* The event loop, and with it everything a program may not make up by itself: time, timers,
 * randomness and signals. The dispatcher's core sees no other clock, so that a simulation can
 * own them all. One loop belongs to one thread; loop_wake is the only call from another. */
#ifndef COLUMBA_BASE_LOOP_H
#define COLUMBA_BASE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct timer;

typedef void loop_callback(void *context);

struct loop *loop_new(void);

/* Every timer, and everything that was opened on the loop, is freed before it. */
void loop_free(struct loop *loop);

/* Runs until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Milliseconds since the epoch: may jump. As of the current turn of the loop. */
int64_t loop_wall_ms(const struct loop *loop);

/* Milliseconds that only grow. As of the current turn of the loop. */
int64_t loop_monotonic_ms(const struct loop *loop);

/* Bytes fit for keys. */
void loop_random(struct loop *loop, void *out, size_t size);

/* A one-shot timer, stopped at first. It may be freed within its own call back. */
struct timer *timer_new(struct loop *loop, loop_callback *fire, void *context);
void timer_free(struct timer *timer);

/* Fires once after that time, never within this call; starting again moves it. */
void timer_start(struct timer *timer, int64_t after_ms);
void timer_stop(struct timer *timer);
bool timer_is_running(const struct timer *timer);

#endif
