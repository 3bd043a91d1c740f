#include "common/base/buffer.h"
#include "common/config/file.h"
#include "tests/unit/common/base/capture.h"
#include "tests/unit/common/config/parse.h"

#include <unistd.h>

static void test_every_default(void **state) {
    struct config *config = parse(QUEUE APPS);

    (void)state;
    assert_string_equal(config->queue.brokers, "kafka:9092");
    assert_string_equal(config->queue.prefix, "columba.");
    assert_int_equal(config->queue.replication, 3);
    assert_int_equal(config->queue.partitions, 12);
    assert_int_equal(config->queue.ack_timeout_ms, 20000);
    assert_int_equal(config->queue.properties.count, 0);
    assert_string_equal(config->redis.host, "127.0.0.1");
    assert_int_equal(config->redis.port, 6379);
    assert_null(config->redis.username);
    assert_null(config->redis.password);
    assert_int_equal(config->redis.database, 0);
    assert_int_equal(config->redis.timeout_ms, 250);
    assert_int_equal(config->retry.delays.count, 3);
    assert_int_equal(config->retry.delays.items_ms[0], 15000);
    assert_int_equal(config->retry.delays.items_ms[1], 120000);
    assert_int_equal(config->retry.delays.items_ms[2], 900000);
    assert_int_equal(config->retry.max_age_ms, 86400000);
    assert_int_equal(config->log_level, LOG_LEVEL_INFO);
    config_release(config);
}

static void test_every_default_of_the_programs(void **state) {
    struct config *config = parse(QUEUE APPS);
    const struct ingress_config *ingress = &config->ingress;
    const struct dispatcher_config *dispatcher = &config->dispatcher;

    (void)state;
    assert_int_equal(ingress->listen.count, 1);
    assert_string_equal(ingress->listen.items[0], "[::]:8008");
    assert_string_equal(ingress->admin_listen, "127.0.0.1:9101");
    assert_int_equal(ingress->workers, 0);
    assert_int_equal(ingress->body_limit_bytes, 524288);
    assert_int_equal(ingress->device_limit, 1000);
    assert_int_equal(ingress->copies_limit_bytes, 8388608);
    assert_int_equal(ingress->waiting_requests, 8000);
    assert_int_equal(ingress->waiting_bytes, 67108864);
    assert_int_equal(ingress->connection_limit, 10000);
    assert_int_equal(ingress->idle_timeout_ms, 180000);
    assert_int_equal(ingress->read_timeout_ms, 15000);
    assert_int_equal(ingress->drain_delay_ms, 5000);
    assert_int_equal(ingress->unknown_app, UNKNOWN_APP_DROP);
    assert_string_equal(dispatcher->admin_listen, "127.0.0.1:9102");
    assert_int_equal(dispatcher->lanes.count, 0);
    assert_int_equal(dispatcher->in_flight, 1000);
    assert_int_equal(dispatcher->in_flight_bytes, 33554432);
    assert_int_equal(dispatcher->connections, 4);
    assert_int_equal(dispatcher->request_timeout_ms, 30000);
    assert_int_equal(dispatcher->commit_interval_ms, 1000);
    assert_int_equal(dispatcher->drain_timeout_ms, 8000);
    config_release(config);
}

static void test_values_of_the_shared_sections(void **state) {
    struct config *config =
        parse("queue:\n"
              "  brokers: a:9092,b:9092\n"
              "  prefix: ''\n"
              "  replication: 1\n"
              "  partitions: '48'\n"
              "  ack_timeout: 5s\n"
              "  properties:\n"
              "    security.protocol: SASL_SSL\n"
              "    socket.timeout.ms: 10000\n"
              "    ssl.ca.location: ''\n"
              "redis: {address: '[::1]:6380', username: u, password: 'p w', database: 3,\n"
              "        timeout: 1s}\n"
              "retry: {delays: [500ms, 1s], max_age: 1h}\n"
              "log: {level: debug}\n" APPS);

    (void)state;
    assert_string_equal(config->queue.brokers, "a:9092,b:9092");
    assert_string_equal(config->queue.prefix, "");
    assert_int_equal(config->queue.replication, 1);
    assert_int_equal(config->queue.partitions, 48);
    assert_int_equal(config->queue.ack_timeout_ms, 5000);
    assert_int_equal(config->queue.properties.count, 3);
    assert_string_equal(config->queue.properties.items[0].name, "security.protocol");
    assert_string_equal(config->queue.properties.items[0].value, "SASL_SSL");
    assert_string_equal(config->queue.properties.items[1].value, "10000");
    assert_string_equal(config->queue.properties.items[2].value, "");
    assert_string_equal(config->redis.host, "::1");
    assert_int_equal(config->redis.port, 6380);
    assert_string_equal(config->redis.username, "u");
    assert_string_equal(config->redis.password, "p w");
    assert_int_equal(config->redis.database, 3);
    assert_int_equal(config->redis.timeout_ms, 1000);
    assert_int_equal(config->retry.delays.count, 2);
    assert_int_equal(config->retry.delays.items_ms[0], 500);
    assert_int_equal(config->retry.delays.items_ms[1], 1000);
    assert_int_equal(config->retry.max_age_ms, 3600000);
    assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
    config_release(config);
}

static void test_a_single_replica_is_warned_about_once(void **state) {
    struct capture capture = capture_start();
    struct buffer text = {0};

    (void)state;
    config_release(parse("queue:\n  brokers: a\n  replication: 1\n" APPS));
    config_release(parse("queue:\n  brokers: a\n  replication: 2\n" APPS));
    capture_stop(&capture, &text);
    const char *line = strstr(buffer_text(&text), "\"event\":\"config_single_replica\"");
    assert_non_null(line);
    assert_non_null(strstr(line, "\"line\":3,\"key\":\"queue.replication\""));
    assert_ptr_equal(strchr(buffer_text(&text), '\n') + 1, buffer_text(&text) + text.size);
    buffer_free(&text);
}

static void test_values_of_the_programs(void **state) {
    struct config *config = parse("ingress:\n"
                                  "  listen: 0.0.0.0:80\n"
                                  "  admin_listen: localhost:0\n"
                                  "  workers: 2\n"
                                  "  body_limit: 65536\n"
                                  "  idle_timeout: 121s\n"
                                  "  drain_delay: 0\n"
                                  "  unknown_app: reject\n"
                                  "dispatcher:\n"
                                  "  lanes: [fcm, big-app]\n"
                                  "  in_flight: 7\n"
                                  "  in_flight_bytes: 1MiB\n"
                                  "  request_timeout: 1s\n" QUEUE APPS);

    (void)state;
    assert_string_equal(config->ingress.listen.items[0], "0.0.0.0:80");
    assert_string_equal(config->ingress.admin_listen, "localhost:0");
    assert_int_equal(config->ingress.workers, 2);
    assert_int_equal(config->ingress.body_limit_bytes, 65536);
    assert_int_equal(config->ingress.idle_timeout_ms, 121000);
    assert_int_equal(config->ingress.drain_delay_ms, 0);
    assert_int_equal(config->ingress.unknown_app, UNKNOWN_APP_REJECT);
    assert_int_equal(config->dispatcher.lanes.count, 2);
    assert_string_equal(config->dispatcher.lanes.items[0], "fcm");
    assert_string_equal(config->dispatcher.lanes.items[1], "big-app");
    assert_int_equal(config->dispatcher.in_flight, 7);
    assert_int_equal(config->dispatcher.in_flight_bytes, 1048576);
    assert_int_equal(config->dispatcher.request_timeout_ms, 1000);
    config_release(config);
}

static void test_a_key_without_a_value_is_as_good_as_none(void **state) {
    struct config *config = parse("redis:\nlog: ~\ningress:\n  listen:\n  drain_delay: null\n"
                                  "  workers: ${COLUMBA_TEST_UNSET:-}\n" QUEUE APPS);

    (void)state;
    assert_int_equal(config->redis.port, 6379);
    assert_string_equal(config->ingress.listen.items[0], "[::]:8008");
    assert_int_equal(config->ingress.drain_delay_ms, 5000);
    assert_int_equal(config->ingress.workers, 0);
    config_release(config);
}

static void test_environment(void **state) {
    struct config *config = NULL;

    (void)state;
    setenv("COLUMBA_TEST_IP", "10.1.2.3", 1);
    setenv("COLUMBA_TEST_TIMEOUT", "7s", 1);
    config = parse("ingress: {listen: '[${COLUMBA_TEST_IP}]:8008'}\n"
                   "queue:\n  brokers: ${COLUMBA_TEST_IP}:9092\n"
                   "  ack_timeout: ${COLUMBA_TEST_TIMEOUT}\n"
                   "  prefix: ${COLUMBA_TEST_PREFIX:-dev.}\n"
                   "redis: {password: 'a$$b'}\n" APPS);
    assert_string_equal(config->ingress.listen.items[0], "[10.1.2.3]:8008");
    assert_string_equal(config->queue.brokers, "10.1.2.3:9092");
    assert_int_equal(config->queue.ack_timeout_ms, 7000);
    assert_string_equal(config->queue.prefix, "dev.");
    assert_string_equal(config->redis.password, "a$b");
    config_release(config);
}

static void test_holding_keeps_it(void **state) {
    const struct config *config = parse(QUEUE APPS);

    (void)state;
    assert_ptr_equal(config_hold(config), config);
    config_release(config);
    assert_string_equal(config->queue.brokers, "kafka:9092");
    config_release(config);
    config_release(NULL);
}

static void test_load_names_the_file(void **state) {
    char path[] = "/tmp/columba-config-XXXXXX";
    struct error error = {0};
    int file = mkstemp(path);

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, QUEUE APPS, strlen(QUEUE APPS)), strlen(QUEUE APPS));
    struct config *config = config_load(path, &error);
    assert_non_null(config);
    config_release(config);
    assert_int_equal(write(file, "x: 1\n", 5), 5);
    assert_null(config_load(path, &error));
    assert_memory_equal(error.text, path, strlen(path));
    assert_memory_equal(error.text + strlen(path), ":3: x: is not a key", 19);
    close(file);
    unlink(path);
    assert_null(config_load(path, &error));
    assert_string_equal(error.text + strlen(path), ": No such file or directory");
    assert_null(config_load("/tmp", &error));
    assert_string_equal(error.text, "/tmp: Is a directory");
    assert_null(config_load("/dev/zero", &error));
    assert_string_equal(error.text, "/dev/zero: larger than 4194304 bytes");
}

static void read_example(struct buffer *yaml) {
    struct error error = {0};

    if (!file_read(TEST_DATA_DIR "/../../deploy/columba.example.yaml", 1 << 20, yaml, &error))
        fail_msg("deploy/columba.example.yaml: %s", error.text);
}

static void test_the_example_is_valid(void **state) {
    struct buffer yaml = {0};

    (void)state;
    read_example(&yaml);
    struct config *config = parse(buffer_text(&yaml));
    assert_true(config->apps.count >= 2);
    config_release(config);
    buffer_free(&yaml);
}

/* Whatever part of a file arrives: an answer, and a line that says why when it is no. */
static void test_every_prefix_of_the_example_has_an_answer(void **state) {
    struct buffer yaml = {0};

    (void)state;
    read_example(&yaml);
    for (size_t size = 0; size < yaml.size; size++) {
        struct error error = {0};
        struct config *config =
            config_parse("columba.yaml", (struct slice){.data = yaml.data, .size = size}, &error);
        assert_true((config == NULL) == (error.text[0] != '\0'));
        config_release(config);
    }
    buffer_free(&yaml);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_default),
        cmocka_unit_test(test_every_default_of_the_programs),
        cmocka_unit_test(test_values_of_the_shared_sections),
        cmocka_unit_test(test_a_single_replica_is_warned_about_once),
        cmocka_unit_test(test_values_of_the_programs),
        cmocka_unit_test(test_a_key_without_a_value_is_as_good_as_none),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_holding_keeps_it),
        cmocka_unit_test(test_load_names_the_file),
        cmocka_unit_test(test_the_example_is_valid),
        cmocka_unit_test(test_every_prefix_of_the_example_has_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
