#include "tests/unit/common/queue/cluster.h"

#include <dlfcn.h>

/* Whether what is taken is given back and taken again within the same instant. */
static bool is_retaken;

/* Stands before the library's, which is what the consumer calls otherwise. */
rd_kafka_resp_err_t rd_kafka_assign(rd_kafka_t *client,
                                    const rd_kafka_topic_partition_list_t *list) {
    rd_kafka_resp_err_t (*real)(rd_kafka_t *, const rd_kafka_topic_partition_list_t *) = NULL;
    void *found = dlsym(RTLD_NEXT, "rd_kafka_assign");

    assert_non_null(found);
    memcpy(&real, &found, sizeof real);
    for (int round = 0; is_retaken && list != NULL && round < 10; round++) {
        real(client, list);
        real(client, NULL);
    }
    return real(client, list);
}

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

/* The library ends a reading that was given back after the next has begun, and the partition's
 * queue is turned nowhere: the consumer turns it aside once more, and gives what has come
 * meanwhile. */
static void test_what_is_given_back_and_taken_at_once_is_read_on(void **state) {
    struct cluster *cluster = cluster_open();
    struct member member = {0};

    (void)state;
    publish(cluster, 100);
    is_retaken = true;
    member_join(&member, cluster);
    await_count(cluster, member.record_count, 100);
    is_retaken = false;
    publish(cluster, 100);
    await_count(cluster, member.record_count, 200);
    assert_int_equal(member.record_count, 200);
    assert_int_equal(member.disorder_count, 0);
    member_leave(&member);
    cluster_close(cluster);
}

static bool has_read_all_again(void *context) {
    const struct member *member = context;

    return member->is_assigned && member->record_count == 200;
}

/* Such as brokers answer for a topic that was made anew. */
static void test_a_log_without_the_next_record_is_read_from_its_start(void **state) {
    enum { FETCH = 1 };
    struct cluster *cluster = cluster_open();
    struct member member = {.note = "settled:0:AQ"};

    (void)state;
    if (cluster->mock == NULL) {
        cluster_close(cluster);
        skip();
    }
    publish(cluster, 100);
    member_join(&member, cluster);
    await_count(cluster, member.record_count, 100);
    member_commit(&member);
    await_count(cluster, member.commit_count, 1);
    log_open("test", (enum log_level) - 1);
    rd_kafka_mock_push_request_errors(cluster->mock, FETCH, 1,
                                      RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
    await(cluster->loop, has_read_all_again, &member);
    let_pass(cluster->loop, 300);
    assert_int_equal(member.record_count, 200);
    assert_int_equal(member.disorder_count, 0);
    assert_int_equal(member.lost_count, 0);
    assert_string_equal(member.notes[0], "");
    assert_true(member.revoked_count >= 1);
    member_leave(&member);
    cluster_close(cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares_with_another_and_forgets_its_pauses),
        cmocka_unit_test(test_delivers_nothing_between_revoke_and_release),
        cmocka_unit_test(test_waits_as_a_spare_when_members_outnumber_partitions),
        cmocka_unit_test(test_a_log_without_the_next_record_is_read_from_its_start),
        cmocka_unit_test(test_what_is_given_back_and_taken_at_once_is_read_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
