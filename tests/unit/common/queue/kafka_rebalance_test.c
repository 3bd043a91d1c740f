#include "common/queue/kafka_assignment.h"
#include "tests/unit/common/queue/cluster.h"

static void stop_taking(struct member *member, const struct queue_record *record) {
    (void)record;
    queue_consumer_take(member->consumer, false);
}

static void pause_at_once(struct member *member, const struct queue_record *record) {
    member->is_paused[record->partition] = true;
    queue_consumer_pause(member->consumer, record->topic, record->partition);
}

static bool stands_at_400(void *context) {
    const struct member *member = context;
    int64_t sum = 0;

    for (int32_t i = 0; i < PARTITIONS; i++)
        sum += member->next[i];
    return sum == 400;
}

struct pair {
    struct member *a;
    struct member *b;
};

static bool share_all(void *context) {
    const struct pair *pair = context;

    return pair->a->is_assigned && pair->b->is_assigned &&
           pair->a->partition_count == PARTITIONS / 2 && pair->b->partition_count == PARTITIONS / 2;
}

static bool first_has_all(void *context) {
    const struct member *member = context;

    return member->is_assigned && member->partition_count == PARTITIONS;
}

static void test_shares_with_another_and_forgets_its_pauses(void **state) {
    struct cluster *cluster = cluster_open();
    struct member first = {.on_record = pause_at_once};
    struct member second = {0};

    (void)state;
    publish(cluster, 200);
    member_join(&first, cluster);
    await_count(cluster, first.record_count, PARTITIONS);
    member_commit(&first);
    member_join(&second, cluster);
    await(cluster->loop, share_all, (&(struct pair){&first, &second}));
    first.on_record = NULL;
    await_count(cluster, second.record_count, 1);
    member_commit(&second);
    await_count(cluster, second.commit_count, 1);
    member_leave(&second);
    await(cluster->loop, first_has_all, &first);
    assert_true(first.revoked_count >= 2);
    publish(cluster, 200);
    await(cluster->loop, stands_at_400, &first);
    assert_int_equal(first.disorder_count, 0);
    assert_int_equal(second.disorder_count, 0);
    assert_int_equal(first.lost_count + second.lost_count, 0);
    member_leave(&first);
    cluster_close(cluster);
}

static void test_delivers_nothing_between_revoke_and_release(void **state) {
    struct cluster *cluster = cluster_open();
    struct member first = {.on_record = stop_taking, .holds_release = true};
    struct member second = {0};

    (void)state;
    cluster_needs_real(cluster);
    publish(cluster, 500);
    member_join(&first, cluster);
    await_count(cluster, first.record_count, 1);
    member_join(&second, cluster);
    await_count(cluster, first.revoked_count, 1);
    queue_consumer_take(first.consumer, true);
    let_pass(cluster->loop, 500);
    assert_int_equal(first.record_count, 1);
    member_commit(&first);
    await_count(cluster, first.commit_count, 1);
    assert_int_equal(first.commit_failure_count, 0);
    first.on_record = NULL;
    first.holds_release = false;
    queue_consumer_release(first.consumer);
    await(cluster->loop, share_all, (&(struct pair){&first, &second}));
    await_count(cluster, second.record_count, 1);
    let_pass(cluster->loop, 500);
    assert_int_equal(first.record_count + second.record_count, 500);
    assert_int_equal(first.disorder_count + second.disorder_count, 0);
    member_leave(&second);
    member_leave(&first);
    cluster_close(cluster);
}

static void test_waits_as_a_spare_when_members_outnumber_partitions(void **state) {
    struct cluster *cluster = cluster_open();
    struct member members[PARTITIONS + 1] = {0};
    size_t idle = 0;

    (void)state;
    cluster_needs_real(cluster);
    for (size_t i = 0; i <= PARTITIONS; i++)
        member_join(&members[i], cluster);
    for (size_t i = 0; i <= PARTITIONS; i++)
        await(cluster->loop, member_is_assigned, &members[i]);
    let_pass(cluster->loop, 3000);
    for (size_t i = 0; i <= PARTITIONS; i++) {
        await(cluster->loop, member_is_assigned, &members[i]);
        idle += members[i].partition_count == 0;
    }
    assert_int_equal(idle, 1);
    publish(cluster, 100);
    member_leave(&members[0]);
    for (size_t i = 1; i <= PARTITIONS; i++)
        member_leave(&members[i]);
    cluster_close(cluster);
}

static rd_kafka_t *lone_consumer(struct cluster *cluster) {
    char reason[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    rd_kafka_conf_set(conf, "bootstrap.servers", cluster->config.brokers, reason, sizeof reason);
    rd_kafka_conf_set(conf, "group.id", cluster->group, reason, sizeof reason);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    assert_non_null(client);
    rd_kafka_poll_set_consumer(client);
    return client;
}

/* The library ends the reading before after that of now has begun, and the queue of the partition
 * is turned nowhere: turned aside once more, it gives what has come meanwhile. */
static void test_what_is_given_back_and_taken_at_once_is_read_on(void **state) {
    struct cluster *cluster = cluster_open();
    rd_kafka_t *client = lone_consumer(cluster);
    rd_kafka_queue_t *records = rd_kafka_queue_new(client);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);
    struct kafka_assignment assignment = {0};
    int64_t read_count = 0;

    (void)state;
    publish(cluster, 100);
    for (int32_t i = 0; i < PARTITIONS; i++)
        rd_kafka_topic_partition_list_add(list, cluster->topic, i)->offset = 0;
    kafka_assignment_set(&assignment, list);
    for (int round = 0; round < 10; round++) {
        rd_kafka_assign(client, NULL);
        kafka_assignment_divert(&assignment, client, records);
        rd_kafka_assign(client, list);
    }
    for (int waited = 0; waited < 300 && read_count < 100; waited++) {
        kafka_assignment_divert(&assignment, client, records);
        rd_kafka_message_t *message = rd_kafka_consume_queue(records, 100);
        while (message != NULL) {
            read_count += message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? 1 : 0;
            rd_kafka_message_destroy(message);
            message = rd_kafka_consume_queue(records, 0);
        }
    }
    assert_int_equal(read_count, 100);
    kafka_assignment_clear(&assignment);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_destroy(records);
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
    cluster_close(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares_with_another_and_forgets_its_pauses),
        cmocka_unit_test(test_delivers_nothing_between_revoke_and_release),
        cmocka_unit_test(test_waits_as_a_spare_when_members_outnumber_partitions),
        cmocka_unit_test(test_what_is_given_back_and_taken_at_once_is_read_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
