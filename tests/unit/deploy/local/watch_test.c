/* Against a mock cluster in this process: what is warned of is what a reader finds in the log. */
#include "deploy/local/watch.h"

#include "common/base/memory.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

enum { RECORD_BYTES = 8 * 1024, LOG_BYTES = 64 * 1024, PATIENCE_MS = 20 * 1000, LOOK_MS = 50 };

static const char topic[] = "try.push.fcm";

struct scene {
    struct loop *loop;
    rd_kafka_t *producer;
    rd_kafka_mock_cluster_t *cluster;
    struct plan_group group;
    FILE *log;
    int kept_stderr;
    struct timer *look;
    const char *wanted;
    int64_t deadline_ms;
    bool found;
};

static int set_up(void **state) {
    struct scene *scene = memory_new(sizeof *scene);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[256];

    rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", reason, sizeof reason);
    scene->loop = loop_new();
    scene->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    scene->cluster = rd_kafka_handle_mock_cluster(scene->producer);
    rd_kafka_mock_topic_create(scene->cluster, topic, 2, 1);
    strcpy(scene->group.name, "try.fcm");
    strcpy(scene->group.topics[0], topic);
    scene->group.topic_count = 1;
    scene->log = tmpfile();
    scene->kept_stderr = dup(STDERR_FILENO);
    dup2(fileno(scene->log), STDERR_FILENO);
    *state = scene;
    return 0;
}

static int tear_down(void **state) {
    struct scene *scene = *state;

    dup2(scene->kept_stderr, STDERR_FILENO);
    close(scene->kept_stderr);
    fclose(scene->log);
    rd_kafka_destroy(scene->producer);
    loop_free(scene->loop);
    free(scene);
    return 0;
}

static void produce(struct scene *scene, int32_t partition, int count) {
    static const char value[RECORD_BYTES];

    for (int i = 0; i < count; i++)
        assert_int_equal(rd_kafka_producev(scene->producer, RD_KAFKA_V_TOPIC(topic),
                                           RD_KAFKA_V_PARTITION(partition),
                                           RD_KAFKA_V_VALUE((void *)value, sizeof value),
                                           RD_KAFKA_V_END),
                         RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_flush(scene->producer, PATIENCE_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
}

static void commit(struct scene *scene, int32_t partition, int64_t offset) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_t *member;
    char reason[256];

    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(scene->cluster),
                      reason, sizeof reason);
    rd_kafka_conf_set(conf, "group.id", scene->group.name, reason, sizeof reason);
    member = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    assert_int_equal(rd_kafka_commit(member, list, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(member);
}

static bool log_has(struct scene *scene, const char *text) {
    char *log = memory_new(LOG_BYTES + 1);
    bool has = pread(fileno(scene->log), log, LOG_BYTES, 0) > 0 && strstr(log, text) != NULL;

    free(log);
    return has;
}

static void look(void *context) {
    struct scene *scene = context;

    scene->found = log_has(scene, scene->wanted);
    if (scene->found || loop_monotonic_ms(scene->loop) > scene->deadline_ms)
        loop_stop(scene->loop);
    else
        timer_start(scene->look, LOOK_MS);
}

/* Runs the watch until the log has the text. */
static bool wait_for_log(struct scene *scene, const char *text) {
    scene->wanted = text;
    scene->deadline_ms = loop_monotonic_ms(scene->loop) + PATIENCE_MS;
    scene->look = timer_new(scene->loop, look, scene);
    timer_start(scene->look, 0);
    loop_run(scene->loop);
    timer_free(scene->look);
    return scene->found;
}

static struct watch *open_watch(struct scene *scene) {
    struct error error;
    struct watch *watch = watch_open(scene->loop, rd_kafka_mock_cluster_bootstraps(scene->cluster),
                                     &scene->group, 2, &error);

    assert_non_null(watch);
    return watch;
}

static int64_t start_offset(struct scene *scene, int32_t partition) {
    int64_t low;
    int64_t high;

    assert_int_equal(rd_kafka_query_watermark_offsets(scene->producer, topic, partition, &low,
                                                      &high, PATIENCE_MS),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    return low;
}

static void test_warns_while_nothing_is_lost_yet(void **state) {
    struct scene *scene = *state;
    struct watch *watch = open_watch(scene);

    produce(scene, 1, 400);
    assert_true(wait_for_log(scene, "\"event\":\"partition_filling\",\"topic\":\"try.push.fcm\","
                                    "\"partition\":1,"));
    assert_int_equal(start_offset(scene, 1), 0);
    assert_false(log_has(scene, "records_lost"));
    produce(scene, 1, 400);
    assert_true(wait_for_log(scene, "\"event\":\"records_lost\""));
    assert_true(start_offset(scene, 1) > 0);
    watch_close(watch);
}

static void test_what_the_group_has_read_is_no_reason_to_warn(void **state) {
    struct scene *scene = *state;
    struct watch *watch = open_watch(scene);

    commit(scene, 0, 400);
    produce(scene, 0, 400);
    /* The other partition's warning comes in the same turn as this one's would. */
    produce(scene, 1, 400);
    assert_true(wait_for_log(scene, "\"partition\":1,"));
    assert_false(log_has(scene, "\"partition\":0,"));
    watch_close(watch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_warns_while_nothing_is_lost_yet, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_the_group_has_read_is_no_reason_to_warn, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
