/* A loop whose clock a test owns: it stands in for the real one by defining all of loop.h. */
#ifndef COLUMBA_TESTS_FAKE_LOOP_H
#define COLUMBA_TESTS_FAKE_LOOP_H

#include "common/base/loop.h"
#include "common/base/memory.h"

#include <stdlib.h>
#include <string.h>

struct timer {
    struct timer *next;
    struct loop *loop;
    loop_callback *fire;
    void *context;
    int64_t due_ms; /* -1: stopped */
};

struct loop {
    int64_t monotonic_ms;
    int64_t wall_ms;
    struct timer *timers;
};

/* Fires what is due, the earliest first, as the clock goes on by that much. */
static inline void fake_loop_run(struct loop *loop, int64_t for_ms) {
    const int64_t until_ms = loop->monotonic_ms + for_ms;

    for (;;) {
        struct timer *first = NULL;
        for (struct timer *timer = loop->timers; timer != NULL; timer = timer->next)
            if (timer->due_ms >= 0 && timer->due_ms <= until_ms &&
                (first == NULL || timer->due_ms < first->due_ms))
                first = timer;
        if (first == NULL)
            break;
        if (first->due_ms > loop->monotonic_ms) {
            loop->wall_ms += first->due_ms - loop->monotonic_ms;
            loop->monotonic_ms = first->due_ms;
        }
        first->due_ms = -1;
        first->fire(first->context);
    }
    loop->wall_ms += until_ms - loop->monotonic_ms;
    loop->monotonic_ms = until_ms;
}

struct loop *loop_new(void) {
    struct loop *loop = memory_new(sizeof *loop);

    loop->monotonic_ms = 1000000;
    loop->wall_ms = INT64_C(1700000000000);
    return loop;
}

void loop_free(struct loop *loop) {
    free(loop);
}

void loop_run(struct loop *loop) {
    (void)loop;
}

void loop_stop(struct loop *loop) {
    (void)loop;
}

int64_t loop_wall_ms(const struct loop *loop) {
    return loop->wall_ms;
}

int64_t loop_monotonic_ms(const struct loop *loop) {
    return loop->monotonic_ms;
}

void loop_random(struct loop *loop, void *out, size_t size) {
    (void)loop;
    memset(out, 7, size);
}

struct timer *timer_new(struct loop *loop, loop_callback *fire, void *context) {
    struct timer *timer = memory_new(sizeof *timer);

    *timer = (struct timer){
        .next = loop->timers, .loop = loop, .fire = fire, .context = context, .due_ms = -1};
    loop->timers = timer;
    return timer;
}

void timer_free(struct timer *timer) {
    if (timer == NULL)
        return;
    struct timer **at = &timer->loop->timers;
    while (*at != timer)
        at = &(*at)->next;
    *at = timer->next;
    free(timer);
}

void timer_start(struct timer *timer, int64_t after_ms) {
    timer->due_ms = timer->loop->monotonic_ms + (after_ms < 0 ? 0 : after_ms);
}

void timer_stop(struct timer *timer) {
    timer->due_ms = -1;
}

bool timer_is_running(const struct timer *timer) {
    return timer->due_ms >= 0;
}

#endif
