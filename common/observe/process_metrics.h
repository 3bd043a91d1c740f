/* What Prometheus expects every process to say of itself, read from /proc. */
#ifndef COLUMBA_OBSERVE_PROCESS_METRICS_H
#define COLUMBA_OBSERVE_PROCESS_METRICS_H

#include "common/base/buffer.h"

/* Appends process_cpu_seconds_total, process_resident_memory_bytes, process_start_time_seconds and
 * process_open_fds as Prometheus text. What cannot be read is left out. */
void process_metrics_write(struct buffer *out);

#endif
