/* Watches one file for other content, however it comes about: written in place, renamed over, or
 * through a symbolic link that points elsewhere, as Kubernetes swaps "..data". It looks again each
 * period, because what tells of changes (inotify) sees no swap of a link further up. */
#ifndef COLUMBA_CONFIG_WATCH_H
#define COLUMBA_CONFIG_WATCH_H

#include "common/base/loop.h"

enum { CONFIG_WATCH_PERIOD_MS = 2000 };

struct config_watch;

/* Calls back when the content is another than before and has been left alone for a period: so a
 * file that is being written is not read half. A file that is gone for a period is a change, and
 * its return is one. */
struct config_watch *config_watch_open(struct loop *loop, const char *path, int64_t period_ms,
                                       loop_callback *changed, void *context);
void config_watch_close(struct config_watch *watch);

#endif
