/* What the ingress says of itself on its admin port: readiness and status, as JSON. Pure. */
#ifndef COLUMBA_INGRESS_REPORT_H
#define COLUMBA_INGRESS_REPORT_H

#include "common/base/buffer.h"
#include "common/config/reload.h"
#include "common/observe/metrics.h"
#include "common/queue/topics.h"
#include "ingress/worker.h"

/* What there is to report; all of it borrowed. */
struct report {
    bool draining;
    int64_t uptime_ms;
    const struct worker_status *workers;
    const struct metrics *const *metrics; /* of each worker */
    size_t worker_count;
    const struct config_reload *reload; /* NULL where there is none */
    const struct topic_report *topics;  /* NULL when the brokers have not said yet */
};

/* Appends each part and whether it works. Ready is who has a broker and is not draining: without
 * Redis, and with a lane's topic missing, most pushes still get through. */
bool report_ready(const struct report *report, struct buffer *out);

/* Appends the same parts with their counts. */
void report_status(const struct report *report, struct buffer *out);

#endif
