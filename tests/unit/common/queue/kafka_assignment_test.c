#include "common/base/log.h"
#include "common/queue/kafka_assignment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void check_position(int64_t committed, int64_t start, int64_t end, int64_t expected) {
    struct kafka_offsets offsets = {.committed = committed, .start = start, .end = end};

    assert_int_equal(kafka_offsets_position(&offsets), expected);
}

static void test_starts_where_nothing_is_skipped(void **state) {
    (void)state;
    check_position(-1, 0, 0, 0);
    check_position(-1, 7, 9, 7);
    check_position(0, 0, 9, 0);
    check_position(5, 0, 9, 5);
    check_position(9, 0, 9, 9);
    check_position(3, 7, 9, 7);
    check_position(10, 7, 9, 7);
}

static void fill(struct kafka_assignment *assignment) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(0);
    struct kafka_offsets offsets[] = {
        {-1, 2, 4, ""}, {3, 0, 5, "a"}, {9, 0, 9, ""}, {1, 6, 8, "b"}};

    rd_kafka_topic_partition_list_add(list, "push", 1);
    rd_kafka_topic_partition_list_add(list, "retry", 10);
    rd_kafka_topic_partition_list_add(list, "retry", 9);
    rd_kafka_topic_partition_list_add(list, "push", 0);
    kafka_assignment_set(assignment, list);
    kafka_assignment_start(assignment, offsets);
    rd_kafka_topic_partition_list_destroy(list);
}

static void test_finds_every_partition_and_no_other(void **state) {
    struct kafka_assignment assignment = {0};

    (void)state;
    assert_null(kafka_assignment_find(&assignment, "push", 0));
    fill(&assignment);
    assert_int_equal(kafka_assignment_count(&assignment), 4);
    assert_int_equal(kafka_assignment_find(&assignment, "push", 0)->next, 2);
    assert_int_equal(kafka_assignment_find(&assignment, "push", 1)->next, 3);
    assert_int_equal(kafka_assignment_find(&assignment, "retry", 9)->next, 9);
    assert_int_equal(kafka_assignment_find(&assignment, "retry", 10)->next, 6);
    assert_int_equal(kafka_assignment_find(&assignment, "retry", 10)->end, 8);
    assert_null(kafka_assignment_find(&assignment, "push", 2));
    assert_null(kafka_assignment_find(&assignment, "puss", 0));
    assert_null(kafka_assignment_find(&assignment, "retry", 0));
    assert_null(kafka_assignment_find(&assignment, "a", 0));
    assert_null(kafka_assignment_find(&assignment, "z", 0));
    kafka_assignment_clear(&assignment);
    assert_int_equal(kafka_assignment_count(&assignment), 0);
}

static void test_tells_positions(void **state) {
    struct kafka_assignment assignment = {0};

    (void)state;
    fill(&assignment);
    struct queue_position *positions = kafka_assignment_positions(&assignment);
    assert_string_equal(positions[1].topic, "push");
    assert_int_equal(positions[1].partition, 1);
    assert_int_equal(positions[1].offset, 3);
    assert_string_equal(positions[1].note, "a");
    assert_null(positions[2].note);
    assert_null(positions[3].note); /* the log has moved past that commit */
    free(positions);
    kafka_assignment_clear(&assignment);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts_where_nothing_is_skipped),
        cmocka_unit_test(test_finds_every_partition_and_no_other),
        cmocka_unit_test(test_tells_positions),
    };

    /* Losses are logged as errors, and these are meant. */
    log_open("test", (enum log_level) - 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
