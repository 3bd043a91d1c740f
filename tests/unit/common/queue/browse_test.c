/* Topics as an operator's tool reads them, filled by its publisher. */
#include "common/queue/browse.h"

#include "common/queue/publisher.h"
#include "tests/unit/common/queue/cluster.h"

enum { RECORDS = 200 };

static void fill(struct cluster *cluster) {
    struct error error = {0};
    struct publisher *publisher = publisher_open(&cluster->config, &error);
    const struct header headers[] = {{"columba-id", {"x", 1}}};

    assert_non_null(publisher);
    for (int i = 0; i < RECORDS; i++) {
        char key[16];
        snprintf(key, sizeof key, "key-%d", i);
        const struct queue_message message = {cluster->topic, slice_of(key), slice_of(key), headers,
                                              1};
        assert_true(publisher_send(publisher, &message, &error));
    }
    if (!publisher_flush(publisher, PATIENCE_MS, &error))
        fail_msg("%s", error.text);
    publisher_close(publisher);
}

struct seen {
    int64_t next[PARTITIONS];
    size_t count;
    size_t limit; /* 0: none */
};

static bool see(void *context, struct queue_record *record) {
    struct seen *seen = context;

    assert_in_range(record->partition, 0, PARTITIONS - 1);
    assert_int_equal(record->offset, seen->next[record->partition]++);
    assert_true(slice_equal(record->key, record->value));
    assert_int_equal(record->header_count, 1);
    queue_record_free(record);
    return ++seen->count != seen->limit;
}

static struct browse_range *ranges_of(struct cluster *cluster, size_t *count) {
    char topics[2][TOPIC_NAME_SIZE] = {"", "nobody.made.this"};
    struct browse_range *ranges;
    struct error error = {0};

    snprintf(topics[0], sizeof topics[0], "%s", cluster->topic);
    if (!browse_ranges(&cluster->config, (const char(*)[TOPIC_NAME_SIZE])topics, 2, 0, PATIENCE_MS,
                       &ranges, count, &error))
        fail_msg("%s", error.text);
    return ranges;
}

static void test_all_is_read_once_and_in_order(void **state) {
    struct cluster *cluster = cluster_open();
    struct browse_range *ranges;
    struct seen seen = {0};
    struct error error;
    size_t count;

    (void)state;
    cluster->config.prefix = (char[]){"test."};
    fill(cluster);
    ranges = ranges_of(cluster, &count);
    assert_int_equal(count, PARTITIONS);
    assert_false(browse_is_complete(ranges, count));
    assert_true(browse(&cluster->config, ranges, count, PATIENCE_MS, see, &seen, &error));
    assert_int_equal(seen.count, RECORDS);
    assert_true(browse_is_complete(ranges, count));
    assert_true(browse(&cluster->config, ranges, count, PATIENCE_MS, see, &seen, &error));
    assert_int_equal(seen.count, RECORDS);
    free(ranges);
    cluster_close(cluster);
}

static void test_it_is_enough_when_the_reader_says_so(void **state) {
    struct cluster *cluster = cluster_open();
    struct browse_range *ranges;
    struct seen seen = {.limit = 3};
    struct error error;
    size_t count;

    (void)state;
    cluster->config.prefix = (char[]){"test."};
    fill(cluster);
    ranges = ranges_of(cluster, &count);
    assert_true(browse(&cluster->config, ranges, count, PATIENCE_MS, see, &seen, &error));
    assert_int_equal(seen.count, 3);
    assert_false(browse_is_complete(ranges, count));
    free(ranges);
    cluster_close(cluster);
}

static void test_time_that_runs_out_is_no_failure(void **state) {
    struct cluster *cluster = cluster_open();
    struct browse_range *ranges;
    struct seen seen = {0};
    struct error error;
    size_t count;

    (void)state;
    cluster->config.prefix = (char[]){"test."};
    fill(cluster);
    ranges = ranges_of(cluster, &count);
    assert_true(browse(&cluster->config, ranges, count, 0, see, &seen, &error));
    assert_int_equal(seen.count, 0);
    assert_false(browse_is_complete(ranges, count));
    free(ranges);
    cluster_close(cluster);
}

static void test_one_record_by_its_place(void **state) {
    struct cluster *cluster = cluster_open();
    struct queue_record *record;
    struct error error = {0};

    (void)state;
    cluster->config.prefix = (char[]){"test."};
    fill(cluster);
    record = browse_one(&cluster->config, cluster->topic, 1, 2, PATIENCE_MS, &error);
    assert_non_null(record);
    assert_int_equal(record->partition, 1);
    assert_int_equal(record->offset, 2);
    queue_record_free(record);
    assert_null(browse_one(&cluster->config, cluster->topic, 1, RECORDS, PATIENCE_MS, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_null(browse_one(&cluster->config, cluster->topic, PARTITIONS, 0, PATIENCE_MS, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    cluster_close(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_is_read_once_and_in_order),
        cmocka_unit_test(test_it_is_enough_when_the_reader_says_so),
        cmocka_unit_test(test_time_that_runs_out_is_no_failure),
        cmocka_unit_test(test_one_record_by_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
