/* What a trace counts, as a table of its own. */
#ifndef COLUMBA_TESTS_TRACE_METRICS_H
#define COLUMBA_TESTS_TRACE_METRICS_H

#include "common/observe/metrics.h"

enum { EXPORTED, DROPPED, METRIC_COUNT };

static const struct metric trace_metrics[METRIC_COUNT] = {
    [EXPORTED] = {.name = "t_exported_total", .type = METRIC_COUNTER, .help = "."},
    [DROPPED] = {.name = "t_dropped_total",
                 .type = METRIC_COUNTER,
                 .help = ".",
                 .labels = {"reason"}},
};

#endif
