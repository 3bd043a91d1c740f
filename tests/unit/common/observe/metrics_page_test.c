#include "dispatcher/instruments.h"
#include "ingress/instruments.h"
#include "tests/unit/common/generated_page.h"

#include <string.h>

static const char page[] = TEST_DATA_DIR "/../../common/observe/METRICS.md";

static void write_page(struct buffer *out) {
    buffer_append_text(
        out, "# Metrics\n\n"
             "What `/metrics` on the admin port of each program says. Made from the tables of the "
             "programs: see the end of [README.md](README.md).\n\n"
             "An `app` is a pattern of the configuration, a `lane` and a `topic` are Kafka's, a "
             "`provider` is a `type` of the configuration; so labels are bounded, and\n"
             "what is beyond a bound counts as `other`. Both programs also have `process_` "
             "metrics of CPU, memory, start and descriptors.\n\n"
             "## columba-ingress\n\n");
    metrics_write_reference(instruments_table(), INSTRUMENT_COUNT, out);
    buffer_append_text(out, "\n## columba-dispatcher\n\n");
    metrics_write_reference(dispatcher_metrics, DISPATCHER_METRIC_COUNT, out);
}

static void test_the_page_is_current(void **state) {
    struct buffer made = {0};

    (void)state;
    write_page(&made);
    assert_page_is_current(page, buffer_slice(&made));
    buffer_free(&made);
}

static bool ends_with(const char *text, const char *end) {
    size_t size = strlen(text);

    return size >= strlen(end) && strcmp(text + size - strlen(end), end) == 0;
}

static void check_rows(const struct metric *table, size_t count, const char *prefix) {
    for (size_t i = 0; i < count; i++) {
        const struct metric *row = &table[i];
        assert_non_null(row->name);
        assert_int_equal(strncmp(row->name, prefix, strlen(prefix)), 0);
        assert_int_equal(ends_with(row->name, "_total"), row->type == METRIC_COUNTER);
        assert_true(row->type != METRIC_HISTOGRAM || ends_with(row->name, "_seconds"));
        assert_true(ends_with(row->help, "."));
        assert_true(row->type == METRIC_HISTOGRAM || row->buckets[0] <= 0);
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(row->name, table[other].name);
    }
}

static void test_rows_are_named_and_explained_alike(void **state) {
    (void)state;
    check_rows(instruments_table(), INSTRUMENT_COUNT, "columba_ingress_");
    check_rows(dispatcher_metrics, DISPATCHER_METRIC_COUNT, "columba_dispatcher_");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_page_is_current),
        cmocka_unit_test(test_rows_are_named_and_explained_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
