#include "tests/unit/common/queue/cluster.h"

#include "common/queue/kafka_record.h"

/* The first record of the topic, read by a consumer that is in no group. */
static struct queue_record *read_one(struct cluster *cluster) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

    rd_kafka_conf_set(conf, "bootstrap.servers", cluster->config.brokers, NULL, 0);
    rd_kafka_conf_set(conf, "group.id", "none", NULL, 0);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
    for (int32_t i = 0; i < PARTITIONS; i++)
        rd_kafka_topic_partition_list_add(list, cluster->topic, i)->offset = 0;
    rd_kafka_assign(client, list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_message_t *message = rd_kafka_consumer_poll(client, PATIENCE_MS);
    assert_non_null(message);
    assert_int_equal(message->err, 0);
    struct queue_record *record = kafka_record_copy(message);
    rd_kafka_message_destroy(message);
    rd_kafka_destroy(client);
    return record;
}

static struct queue_record *through(const struct queue_message *message, struct cluster *cluster) {
    struct error error;
    struct sent sent = {0};
    struct queue_producer *producer = queue_producer_open(cluster->loop, &cluster->config, &error);

    assert_true(queue_producer_send(producer, message, sent_done, &sent, &error));
    await_reported(cluster, &sent, 1);
    assert_int_equal(sent.acknowledged, 1);
    queue_producer_close(producer);
    return read_one(cluster);
}

static void test_carries_key_value_and_headers(void **state) {
    struct header headers[] = {
        {"columba-id", slice_of("0123")}, {"Other", {0}}, {"columba-id", slice_of("twice")}};
    struct cluster *cluster = cluster_open();
    struct queue_message message = {.topic = cluster->topic,
                                    .key = {"a\0b\0c", 5},
                                    .value = slice_of("{\"a\":1}"),
                                    .headers = headers,
                                    .header_count = 3};
    struct queue_record *record = through(&message, cluster);

    (void)state;
    assert_string_equal(record->topic, cluster->topic);
    assert_in_range(record->partition, 0, PARTITIONS - 1);
    assert_int_equal(record->offset, 0);
    assert_true(record->timestamp_ms > 1500000000000);
    assert_int_equal(record->key.size, 5);
    assert_memory_equal(record->key.data, "a\0b\0c", 5);
    assert_true(slice_is(record->value, "{\"a\":1}"));
    assert_int_equal(record->header_count, 3);
    assert_string_equal(record->headers[0].name, "columba-id");
    assert_true(slice_is(record->headers[0].value, "0123"));
    assert_string_equal(record->headers[1].name, "Other");
    assert_int_equal(record->headers[1].value.size, 0);
    assert_true(slice_is(record->headers[2].value, "twice"));
    queue_record_free(record);
    cluster_close(cluster);
}

static void test_carries_nothing_at_all(void **state) {
    struct cluster *cluster = cluster_open();
    struct queue_message message = {.topic = cluster->topic};
    struct queue_record *record = through(&message, cluster);

    (void)state;
    assert_int_equal(record->key.size, 0);
    assert_int_equal(record->value.size, 0);
    assert_int_equal(record->header_count, 0);
    queue_record_free(record);
    cluster_close(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_carries_key_value_and_headers),
        cmocka_unit_test(test_carries_nothing_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
