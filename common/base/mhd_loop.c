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

static unsigned connection_count(const struct mhd_loop *driver) {
    return MHD_get_daemon_info(driver->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
        ->num_connections;
}

/* Runs the daemon once; true when it has to run again before the loop may sleep. A daemon at its
 * connection limit does not listen, and listens again only in the run after the one that closed a
 * connection: nothing else would ever wake it for those who wait to be accepted. */
static bool run_once(struct mhd_loop *driver, int64_t *wait_ms) {
    unsigned before_count = connection_count(driver);
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;

    MHD_run(driver->daemon);
    bool waits = MHD_get_timeout(driver->daemon, &timeout_ms) == MHD_YES;
    *wait_ms = waits ? (int64_t)timeout_ms : -1;
    return *wait_ms == 0 || connection_count(driver) < before_count;
}

static void run(struct mhd_loop *driver) {
    int64_t wait_ms = 0;
    bool again = true;

    driver->kicked = false;
    for (int i = 0; again && i < RUNS_AT_ONCE; i++)
        again = run_once(driver, &wait_ms);
    ev_timer_stop(driver->ev, &driver->due);
    if (again)
        wait_ms = 0;
    if (wait_ms >= 0) {
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
