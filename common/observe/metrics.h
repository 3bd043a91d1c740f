/* Counters, gauges and histograms, made from a table and written as Prometheus text.
 * One thread writes a set; any thread may read it. */
#ifndef COLUMBA_OBSERVE_METRICS_H
#define COLUMBA_OBSERVE_METRICS_H

#include "common/base/buffer.h"

#include <stdint.h>

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

enum { METRIC_LABELS_MAX = 5, METRIC_BUCKETS_MAX = 16 };

/* One row. Histograms count in the unit of their name (seconds) and are fed in microseconds. */
struct metric {
    const char *name; /* columba_… with the unit at its end */
    enum metric_type type;
    const char *help;
    const char *labels[METRIC_LABELS_MAX]; /* unused ones NULL */
    double buckets[METRIC_BUCKETS_MAX];    /* ascending, histograms only; ends with 0 */
    unsigned series_limit;                 /* 0: one series, or METRIC_SERIES_DEFAULT with labels */
};

enum { METRIC_SERIES_DEFAULT = 256 };

struct metrics;

/* table outlives the set; a metric is named by its index in the table from here on. */
struct metrics *metrics_new(const struct metric *table, size_t count);
void metrics_free(struct metrics *metrics);

/* labels: one value for each label of the row, in order, NULL for none. A set of values beyond
 * the row's series_limit is counted under "other" in every label: cardinality is bounded. */
void metrics_add(struct metrics *metrics, size_t metric, const char *const *labels, int64_t amount);
void metrics_set(struct metrics *metrics, size_t metric, const char *const *labels, double value);
void metrics_observe(struct metrics *metrics, size_t metric, const char *const *labels,
                     int64_t microseconds);

/* Gauges: the series whose first label has that value are not written until they are set again. */
void metrics_unset(struct metrics *metrics, size_t metric, const char *first_label);

/* The present value of one series, 0 when never touched. */
double metrics_value(const struct metrics *metrics, size_t metric, const char *const *labels);

/* Appends the Prometheus text format (version 0.0.4) of several sets of the same table, summed. */
void metrics_write(const struct metrics *const *sets, size_t count, struct buffer *out);

/* Appends the table as a Markdown table, for the docs. */
void metrics_write_reference(const struct metric *table, size_t count, struct buffer *out);

#endif
