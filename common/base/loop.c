#include "common/base/loop_ev.h"

#include "common/base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

struct signal_watch {
    ev_signal watcher;
    struct signal_watch *next;
    loop_callback *arrived;
    void *context;
};

struct loop {
    struct ev_loop *ev;
    struct signal_watch *signals;
};

struct timer {
    ev_timer watcher;
    struct loop *loop;
    loop_callback *fire;
    void *context;
};

struct wakeup {
    ev_async watcher;
    struct loop *loop;
    loop_callback *rung;
    void *context;
};

struct readable {
    ev_io watcher;
    struct loop *loop;
    loop_callback *ready;
    void *context;
};

struct loop *loop_new(void) {
    struct loop *loop = memory_new(sizeof *loop);

    loop->ev = ev_loop_new(EVFLAG_AUTO);
    if (loop->ev == NULL)
        abort();
    ev_set_userdata(loop->ev, loop);
    return loop;
}

void loop_free(struct loop *loop) {
    if (loop == NULL)
        return;
    while (loop->signals != NULL) {
        struct signal_watch *watch = loop->signals;
        loop->signals = watch->next;
        ev_signal_stop(loop->ev, &watch->watcher);
        free(watch);
    }
    ev_loop_destroy(loop->ev);
    free(loop);
}

void loop_run(struct loop *loop) {
    ev_run(loop->ev, 0);
}

void loop_stop(struct loop *loop) {
    ev_break(loop->ev, EVBREAK_ALL);
}

struct ev_loop *loop_ev(struct loop *loop) {
    return loop->ev;
}

int64_t loop_wall_ms(const struct loop *loop) {
    return (int64_t)(ev_now(loop->ev) * 1000);
}

int64_t loop_monotonic_ms(const struct loop *loop) {
    struct timespec now;

    (void)loop;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void loop_random(struct loop *loop, void *out, size_t size) {
    char *at = out;

    (void)loop;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno != EINTR)
            abort();
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
}

static void timer_fired(struct ev_loop *ev, ev_timer *watcher, int events) {
    struct timer *timer = watcher->data;

    (void)ev;
    (void)events;
    timer->fire(timer->context);
}

struct timer *timer_new(struct loop *loop, loop_callback *fire, void *context) {
    struct timer *timer = memory_new(sizeof *timer);

    timer->loop = loop;
    timer->fire = fire;
    timer->context = context;
    ev_timer_init(&timer->watcher, timer_fired, 0, 0);
    timer->watcher.data = timer;
    return timer;
}

void timer_free(struct timer *timer) {
    if (timer == NULL)
        return;
    timer_stop(timer);
    free(timer);
}

void timer_start(struct timer *timer, int64_t after_ms) {
    ev_timer_stop(timer->loop->ev, &timer->watcher);
    /* libev counts from when this turn began: after a long one, or before the first, too early. */
    ev_now_update(timer->loop->ev);
    ev_timer_set(&timer->watcher, after_ms <= 0 ? 0. : (double)after_ms / 1000., 0.);
    ev_timer_start(timer->loop->ev, &timer->watcher);
}

void timer_stop(struct timer *timer) {
    ev_timer_stop(timer->loop->ev, &timer->watcher);
}

bool timer_is_running(const struct timer *timer) {
    return ev_is_active(&timer->watcher);
}

static void signal_arrived(struct ev_loop *ev, ev_signal *watcher, int events) {
    struct signal_watch *watch = watcher->data;

    (void)ev;
    (void)events;
    watch->arrived(watch->context);
}

void loop_on_signal(struct loop *loop, int number, loop_callback *arrived, void *context) {
    struct signal_watch *watch = memory_new(sizeof *watch);

    watch->arrived = arrived;
    watch->context = context;
    watch->next = loop->signals;
    loop->signals = watch;
    ev_signal_init(&watch->watcher, signal_arrived, number);
    watch->watcher.data = watch;
    ev_signal_start(loop->ev, &watch->watcher);
}

static void wakeup_rung(struct ev_loop *ev, ev_async *watcher, int events) {
    struct wakeup *wakeup = watcher->data;

    (void)ev;
    (void)events;
    wakeup->rung(wakeup->context);
}

struct wakeup *wakeup_new(struct loop *loop, loop_callback *rung, void *context) {
    struct wakeup *wakeup = memory_new(sizeof *wakeup);

    wakeup->loop = loop;
    wakeup->rung = rung;
    wakeup->context = context;
    ev_async_init(&wakeup->watcher, wakeup_rung);
    wakeup->watcher.data = wakeup;
    ev_async_start(loop->ev, &wakeup->watcher);
    return wakeup;
}

void wakeup_free(struct wakeup *wakeup) {
    if (wakeup == NULL)
        return;
    ev_async_stop(wakeup->loop->ev, &wakeup->watcher);
    free(wakeup);
}

void wakeup_ring(struct wakeup *wakeup) {
    ev_async_send(wakeup->loop->ev, &wakeup->watcher);
}

static void descriptor_ready(struct ev_loop *ev, ev_io *watcher, int events) {
    struct readable *readable = watcher->data;

    (void)ev;
    (void)events;
    readable->ready(readable->context);
}

struct readable *readable_new(struct loop *loop, int descriptor, loop_callback *ready,
                              void *context) {
    struct readable *readable = memory_new(sizeof *readable);

    readable->loop = loop;
    readable->ready = ready;
    readable->context = context;
    ev_io_init(&readable->watcher, descriptor_ready, descriptor, EV_READ);
    readable->watcher.data = readable;
    ev_io_start(loop->ev, &readable->watcher);
    return readable;
}

void readable_free(struct readable *readable) {
    if (readable == NULL)
        return;
    ev_io_stop(readable->loop->ev, &readable->watcher);
    free(readable);
}
