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

/* A filled topic, and what there is of it to be read. */
struct scene {
    struct cluster *cluster;
    struct browse_range *ranges;
    size_t count;
};

static struct scene open_scene(void) {
    static char prefix[] = "test.";
    struct scene scene = {.cluster = cluster_open()};
    char topics[2][TOPIC_NAME_SIZE] = {"", "nobody.made.this"};
    struct error error = {0};

    scene.cluster->config.prefix = prefix;
    fill(scene.cluster);
    snprintf(topics[0], sizeof topics[0], "%s", scene.cluster->topic);
    if (!browse_ranges(&scene.cluster->config, (const char(*)[TOPIC_NAME_SIZE])topics, 2, 0,
                       PATIENCE_MS, &scene.ranges, &scene.count, &error))
        fail_msg("%s", error.text);
    return scene;
}

static void close_scene(struct scene *scene) {
    free(scene->ranges);
    cluster_close(scene->cluster);
}

static void read_on(struct scene *scene, int64_t patience_ms, struct seen *seen) {
    struct error error = {0};

    if (!browse(&scene->cluster->config, scene->ranges, scene->count, patience_ms, see, seen,
                &error))
        fail_msg("%s", error.text);
}

static void test_all_is_read_once_and_in_order(void **state) {
    struct scene scene = open_scene();
    struct seen seen = {0};

    (void)state;
    assert_int_equal(scene.count, PARTITIONS);
    assert_false(browse_is_complete(scene.ranges, scene.count));
    read_on(&scene, PATIENCE_MS, &seen);
    assert_int_equal(seen.count, RECORDS);
    assert_true(browse_is_complete(scene.ranges, scene.count));
    read_on(&scene, PATIENCE_MS, &seen);
    assert_int_equal(seen.count, RECORDS);
    close_scene(&scene);
}

static void test_it_is_enough_when_the_reader_says_so(void **state) {
    struct scene scene = open_scene();
    struct seen seen = {.limit = 3};

    (void)state;
    read_on(&scene, PATIENCE_MS, &seen);
    assert_int_equal(seen.count, 3);
    assert_false(browse_is_complete(scene.ranges, scene.count));
    close_scene(&scene);
}

static void test_time_that_runs_out_is_no_failure(void **state) {
    struct scene scene = open_scene();
    struct seen seen = {0};

    (void)state;
    read_on(&scene, 0, &seen);
    assert_int_equal(seen.count, 0);
    assert_false(browse_is_complete(scene.ranges, scene.count));
    close_scene(&scene);
}

static void test_one_record_by_its_place(void **state) {
    struct scene scene = open_scene();
    const struct queue_config *config = &scene.cluster->config;
    const char *topic = scene.cluster->topic;
    struct error error = {0};

    (void)state;
    struct queue_record *record = browse_one(config, topic, 1, 2, PATIENCE_MS, &error);
    assert_non_null(record);
    assert_int_equal(record->partition, 1);
    assert_int_equal(record->offset, 2);
    queue_record_free(record);
    assert_null(browse_one(config, topic, 1, RECORDS, PATIENCE_MS, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    assert_null(browse_one(config, topic, PARTITIONS, 0, PATIENCE_MS, &error));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
    close_scene(&scene);
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
