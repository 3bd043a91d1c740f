/* Reads what waits in the topics of a lane, as no member of its group and without a commit. Blocks.
 */
#ifndef COLUMBA_CTL_BACKLOG_READING_H
#define COLUMBA_CTL_BACKLOG_READING_H

#include "common/config/config.h"
#include "deploy/columbactl/backlog.h"

/* How much may be read: what was is taken off. */
struct backlog_bound {
    int64_t deadline_ms; /* on report_now_ms's clock */
    int64_t record_count;
};

/* From where the group stands, but for what the notes in its commits have as settled, to the ends
 * of the logs. These are asked for after the commits, so that a push that is moved meanwhile is
 * found in one place at least. Into a backlog that was begun. False when the brokers do not tell,
 * or have none of its topics. */
bool backlog_read(const struct config *config, struct backlog_bound *bound, struct backlog *backlog,
                  struct error *error);

#endif
