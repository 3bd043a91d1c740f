/* Asks the brokers, in a thread of its own because asking blocks, whether the topics of the lanes
 * are there and sound: each minute until they are, and each ten from then on. A fault stops
 * nothing: it is shown. */
#ifndef COLUMBA_QUEUE_TOPIC_WATCH_H
#define COLUMBA_QUEUE_TOPIC_WATCH_H

#include "common/base/buffer.h"
#include "common/base/loop.h"
#include "common/queue/topics.h"

struct topic_watch;

/* Whose faults matter: those of what is published to, or all. */
enum topic_scope { TOPIC_SCOPE_PUSH, TOPIC_SCOPE_ALL };

struct topic_watch *topic_watch_open(struct loop *loop, const struct config *config,
                                     enum topic_scope scope);

/* Asks again, by this configuration; it is held, as the first one is. */
void topic_watch_configure(struct topic_watch *watch, const struct config *config);

/* Waits for a question under way: seconds at most. */
void topic_watch_close(struct topic_watch *watch);

/* The last answer; NULL while there was none. Valid until the loop turns. */
const struct topic_report *topic_watch_report(const struct topic_watch *watch);

/* Appends {"known":…,"required":false,"faults":[…]}; report NULL: the brokers have not said yet. */
void topic_watch_write(const struct topic_report *report, enum topic_scope scope,
                       struct buffer *out);

#endif
