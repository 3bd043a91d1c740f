/* Asks the brokers, in a thread of its own because asking blocks, whether the topics published to
 * are there and sound; again each minute until they are. A fault stops nothing: it is shown. */
#ifndef COLUMBA_INGRESS_TOPIC_WATCH_H
#define COLUMBA_INGRESS_TOPIC_WATCH_H

#include "common/base/loop.h"
#include "common/queue/topics.h"

struct topic_watch;

struct topic_watch *topic_watch_open(struct loop *loop, const struct config *config);

/* Waits for a question under way: seconds at most. */
void topic_watch_close(struct topic_watch *watch);

/* The last answer; NULL while there was none. Valid until the loop turns. */
const struct topic_report *topic_watch_report(const struct topic_watch *watch);

#endif
