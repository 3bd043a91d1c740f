/* Watches files for other content, however it comes about: written in place, renamed over, or
 * through a symbolic link that points elsewhere, as Kubernetes swaps "..data". It looks again each
 * period, because what tells of changes (inotify) sees no swap of a link further up. */
#ifndef COLUMBA_CONFIG_WATCH_H
#define COLUMBA_CONFIG_WATCH_H

#include "common/base/loop.h"
#include "common/config/sources.h"

enum { CONFIG_WATCH_PERIOD_MS = 2000 };

struct config_watch;

/* Calls back when the content of one is another than its digest says, and all have been left alone
 * for a period: so a file that is being written is not read half, nor one of two that change
 * together. A file that is gone for a period is a change, and its return is one. */
struct config_watch *config_watch_open(struct loop *loop, const struct sources *sources,
                                       int64_t period_ms, loop_callback *changed, void *context);
void config_watch_close(struct config_watch *watch);

/* From now on watches these. */
void config_watch_set(struct config_watch *watch, const struct sources *sources);

#endif
