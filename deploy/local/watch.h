/* Watches how full the partitions of the mock cluster get, and logs a warning before they drop
 * what nobody has read. Reads every record once, to know its size, beside the groups that it
 * watches and without joining them. */
#ifndef COLUMBA_LOCAL_WATCH_H
#define COLUMBA_LOCAL_WATCH_H

#include "common/base/error.h"
#include "common/base/loop.h"
#include "deploy/local/plan.h"

struct watch;

/* group is borrowed for the call. */
struct watch *watch_open(struct loop *loop, const char *brokers, const struct plan_group *group,
                         int partitions, struct error *error);
void watch_close(struct watch *watch);

#endif
