#include "common/queue/publisher.h"

#include "common/queue/browse.h"
#include "tests/unit/common/queue/cluster.h"

enum { API_PRODUCE = 0 };

static void put(struct publisher *publisher, const struct cluster *cluster, const char *value) {
    const struct header headers[] = {{"columba-id", slice_of("x")}, {"empty", slice_of("")}};
    const struct queue_message message = {.topic = cluster->topic,
                                          .key = {"a\0b", 3},
                                          .value = slice_of(value),
                                          .headers = headers,
                                          .header_count = 2};
    struct error error = {0};

    if (!publisher_send(publisher, &message, &error))
        fail_msg("%s", error.text);
}

static struct publisher *open_publisher(const struct cluster *cluster) {
    struct error error = {0};
    struct publisher *publisher = publisher_open(&cluster->config, &error);

    if (publisher == NULL)
        fail_msg("%s", error.text);
    return publisher;
}

/* The partition that the key belongs to, by the partitioner that the programs have. */
static struct queue_record *read_first(struct cluster *cluster) {
    struct queue_record *found = NULL;
    struct error error = {0};

    for (int32_t i = 0; i < PARTITIONS && found == NULL; i++)
        found = browse_one(&cluster->config, cluster->topic, i, 0, PATIENCE_MS, &error);
    assert_non_null(found);
    return found;
}

static void test_what_is_sent_is_there_when_it_was_flushed(void **state) {
    struct cluster *cluster = cluster_open();
    struct publisher *publisher = open_publisher(cluster);
    char value[] = "first";
    struct error error = {0};

    (void)state;
    put(publisher, cluster, value);
    /* The message was copied. */
    memset(value, 'x', sizeof value - 1);
    if (!publisher_flush(publisher, PATIENCE_MS, &error))
        fail_msg("%s", error.text);
    struct queue_record *record = read_first(cluster);
    assert_true(slice_is(record->value, "first"));
    assert_int_equal(record->key.size, 3);
    assert_memory_equal(record->key.data, "a\0b", 3);
    assert_int_equal(record->header_count, 2);
    assert_true(slice_is(header_find(record->headers, 2, "columba-id"), "x"));
    assert_int_equal(header_find(record->headers, 2, "empty").size, 0);
    queue_record_free(record);
    publisher_close(publisher);
    cluster_close(cluster);
}

static void test_one_that_is_refused_fails_the_flush_and_no_later_one(void **state) {
    struct cluster *cluster = cluster_open();
    struct error error = {0};

    (void)state;
    if (cluster->mock == NULL) {
        cluster_close(cluster);
        skip();
    }
    struct publisher *publisher = open_publisher(cluster);
    rd_kafka_mock_push_request_errors(cluster->mock, API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    put(publisher, cluster, "refused");
    assert_false(publisher_flush(publisher, PATIENCE_MS, &error));
    assert_int_not_equal(error.code, ERROR_NONE);
    assert_non_null(strstr(error.text, "the brokers do not acknowledge"));
    put(publisher, cluster, "taken");
    assert_true(publisher_flush(publisher, PATIENCE_MS, &error));
    struct queue_record *record = read_first(cluster);
    assert_true(slice_is(record->value, "taken"));
    queue_record_free(record);
    publisher_close(publisher);
    cluster_close(cluster);
}

static void test_brokers_that_are_away_fail_the_flush_in_time(void **state) {
    struct cluster *cluster = cluster_open();
    struct error error = {0};
    char *brokers = cluster->config.brokers;

    (void)state;
    cluster->config.brokers = (char[]){"127.0.0.1:1"};
    struct publisher *publisher = open_publisher(cluster);
    put(publisher, cluster, "nowhere");
    assert_false(publisher_flush(publisher, 200, &error));
    assert_int_not_equal(error.code, ERROR_NONE);
    publisher_close(publisher);
    cluster->config.brokers = brokers;
    cluster_close(cluster);
}

static void test_settings_that_cannot_be_are_refused(void **state) {
    struct cluster *cluster = cluster_open();
    struct error error = {0};

    (void)state;
    cluster_property(cluster, "security.protocol", "smoke-signals");
    assert_null(publisher_open(&cluster->config, &error));
    assert_non_null(strstr(error.text, "security.protocol"));
    cluster_close(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_sent_is_there_when_it_was_flushed),
        cmocka_unit_test(test_one_that_is_refused_fails_the_flush_and_no_later_one),
        cmocka_unit_test(test_brokers_that_are_away_fail_the_flush_in_time),
        cmocka_unit_test(test_settings_that_cannot_be_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
