/* Drives a libmicrohttpd daemon that was started with MHD_USE_EPOLL and no thread of its own
 * from a loop, and never leaves a ready connection unserved: MHD_run may, and a loop that waits
 * for the epoll descriptor alone then stalls for good under a few hundred connections. */
#ifndef COLUMBA_BASE_MHD_LOOP_H
#define COLUMBA_BASE_MHD_LOOP_H

#include "common/base/loop.h"

#include <microhttpd.h>

struct mhd_loop;

/* The daemon stays the caller's and outlives the driver. */
struct mhd_loop *mhd_loop_new(struct loop *loop, struct MHD_Daemon *daemon);
void mhd_loop_free(struct mhd_loop *driver);

/* To be called after MHD_resume_connection: the daemon runs before the loop next sleeps. */
void mhd_loop_kick(struct mhd_loop *driver);

#endif
