#include "common/base/mhd_loop.h"

#include "common/base/loop_ev.h"
#include "common/base/memory.h"

#include <stdlib.h>

/* So many runs may follow one another before the other watchers of the loop get their turn. */
enum { RUNS_AT_ONCE = 8 };

struct mhd_loop {
    struct ev_loop *ev;
    struct MHD_Daemon *daemon;
    ev_io readable;
    ev_timer due;
    ev_prepare before_sleep;
    bool kicked;
};

static void run(struct mhd_loop *driver) {
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    bool waits = false;

    driver->kicked = false;
    for (int i = 0; i < RUNS_AT_ONCE; i++) {
        MHD_run(driver->daemon);
        waits = MHD_get_timeout(driver->daemon, &wait_ms) == MHD_YES;
        if (!waits || wait_ms > 0)
            break;
    }
    ev_timer_stop(driver->ev, &driver->due);
    if (waits) {
        ev_timer_set(&driver->due, (double)wait_ms / 1000., 0.);
        ev_timer_start(driver->ev, &driver->due);
    }
}

static void on_readable(struct ev_loop *ev, ev_io *watcher, int events) {
    (void)ev;
    (void)events;
    run(watcher->data);
}

static void on_due(struct ev_loop *ev, ev_timer *watcher, int events) {
    (void)ev;
    (void)events;
    run(watcher->data);
}

static void on_before_sleep(struct ev_loop *ev, ev_prepare *watcher, int events) {
    struct mhd_loop *driver = watcher->data;

    (void)ev;
    (void)events;
    if (driver->kicked)
        run(driver);
}

struct mhd_loop *mhd_loop_new(struct loop *loop, struct MHD_Daemon *daemon) {
    struct mhd_loop *driver = memory_new(sizeof *driver);
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);

    if (info == NULL)
        abort();
    driver->ev = loop_ev(loop);
    driver->daemon = daemon;
    ev_io_init(&driver->readable, on_readable, info->epoll_fd, EV_READ);
    ev_timer_init(&driver->due, on_due, 0., 0.);
    ev_prepare_init(&driver->before_sleep, on_before_sleep);
    driver->readable.data = driver->due.data = driver->before_sleep.data = driver;
    ev_io_start(driver->ev, &driver->readable);
    ev_prepare_start(driver->ev, &driver->before_sleep);
    mhd_loop_kick(driver);
    return driver;
}

void mhd_loop_free(struct mhd_loop *driver) {
    if (driver == NULL)
        return;
    ev_io_stop(driver->ev, &driver->readable);
    ev_timer_stop(driver->ev, &driver->due);
    ev_prepare_stop(driver->ev, &driver->before_sleep);
    free(driver);
}

void mhd_loop_kick(struct mhd_loop *driver) {
    driver->kicked = true;
}
