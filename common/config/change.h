/* What another configuration would change in a program that runs: what can be taken over, what
 * takes a restart, and what must not happen by a slip of an editor. Pure. */
#ifndef COLUMBA_CONFIG_CHANGE_H
#define COLUMBA_CONFIG_CHANGE_H

#include "common/base/buffer.h"
#include "common/config/config.h"

/* An app that had a push so recently is not dropped. */
enum { CHANGE_TRAFFIC_MS = 24 * 60 * 60 * 1000 };

/* Whether next may take the place of now: false with an error that names what stands against it. A
 * key whose row says RELOAD_REFUSED is another, or an app that lately had a push has nobody in next
 * who serves it. section is the program's own ("ingress", "dispatcher"): rows of the other's do not
 * matter. */
bool change_check(const struct config *now, const struct config *next, const char *section,
                  int64_t now_ms, struct error *error);

/* Appends the names of the keys (comma-separated) that next has otherwise than what the program was
 * started with, and that it will only look at again when it is restarted. */
void change_restart_keys(const struct config *started, const struct config *next,
                         const char *section, struct buffer *out);

/* Takes over when the apps of now had their last pushes, so that it is known of those of next. */
void change_keep_traffic(const struct config *now, const struct config *next);

#endif
