#include "tests/unit/common/queue/cluster.h"

static void test_reads_all_from_the_start_and_goes_on_behind_the_commit(void **state) {
    struct cluster *cluster = cluster_open();
    struct member first = {0};
    struct member second = {0};

    (void)state;
    publish(cluster, 3000);
    member_join(&first, cluster);
    await_count(cluster, first.record_count, 3000);
    assert_int_equal(first.partition_count, PARTITIONS);
    int64_t end = 0;
    for (int32_t i = 0; i < PARTITIONS; i++) {
        assert_int_equal(queue_consumer_end_offset(first.consumer, cluster->topic, i),
                         first.next[i]);
        end += first.next[i];
    }
    assert_int_equal(end, 3000);
    assert_int_equal(queue_consumer_end_offset(first.consumer, "other", 0), -1);
    member_commit(&first);
    await_count(cluster, first.commit_count, 1);
    assert_int_equal(first.commit_failure_count, 0);
    member_leave(&first);
    assert_int_equal(first.revoked_count, 1);
    assert_int_equal(first.lost_count, 0);

    publish(cluster, 100);
    member_join(&second, cluster);
    await_count(cluster, second.record_count, 100);
    let_pass(cluster->loop, 300);
    assert_int_equal(second.record_count, 100);
    assert_int_equal(first.disorder_count + second.disorder_count, 0);
    member_leave(&second);
    cluster_close(cluster);
}

static void stop_taking(struct member *member, const struct queue_record *record) {
    (void)record;
    queue_consumer_take(member->consumer, false);
}

static void test_takes_no_record_when_told_so_yet_answers_commits_in_order(void **state) {
    struct cluster *cluster = cluster_open();
    struct member member = {.on_record = stop_taking};

    (void)state;
    publish(cluster, 500);
    member_join(&member, cluster);
    await_count(cluster, member.record_count, 1);
    let_pass(cluster->loop, 300);
    assert_int_equal(member.record_count, 1);
    for (int i = 0; i < 20; i++)
        member_commit(&member);
    queue_consumer_commit(member.consumer, NULL, 0);
    await_count(cluster, member.commit_count, 21);
    assert_int_equal(member.commit_failure_count, 0);
    assert_int_equal(member.record_count, 1);
    for (size_t i = 2; i < 50; i++) {
        queue_consumer_take(member.consumer, true);
        await_count(cluster, member.record_count, i);
        assert_int_equal(member.record_count, i);
    }
    member.on_record = NULL;
    queue_consumer_take(member.consumer, true);
    await_count(cluster, member.record_count, 500);
    assert_int_equal(member.disorder_count, 0);
    queue_consumer_take(member.consumer, false);
    member_leave(&member);
    cluster_close(cluster);
}

/* Pauses the partition of every seventh record, and resumes all of them now and then. */
static void pause_often(struct member *member, const struct queue_record *record) {
    if (member->record_count % 7 != 0)
        return;
    member->is_paused[record->partition] = true;
    queue_consumer_pause(member->consumer, record->topic, record->partition);
}

static bool resume_until_all(void *context) {
    struct member *member = context;

    for (int32_t i = 0; i < PARTITIONS; i++) {
        if (!member->is_paused[i])
            continue;
        member->is_paused[i] = false;
        queue_consumer_resume(member->consumer, member->cluster->topic, i);
        queue_consumer_resume(member->consumer, member->cluster->topic, i);
    }
    return member->record_count >= 150;
}

static void test_pauses_and_resumes_without_a_gap_or_a_repeat(void **state) {
    struct cluster *cluster = cluster_open();
    struct member member = {.on_record = pause_often};

    (void)state;
    publish(cluster, 150);
    member_join(&member, cluster);
    await(cluster->loop, resume_until_all, &member);
    let_pass(cluster->loop, 300);
    assert_int_equal(member.record_count, 150);
    assert_int_equal(member.disorder_count, 0);
    member_leave(&member);
    cluster_close(cluster);
}

static void close_now(struct member *member, const struct queue_record *record) {
    (void)record;
    queue_consumer_close(member->consumer);
    member->consumer = NULL;
}

static void test_may_be_closed_at_any_time(void **state) {
    struct cluster *cluster = cluster_open();
    struct member inside = {.on_record = close_now};
    struct member joining = {0};

    (void)state;
    publish(cluster, 500);
    member_join(&joining, cluster);
    queue_consumer_close(joining.consumer);
    member_join(&joining, cluster);
    let_pass(cluster->loop, 100);
    queue_consumer_close(joining.consumer);
    member_join(&inside, cluster);
    await_count(cluster, inside.record_count, 1);
    let_pass(cluster->loop, 300);
    assert_int_equal(inside.record_count, 1);
    cluster_close(cluster);
}

static void test_leaves_without_having_anything(void **state) {
    struct cluster *cluster = cluster_open();
    struct member member = {0};

    (void)state;
    member_join(&member, cluster);
    member_leave(&member);
    assert_int_equal(member.revoked_count, member.assigned_count);
    cluster_close(cluster);
}

static void test_explains_properties_it_cannot_take(void **state) {
    struct property property = {"security.protocol", "sasl_ssl"};
    struct queue_config config = {.brokers = "127.0.0.1:1", .properties = {&property, 1}};
    struct loop *loop = loop_new();
    const char *topic = "t";
    struct error error = {0};

    (void)state;
    assert_null(queue_consumer_open(loop, &config, "g", &topic, 1, &member_events, NULL, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
    assert_memory_equal(error.text, "queue: ", 7);
    loop_free(loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_all_from_the_start_and_goes_on_behind_the_commit),
        cmocka_unit_test(test_takes_no_record_when_told_so_yet_answers_commits_in_order),
        cmocka_unit_test(test_pauses_and_resumes_without_a_gap_or_a_repeat),
        cmocka_unit_test(test_may_be_closed_at_any_time),
        cmocka_unit_test(test_leaves_without_having_anything),
        cmocka_unit_test(test_explains_properties_it_cannot_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
