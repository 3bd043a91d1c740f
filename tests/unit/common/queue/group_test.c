#include "common/queue/group.h"

#include "tests/unit/common/queue/cluster.h"

static void test_a_commit_and_its_note_are_kept(void **state) {
    struct cluster *cluster = cluster_open();
    struct group_commit *commits = memory_new_array(2, sizeof *commits);
    struct error error = {0};

    (void)state;
    for (int32_t i = 0; i < 2; i++)
        commits[i] = (struct group_commit){.topic = cluster->topic, .partition = i};
    assert_true(group_read(&cluster->config, cluster->group, commits, 2, PATIENCE_MS, &error));
    assert_int_equal(commits[0].offset, -1);
    commits[0].offset = 3;
    strcpy(commits[0].note, "2,5-7");
    commits[1].offset = 0;
    if (!group_write(&cluster->config, cluster->group, commits, 2, PATIENCE_MS, &error))
        fail_msg("%s", error.text);
    memset(commits[0].note, 'x', 9);
    commits[0].offset = commits[1].offset = 99;
    assert_true(group_read(&cluster->config, cluster->group, commits, 2, PATIENCE_MS, &error));
    assert_int_equal(commits[0].offset, 3);
    assert_string_equal(commits[0].note, "2,5-7");
    assert_int_equal(commits[1].offset, 0);
    assert_string_equal(commits[1].note, "");
    free(commits);
    cluster_close(cluster);
}

/* A member by librdkafka's own means: the tool is none. */
static rd_kafka_t *join(struct cluster *cluster) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    char reason[256];

    rd_kafka_conf_set(conf, "bootstrap.servers", cluster->config.brokers, reason, sizeof reason);
    rd_kafka_conf_set(conf, "group.id", cluster->group, reason, sizeof reason);
    rd_kafka_conf_set(conf, "client.id", "somebody", reason, sizeof reason);
    rd_kafka_t *member = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    assert_non_null(member);
    rd_kafka_topic_partition_list_add(topics, cluster->topic, RD_KAFKA_PARTITION_UA);
    assert_int_equal(rd_kafka_subscribe(member, topics), 0);
    rd_kafka_topic_partition_list_destroy(topics);
    return member;
}

static size_t assigned_count(rd_kafka_t *member) {
    rd_kafka_topic_partition_list_t *list = NULL;
    rd_kafka_message_t *message = rd_kafka_consumer_poll(member, 20);

    if (message != NULL)
        rd_kafka_message_destroy(message);
    assert_int_equal(rd_kafka_assignment(member, &list), 0);
    size_t count = (size_t)list->cnt;
    rd_kafka_topic_partition_list_destroy(list);
    return count;
}

static void test_a_group_says_who_is_in_it(void **state) {
    struct cluster *cluster = cluster_open();
    struct group_member *members = NULL;
    struct error error = {0};
    size_t count = 7;

    (void)state;
    /* The mock does not describe groups. */
    if (cluster->mock != NULL)
        cluster_needs_real(cluster);
    assert_true(group_members(&cluster->config, cluster->group, cluster->topic, 1, PATIENCE_MS,
                              &members, &count, &error));
    assert_int_equal(count, 0);
    free(members);
    rd_kafka_t *member = join(cluster);
    for (int i = 0; i < 1000 && assigned_count(member) < PARTITIONS; i++)
        continue;
    assert_true(group_members(&cluster->config, cluster->group, cluster->topic, 1, PATIENCE_MS,
                              &members, &count, &error));
    assert_int_equal(count, 1);
    assert_non_null(strstr(members[0].name, "somebody"));
    assert_true(members[0].has_partition);
    free(members);
    assert_true(group_members(&cluster->config, cluster->group, cluster->topic, PARTITIONS,
                              PATIENCE_MS, &members, &count, &error));
    assert_false(members[0].has_partition);
    free(members);

    /* While somebody is in it, nobody else commits for it. */
    struct group_commit *commit = memory_new(sizeof *commit);
    *commit = (struct group_commit){.topic = cluster->topic, .partition = 1, .offset = 5};
    assert_false(group_write(&cluster->config, cluster->group, commit, 1, PATIENCE_MS, &error));
    assert_int_equal(error.code, ERROR_REFUSED);
    free(commit);
    rd_kafka_consumer_close(member);
    rd_kafka_destroy(member);
    cluster_close(cluster);
}

static void test_brokers_that_are_away_are_named(void **state) {
    struct cluster *cluster = cluster_open();
    struct group_commit *commit = memory_new(sizeof *commit);
    struct queue_config config = cluster->config;
    struct error error = {0};

    (void)state;
    config.brokers = (char[]){"127.0.0.1:1"};
    *commit = (struct group_commit){.topic = cluster->topic, .offset = 5};
    assert_false(group_read(&config, cluster->group, commit, 1, 300, &error));
    assert_int_not_equal(error.code, ERROR_NONE);
    error = (struct error){0};
    assert_false(group_write(&config, cluster->group, commit, 1, 300, &error));
    assert_int_not_equal(error.code, ERROR_NONE);
    assert_true(error.text[0] != '\0');
    free(commit);
    cluster_close(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_commit_and_its_note_are_kept),
        cmocka_unit_test(test_a_group_says_who_is_in_it),
        cmocka_unit_test(test_brokers_that_are_away_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
