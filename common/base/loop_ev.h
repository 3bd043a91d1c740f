/* The side of the loop for those who bring a library of their own to it: libev's handle,
 * signals and wake-ups. The dispatcher's core never includes this. */
#ifndef COLUMBA_BASE_LOOP_EV_H
#define COLUMBA_BASE_LOOP_EV_H

#include "common/base/loop.h"

#include <ev.h>

/* libev's own loop; ev_userdata() of it is the struct loop. Borrowed. */
struct ev_loop *loop_ev(struct loop *loop);

/* Calls back in the loop's thread each time the signal arrives; a signal has one owner.
 * Freed with the loop. */
void loop_on_signal(struct loop *loop, int number, loop_callback *arrived, void *context);

/* A wake-up that any thread may ring; several rings may become one call. */
struct wakeup;
struct wakeup *wakeup_new(struct loop *loop, loop_callback *rung, void *context);
void wakeup_free(struct wakeup *wakeup);
void wakeup_ring(struct wakeup *wakeup);

/* Calls back when the descriptor can be read; the descriptor stays the caller's. */
struct readable;
struct readable *readable_new(struct loop *loop, int descriptor, loop_callback *ready,
                              void *context);
void readable_free(struct readable *readable);

#endif
