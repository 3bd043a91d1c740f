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
    first.note = "settled:0:AQ";
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
    for (int32_t i = 0; i < PARTITIONS; i++) {
        assert_string_equal(first.notes[i], "");
        assert_string_equal(second.notes[i], "settled:0:AQ");
    }
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

static bool hears_of_the_end(void *context) {
    const struct member *member = context;
    int64_t end = 0;

    for (int32_t i = 0; i < PARTITIONS; i++)
        end += queue_consumer_end_offset(member->consumer, member->cluster->topic, i);
    return end == 150;
}

/* What is paused fetches nothing; its lag is true all the same. */
static void test_hears_where_the_log_ends_while_it_is_paused(void **state) {
    struct cluster *cluster = cluster_open();
    struct member member = {0};

    (void)state;
    publish(cluster, 100);
    member_join(&member, cluster);
    await_count(cluster, member.record_count, 100);
    for (int32_t i = 0; i < PARTITIONS; i++)
        queue_consumer_pause(member.consumer, cluster->topic, i);
    publish(cluster, 50);
    await(cluster->loop, hears_of_the_end, &member);
    assert_int_equal(member.record_count, 100);
    assert_int_equal(queue_consumer_lost_count(member.consumer), 0);
    member_leave(&member);
    cluster_close(cluster);
}

/* As retention does: every partition then starts at that offset. */
static void delete_records(struct cluster *cluster, int64_t before) {
    struct error error;
    struct kafka_admin *admin = kafka_admin_open(&cluster->config, NULL, 5000, &error);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka_admin_client(admin));
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);

    for (int32_t i = 0; i < PARTITIONS; i++)
        rd_kafka_topic_partition_list_add(list, cluster->topic, i)->offset = before;
    rd_kafka_DeleteRecords_t *deletion = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(kafka_admin_client(admin), &deletion, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, PATIENCE_MS);
    assert_non_null(event);
    assert_int_equal(rd_kafka_event_error(event), 0);
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteRecords_destroy(deletion);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_destroy(queue);
    kafka_admin_close(admin);
}

static void test_goes_on_at_the_start_of_a_log_that_has_moved(void **state) {
    struct cluster *cluster = cluster_open();
    struct member first = {.on_record = stop_taking};
    struct member second = {0};

    (void)state;
    cluster_needs_real(cluster);
    log_open("test", (enum log_level) - 1);
    publish(cluster, 400);
    member_join(&first, cluster);
    await_count(cluster, first.record_count, 1);
    member_commit(&first);
    await_count(cluster, first.commit_count, 1);
    delete_records(cluster, 20);
    member_leave(&first);
    member_join(&second, cluster);
    await_count(cluster, second.record_count, 400 - PARTITIONS * 20);
    let_pass(cluster->loop, 200);
    assert_int_equal(second.record_count, 400 - PARTITIONS * 20);
    assert_int_equal(second.disorder_count, 0);
    assert_true(queue_consumer_lost_count(second.consumer) > 0);

    /* And while it reads: what is gone is skipped, nothing comes twice. */
    for (int32_t i = 0; i < PARTITIONS; i++)
        queue_consumer_pause(second.consumer, cluster->topic, i);
    publish(cluster, 400);
    delete_records(cluster, 150);
    for (int32_t i = 0; i < PARTITIONS; i++)
        queue_consumer_resume(second.consumer, cluster->topic, i);
    let_pass(cluster->loop, 5000);
    for (int32_t i = 0; i < PARTITIONS; i++)
        assert_int_equal(second.next[i],
                         queue_consumer_end_offset(second.consumer, cluster->topic, i));
    assert_int_equal(second.record_count, 400 - PARTITIONS * 20 + 800 - 400 - PARTITIONS * 50);
    assert_true(second.disorder_count <= PARTITIONS);
    member_leave(&second);
    cluster_close(cluster);
}

static void test_reads_a_log_that_is_shorter_than_its_commit_from_the_start(void **state) {
    struct cluster *cluster = cluster_open();
    struct member first = {0};
    struct member second = {0};

    (void)state;
    cluster_needs_real(cluster);
    publish(cluster, 100);
    member_join(&first, cluster);
    await_count(cluster, first.record_count, 100);
    for (int32_t i = 0; i < PARTITIONS; i++)
        first.next[i] += 1000;
    member_commit(&first);
    await_count(cluster, first.commit_count, 1);
    member_leave(&first);
    log_open("test", (enum log_level) - 1);
    member_join(&second, cluster);
    await_count(cluster, second.record_count, 100);
    assert_int_equal(second.disorder_count, 0);
    member_leave(&second);
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
        cmocka_unit_test(test_hears_where_the_log_ends_while_it_is_paused),
        cmocka_unit_test(test_goes_on_at_the_start_of_a_log_that_has_moved),
        cmocka_unit_test(test_reads_a_log_that_is_shorter_than_its_commit_from_the_start),
        cmocka_unit_test(test_may_be_closed_at_any_time),
        cmocka_unit_test(test_leaves_without_having_anything),
        cmocka_unit_test(test_explains_properties_it_cannot_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
