#include "common/observe/metrics.h"

#include "common/base/hash.h"
#include "common/base/memory.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values are numbers that one thread writes and others read. A histogram has one count for each
 * bucket, one for what is above them all, and the sum. */
struct series {
    char *labels[METRIC_LABELS_MAX];
    _Atomic double value; /* counter, gauge; the sum of a histogram, in seconds */
    _Atomic uint64_t counts[METRIC_BUCKETS_MAX + 1];
};

/* The series of one row: an array that only grows, so that readers need no lock, and the writer's
 * own index into it. */
struct family {
    const struct metric *metric;
    size_t label_count;
    size_t bucket_count;
    size_t limit;
    _Atomic size_t count;
    struct series **list; /* room for limit + 1 */
    uint32_t *index;      /* open addressing: position in list + 1, 0 free */
    size_t index_size;
};

struct metrics {
    struct family *families;
    size_t count;
};

static const char *const other_labels[METRIC_LABELS_MAX] = {"other", "other", "other", "other",
                                                            "other"};

static void family_init(struct family *family, const struct metric *metric) {
    family->metric = metric;
    while (family->label_count < METRIC_LABELS_MAX && metric->labels[family->label_count] != NULL)
        family->label_count++;
    while (family->bucket_count < METRIC_BUCKETS_MAX && metric->buckets[family->bucket_count] > 0)
        family->bucket_count++;
    family->limit = metric->series_limit;
    if (family->limit == 0)
        family->limit = family->label_count == 0 ? 1 : METRIC_SERIES_DEFAULT;
    family->list = memory_new_array(family->limit + 1, sizeof(struct series *));
    family->index_size = 4;
    while (family->index_size < 2 * family->limit)
        family->index_size *= 2;
    family->index = memory_new_array(family->index_size, sizeof *family->index);
}

static struct series *append(struct family *family, const char *const *labels) {
    size_t count = atomic_load_explicit(&family->count, memory_order_relaxed);
    struct series *series = memory_new(sizeof *series);

    for (size_t i = 0; i < family->label_count; i++)
        series->labels[i] = memory_copy_text(labels[i]);
    family->list[count] = series;
    /* Whoever sees the new count sees the series. */
    atomic_store_explicit(&family->count, count + 1, memory_order_release);
    return series;
}

static bool has_labels(const struct family *family, const struct series *series,
                       const char *const *labels) {
    for (size_t i = 0; i < family->label_count; i++)
        if (strcmp(series->labels[i], labels[i]) != 0)
            return false;
    return true;
}

/* The slot of the index where these labels are, or would be. */
static size_t slot_of(const struct family *family, const char *const *labels) {
    uint64_t hash = 0;

    for (size_t i = 0; i < family->label_count; i++)
        hash = hash * 31 + hash_table_key(slice_of(labels[i]));
    size_t slot = (size_t)(hash ^ (hash >> 32)) & (family->index_size - 1);
    while (family->index[slot] != 0 &&
           !has_labels(family, family->list[family->index[slot] - 1], labels))
        slot = (slot + 1) & (family->index_size - 1);
    return slot;
}

/* Once a row has all the series it may have, whatever is new to it is "other". That is the one
 * series beyond the limit, unless a caller named one so before. */
static struct series *find_or_add(struct metrics *metrics, size_t metric,
                                  const char *const *labels) {
    struct family *family = &metrics->families[metric];
    size_t count = atomic_load_explicit(&family->count, memory_order_relaxed);
    size_t slot = slot_of(family, labels);

    if (family->index[slot] == 0 && count >= family->limit) {
        labels = other_labels;
        slot = slot_of(family, labels);
    }
    if (family->index[slot] != 0)
        return family->list[family->index[slot] - 1];
    family->index[slot] = (uint32_t)count + 1;
    return append(family, labels);
}

struct metrics *metrics_new(const struct metric *table, size_t count) {
    struct metrics *metrics = memory_new(sizeof *metrics);

    metrics->families = memory_new_array(count, sizeof *metrics->families);
    metrics->count = count;
    for (size_t i = 0; i < count; i++) {
        family_init(&metrics->families[i], &table[i]);
        /* A counter that appears with its first event hides that event from rate(). */
        if (metrics->families[i].label_count == 0)
            find_or_add(metrics, i, NULL);
    }
    return metrics;
}

void metrics_free(struct metrics *metrics) {
    if (metrics == NULL)
        return;
    for (size_t i = 0; i < metrics->count; i++) {
        struct family *family = &metrics->families[i];
        for (size_t s = 0; s < atomic_load(&family->count); s++) {
            for (size_t l = 0; l < family->label_count; l++)
                free(family->list[s]->labels[l]);
            free(family->list[s]);
        }
        free(family->list);
        free(family->index);
    }
    free(metrics->families);
    free(metrics);
}

static void add_to(_Atomic double *value, double amount) {
    double before = atomic_load_explicit(value, memory_order_relaxed);

    atomic_store_explicit(value, before + amount, memory_order_relaxed);
}

void metrics_add(struct metrics *metrics, size_t metric, const char *const *labels,
                 int64_t amount) {
    add_to(&find_or_add(metrics, metric, labels)->value, (double)amount);
}

void metrics_set(struct metrics *metrics, size_t metric, const char *const *labels, double value) {
    atomic_store_explicit(&find_or_add(metrics, metric, labels)->value, value,
                          memory_order_relaxed);
}

void metrics_observe(struct metrics *metrics, size_t metric, const char *const *labels,
                     int64_t microseconds) {
    const struct family *family = &metrics->families[metric];
    struct series *series = find_or_add(metrics, metric, labels);
    double seconds = (double)microseconds / 1e6;
    size_t bucket = 0;

    while (bucket < family->bucket_count && seconds > family->metric->buckets[bucket])
        bucket++;
    uint64_t before = atomic_load_explicit(&series->counts[bucket], memory_order_relaxed);
    atomic_store_explicit(&series->counts[bucket], before + 1, memory_order_relaxed);
    add_to(&series->value, seconds);
}

void metrics_unset(struct metrics *metrics, size_t metric, const char *first_label) {
    struct family *family = &metrics->families[metric];
    size_t count = atomic_load_explicit(&family->count, memory_order_relaxed);

    for (size_t i = 0; i < count; i++)
        if (strcmp(family->list[i]->labels[0], first_label) == 0)
            atomic_store_explicit(&family->list[i]->value, (double)NAN, memory_order_relaxed);
}

static const struct series *find(const struct family *family, const char *const *labels) {
    size_t count = atomic_load_explicit(&family->count, memory_order_acquire);

    for (size_t i = 0; i < count; i++)
        if (has_labels(family, family->list[i], labels))
            return family->list[i];
    return NULL;
}

double metrics_value(const struct metrics *metrics, size_t metric, const char *const *labels) {
    const struct series *series = find(&metrics->families[metric], labels);

    return series == NULL ? 0 : atomic_load_explicit(&series->value, memory_order_relaxed);
}

/* ---- Prometheus text, version 0.0.4 ---- */

static void append_number(struct buffer *out, double number) {
    if (fabs(number) < 1e15 && number == floor(number))
        buffer_append_format(out, "%lld", (long long)number);
    else
        buffer_append_format(out, "%.15g", number);
}

static void append_escaped(struct buffer *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '"')
            buffer_append_byte(out, '\\');
        if (*text == '\n')
            buffer_append_text(out, "\\n");
        else
            buffer_append_byte(out, *text);
    }
}

/* {a="b",le="0.1"}; le NULL for none. */
static void append_labels(struct buffer *out, const struct family *family,
                          const struct series *series, const char *le) {
    const char *separator = "{";

    for (size_t i = 0; i < family->label_count; i++) {
        buffer_append_format(out, "%s%s=\"", separator, family->metric->labels[i]);
        append_escaped(out, series->labels[i]);
        buffer_append_byte(out, '"');
        separator = ",";
    }
    if (le != NULL)
        buffer_append_format(out, "%sle=\"%s\"", separator, le);
    if (le != NULL || family->label_count > 0)
        buffer_append_byte(out, '}');
}

/* One series over all sets. */
struct total {
    double value;
    uint64_t counts[METRIC_BUCKETS_MAX + 1];
};

static void add_series(struct total *total, const struct family *family,
                       const struct series *series) {
    total->value += atomic_load_explicit(&series->value, memory_order_relaxed);
    for (size_t i = 0; i <= family->bucket_count; i++)
        total->counts[i] += atomic_load_explicit(&series->counts[i], memory_order_relaxed);
}

static void write_histogram(const struct family *family, const struct series *series,
                            const struct total *total, struct buffer *out) {
    const char *name = family->metric->name;
    uint64_t cumulative = 0;
    char le[32];

    for (size_t i = 0; i <= family->bucket_count; i++) {
        cumulative += total->counts[i];
        if (i < family->bucket_count)
            snprintf(le, sizeof le, "%g", family->metric->buckets[i]);
        else
            snprintf(le, sizeof le, "+Inf");
        buffer_append_format(out, "%s_bucket", name);
        append_labels(out, family, series, le);
        buffer_append_format(out, " %llu\n", (unsigned long long)cumulative);
    }
    buffer_append_format(out, "%s_sum", name);
    append_labels(out, family, series, NULL);
    buffer_append_format(out, " %.15g\n%s_count", total->value, name);
    append_labels(out, family, series, NULL);
    buffer_append_format(out, " %llu\n", (unsigned long long)cumulative);
}

static void write_series(const struct family *family, const struct series *series,
                         const struct total *total, struct buffer *out) {
    if (family->metric->type == METRIC_HISTOGRAM) {
        write_histogram(family, series, total, out);
        return;
    }
    if (isnan(total->value))
        return;
    buffer_append_text(out, family->metric->name);
    append_labels(out, family, series, NULL);
    buffer_append_byte(out, ' ');
    append_number(out, total->value);
    buffer_append_byte(out, '\n');
}

/* Whether an earlier set has a series with these labels: then it is written already. */
static bool is_in_earlier(const struct metrics *const *sets, size_t set, size_t metric,
                          const struct series *series) {
    for (size_t i = 0; i < set; i++)
        if (find(&sets[i]->families[metric], (const char *const *)series->labels) != NULL)
            return true;
    return false;
}

static void write_family(const struct metrics *const *sets, size_t count, size_t metric,
                         struct buffer *out) {
    for (size_t set = 0; set < count; set++) {
        const struct family *family = &sets[set]->families[metric];
        size_t series_count = atomic_load_explicit(&family->count, memory_order_acquire);
        for (size_t i = 0; i < series_count; i++) {
            const struct series *series = family->list[i];
            struct total total = {0};
            if (is_in_earlier(sets, set, metric, series))
                continue;
            add_series(&total, family, series);
            for (size_t later = set + 1; later < count; later++) {
                const struct family *twin = &sets[later]->families[metric];
                const struct series *same = find(twin, (const char *const *)series->labels);
                if (same != NULL)
                    add_series(&total, twin, same);
            }
            write_series(family, series, &total, out);
        }
    }
}

static const char *const type_names[] = {"counter", "gauge", "histogram"};

void metrics_write(const struct metrics *const *sets, size_t count, struct buffer *out) {
    for (size_t metric = 0; count > 0 && metric < sets[0]->count; metric++) {
        const struct metric *row = sets[0]->families[metric].metric;
        buffer_append_format(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
                             type_names[row->type]);
        write_family(sets, count, metric, out);
    }
}

void metrics_write_reference(const struct metric *table, size_t count, struct buffer *out) {
    buffer_append_text(out, "| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        buffer_append_format(out, "| `%s` | %s | ", table[i].name, type_names[table[i].type]);
        for (size_t l = 0; l < METRIC_LABELS_MAX && table[i].labels[l] != NULL; l++)
            buffer_append_format(out, "%s`%s`", l == 0 ? "" : ", ", table[i].labels[l]);
        buffer_append_format(out, " | %s |\n", table[i].help);
    }
}
