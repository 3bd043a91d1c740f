#include "tests/unit/common/queue/cluster.h"

static bool is_connected(void *context) {
    return queue_producer_is_connected(context);
}

static bool is_not_connected(void *context) {
    return !queue_producer_is_connected(context);
}

static struct queue_producer *open_producer(struct cluster *cluster) {
    struct error error = {0};
    struct queue_producer *producer = queue_producer_open(cluster->loop, &cluster->config, &error);

    assert_string_equal(error.text, "");
    assert_non_null(producer);
    return producer;
}

static void test_acknowledges_each_message_once_and_later(void **state) {
    struct cluster *cluster = cluster_open();
    struct queue_producer *producer = open_producer(cluster);
    struct sent sent = {0};
    struct error error;

    (void)state;
    for (int i = 0; i < 5000; i++)
        assert_true(send_text(producer, cluster->topic, "key", "value", &sent, &error));
    assert_int_equal(sent.acknowledged, 0);
    assert_int_equal(queue_producer_outstanding(producer), 5000);
    await_reported(cluster, &sent, 5000);
    let_pass(cluster->loop, 100);
    assert_int_equal(sent.acknowledged, 5000);
    assert_int_equal(sent.failed, 0);
    assert_int_equal(queue_producer_outstanding(producer), 0);
    queue_producer_close(producer);
    cluster_close(cluster);
}

/* The mock cluster stamps what it takes with 1970, which is nobody's time. */
static void test_a_stamp_that_no_broker_makes_is_our_own_clock(void **state) {
    struct cluster *cluster = cluster_open();
    struct sent sent = {0};
    struct error error;
    int64_t lead_ms = 1;

    (void)state;
    if (cluster->mock == NULL) {
        cluster_close(cluster);
        skip();
    }
    struct queue_producer *producer = open_producer(cluster);
    assert_false(queue_producer_clock_lead_ms(producer, &lead_ms));
    assert_true(send_text(producer, cluster->topic, "key", "value", &sent, &error));
    await_reported(cluster, &sent, 1);
    assert_true(queue_producer_clock_lead_ms(producer, &lead_ms));
    assert_int_equal(lead_ms, 0);
    queue_producer_close(producer);
    cluster_close(cluster);
}

static void test_knows_whether_a_broker_is_connected(void **state) {
    struct cluster *cluster = cluster_open();
    struct queue_producer *producer = open_producer(cluster);

    (void)state;
    await(cluster->loop, is_connected, producer);
    if (cluster->mock != NULL) {
        rd_kafka_mock_broker_set_down(cluster->mock, 1);
        await(cluster->loop, is_not_connected, producer);
        rd_kafka_mock_broker_set_up(cluster->mock, 1);
        await(cluster->loop, is_connected, producer);
    }
    queue_producer_close(producer);
    cluster_close(cluster);
}

static void test_fails_in_time_and_works_again_when_brokers_return(void **state) {
    struct cluster *cluster = cluster_open();
    struct sent sent = {0};
    struct error error;

    (void)state;
    if (cluster->mock == NULL) {
        cluster_close(cluster);
        skip();
    }
    cluster->config.ack_timeout_ms = 3000;
    struct queue_producer *producer = open_producer(cluster);
    assert_true(send_text(producer, cluster->topic, "k", "before", &sent, &error));
    await_reported(cluster, &sent, 1);
    rd_kafka_mock_broker_set_down(cluster->mock, 1);
    for (int i = 0; i < 10; i++)
        assert_true(send_text(producer, cluster->topic, "k", "during", &sent, &error));
    int64_t begin_ms = loop_monotonic_ms(cluster->loop);
    await_reported(cluster, &sent, 11);
    assert_in_range(loop_monotonic_ms(cluster->loop) - begin_ms, 1500, 3100);
    assert_int_equal(sent.failed, 10);
    assert_int_equal(sent.last.code, ERROR_TIMEOUT);
    rd_kafka_mock_broker_set_up(cluster->mock, 1);
    await(cluster->loop, is_connected, producer);
    assert_true(send_text(producer, cluster->topic, "k", "after", &sent, &error));
    await_reported(cluster, &sent, 12);
    let_pass(cluster->loop, 500);
    assert_int_equal(sent.acknowledged, 2);
    assert_int_equal(sent.failed, 10);
    queue_producer_close(producer);
    cluster_close(cluster);
}

static void test_names_a_topic_that_does_not_exist_and_does_not_make_it(void **state) {
    struct cluster *cluster = cluster_open();
    struct sent sent = {0};
    struct error error;

    (void)state;
    cluster_property(cluster, "topic.metadata.propagation.max.ms", "500");
    struct queue_producer *producer = open_producer(cluster);
    if (cluster->mock != NULL)
        rd_kafka_mock_topic_set_error(cluster->mock, "test.nowhere",
                                      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    assert_true(send_text(producer, "test.nowhere", "k", "v", &sent, &error));
    await_reported(cluster, &sent, 1);
    assert_int_equal(sent.last.code, ERROR_NOT_FOUND);
    assert_non_null(strstr(sent.last.text, "test.nowhere"));
    /* From now on it is known not to exist. */
    assert_false(send_text(producer, "test.nowhere", "k", "v", &sent, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_non_null(strstr(error.text, "test.nowhere"));
    assert_int_equal(queue_producer_outstanding(producer), 0);
    queue_producer_close(producer);
    cluster_close(cluster);
}

static void test_refuses_what_cannot_be_queued(void **state) {
    struct cluster *cluster = cluster_open();
    struct sent sent = {0};
    struct error error;
    size_t taken = 0;

    (void)state;
    cluster_property(cluster, "queue.buffering.max.messages", "10");
    struct queue_producer *producer = open_producer(cluster);
    while (taken < 100 && send_text(producer, cluster->topic, "k", "v", &sent, &error))
        taken++;
    assert_in_range(taken, 10, 99);
    assert_int_equal(error.code, ERROR_UNAVAILABLE);
    await_reported(cluster, &sent, taken);
    assert_int_equal(sent.acknowledged, taken);
    assert_true(send_text(producer, cluster->topic, "k", "v", &sent, &error));

    char *large = memory_new(2 << 20);
    memset(large, 'x', (2 << 20) - 1);
    assert_false(send_text(producer, cluster->topic, "k", large, &sent, &error));
    assert_int_equal(error.code, ERROR_TOO_LARGE);
    free(large);
    queue_producer_close(producer);
    cluster_close(cluster);
}

static void test_replaces_a_producer_that_turned_fatal(void **state) {
    enum { PRODUCE_REQUEST = 0 };
    struct cluster *cluster = cluster_open();
    struct sent sent = {0};
    struct error error;

    (void)state;
    if (cluster->mock == NULL) {
        cluster_close(cluster);
        skip();
    }
    struct queue_producer *producer = open_producer(cluster);
    assert_true(send_text(producer, cluster->topic, "k", "sound", &sent, &error));
    await_reported(cluster, &sent, 1);
    log_open("test", (enum log_level) - 1);
    rd_kafka_mock_push_request_errors(cluster->mock, PRODUCE_REQUEST, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    for (int i = 0; i < 100; i++)
        assert_true(send_text(producer, cluster->topic, "k", "doomed", &sent, &error));
    await_reported(cluster, &sent, 101);
    assert_true(sent.failed > 0);
    assert_int_equal(queue_producer_outstanding(producer), 0);
    size_t failed = sent.failed;
    await(cluster->loop, is_connected, producer);
    assert_true(send_text(producer, cluster->topic, "k", "again", &sent, &error));
    await_reported(cluster, &sent, 102);
    let_pass(cluster->loop, 500);
    assert_int_equal(sent.failed, failed);
    assert_int_equal(sent.acknowledged + sent.failed, 102);
    queue_producer_close(producer);
    cluster_close(cluster);
}

struct closer {
    struct queue_producer *producer;
    struct sent sent;
};

static void close_when_done(void *context, const struct error *error) {
    struct closer *closer = context;

    sent_done(&closer->sent, error);
    queue_producer_close(closer->producer);
}

static bool closer_is_done(void *context) {
    return ((struct closer *)context)->sent.acknowledged > 0;
}

static void test_may_be_closed_by_a_call_back(void **state) {
    struct cluster *cluster = cluster_open();
    struct closer closer = {.producer = open_producer(cluster)};
    struct queue_message message = {.topic = cluster->topic, .value = slice_of("v")};
    struct error error;

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_true(
            queue_producer_send(closer.producer, &message, close_when_done, &closer, &error));
    await(cluster->loop, closer_is_done, &closer);
    let_pass(cluster->loop, 50);
    assert_int_equal(closer.sent.acknowledged + closer.sent.failed, 10);
    cluster_close(cluster);
}

static void test_reports_what_is_outstanding_when_closed(void **state) {
    struct cluster *cluster = cluster_open();
    struct queue_producer *producer = open_producer(cluster);
    struct sent sent = {0};
    struct error error;

    (void)state;
    for (int i = 0; i < 50; i++)
        assert_true(send_text(producer, cluster->topic, "k", "v", &sent, &error));
    queue_producer_close(producer);
    assert_int_equal(sent.failed, 50);
    let_pass(cluster->loop, 50);
    assert_int_equal(sent.acknowledged, 0);
    cluster_close(cluster);
}

static void check_property(char *name, char *value, const char *expected) {
    struct property property = {name, value};
    struct queue_config config = {
        .brokers = "127.0.0.1:1", .ack_timeout_ms = 1000, .properties = {&property, 1}};
    struct loop *loop = loop_new();
    struct error error = {0};

    assert_null(queue_producer_open(loop, &config, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
    assert_non_null(strstr(error.text, expected));
    loop_free(loop);
}

static void test_explains_properties_it_cannot_take(void **state) {
    (void)state;
    check_property("no.such.thing", "1", "queue.properties.no.such.thing: No such configuration");
    check_property("linger.ms", "soon", "queue.properties.linger.ms: ");
    check_property("acks", "1", "queue.properties.acks: is always all");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acknowledges_each_message_once_and_later),
        cmocka_unit_test(test_a_stamp_that_no_broker_makes_is_our_own_clock),
        cmocka_unit_test(test_knows_whether_a_broker_is_connected),
        cmocka_unit_test(test_fails_in_time_and_works_again_when_brokers_return),
        cmocka_unit_test(test_names_a_topic_that_does_not_exist_and_does_not_make_it),
        cmocka_unit_test(test_refuses_what_cannot_be_queued),
        cmocka_unit_test(test_replaces_a_producer_that_turned_fatal),
        cmocka_unit_test(test_may_be_closed_by_a_call_back),
        cmocka_unit_test(test_reports_what_is_outstanding_when_closed),
        cmocka_unit_test(test_explains_properties_it_cannot_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
