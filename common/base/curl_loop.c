#include "common/base/curl_loop.h"

#include "common/base/loop_ev.h"
#include "common/base/memory.h"

#include <stdlib.h>
#include <sys/queue.h>

enum {
    /* libcurl's default of 100 starves whatever is beyond it, whatever the server allows. */
    STREAMS_A_CONNECTION = 1000,
    /* Idle ones beyond this are closed, so that a flood of hosts leaves no heap of sockets. */
    CONNECTIONS_KEPT = 256,
};

struct watch {
    LIST_ENTRY(watch) link;
    ev_io io;
    struct curl_loop *multi;
};

struct curl_loop {
    struct ev_loop *ev;
    struct timer *due;
    CURLM *handle;
    LIST_HEAD(, watch) watches;
    curl_loop_ended *ended;
    void *context;
};

static void report_ended(struct curl_loop *multi) {
    CURLMsg *message = NULL;
    int left_count = 0;

    while ((message = curl_multi_info_read(multi->handle, &left_count)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        curl_multi_remove_handle(multi->handle, easy);
        multi->ended(multi->context, easy, code);
    }
}

static void act(struct curl_loop *multi, curl_socket_t descriptor, int events) {
    int running_count = 0;

    curl_multi_socket_action(multi->handle, descriptor, events, &running_count);
    report_ended(multi);
}

static void on_due(void *context) {
    act(context, CURL_SOCKET_TIMEOUT, 0);
}

static void on_io(struct ev_loop *ev, ev_io *io, int events) {
    struct watch *watch = io->data;

    (void)ev;
    act(watch->multi, io->fd,
        ((events & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
            ((events & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0));
}

static int on_timer_wanted(CURLM *handle, long after_ms, void *context) {
    struct curl_loop *multi = context;

    (void)handle;
    if (after_ms < 0)
        timer_stop(multi->due);
    else
        timer_start(multi->due, after_ms);
    return 0;
}

static void watch_free(struct watch *watch) {
    ev_io_stop(watch->multi->ev, &watch->io);
    LIST_REMOVE(watch, link);
    free(watch);
}

static struct watch *watch_new(struct curl_loop *multi) {
    struct watch *watch = memory_new(sizeof *watch);

    watch->multi = multi;
    ev_init(&watch->io, on_io);
    watch->io.data = watch;
    LIST_INSERT_HEAD(&multi->watches, watch, link);
    return watch;
}

static int on_socket_wanted(CURL *easy, curl_socket_t descriptor, int what, void *context,
                            void *assigned) {
    struct curl_loop *multi = context;
    struct watch *watch = assigned;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL)
            watch_free(watch);
        return 0;
    }
    if (watch == NULL) {
        watch = watch_new(multi);
        curl_multi_assign(multi->handle, descriptor, watch);
    }
    ev_io_stop(multi->ev, &watch->io);
    ev_io_set(&watch->io, descriptor,
              ((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
                  ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0));
    ev_io_start(multi->ev, &watch->io);
    return 0;
}

struct curl_loop *curl_loop_new(struct loop *loop, int64_t connections, curl_loop_ended *ended,
                                void *context) {
    CURLM *handle = curl_multi_init();

    if (handle == NULL)
        abort();
    struct curl_loop *multi = memory_new(sizeof *multi);
    multi->ev = loop_ev(loop);
    multi->due = timer_new(loop, on_due, multi);
    multi->handle = handle;
    multi->ended = ended;
    multi->context = context;
    LIST_INIT(&multi->watches);
    curl_multi_setopt(handle, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(handle, CURLMOPT_SOCKETDATA, multi);
    curl_multi_setopt(handle, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(handle, CURLMOPT_TIMERDATA, multi);
    curl_multi_setopt(handle, CURLMOPT_MAX_HOST_CONNECTIONS, (long)connections);
    curl_multi_setopt(handle, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)STREAMS_A_CONNECTION);
    curl_multi_setopt(handle, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    return multi;
}

void curl_loop_free(struct curl_loop *multi) {
    if (multi == NULL)
        return;
    curl_multi_cleanup(multi->handle);
    while (!LIST_EMPTY(&multi->watches))
        watch_free(LIST_FIRST(&multi->watches));
    timer_free(multi->due);
    free(multi);
}

void curl_loop_add(struct curl_loop *multi, CURL *easy) {
    curl_multi_add_handle(multi->handle, easy);
}

void curl_loop_remove(struct curl_loop *multi, CURL *easy) {
    curl_multi_remove_handle(multi->handle, easy);
}
