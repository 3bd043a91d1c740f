#include "deploy/local/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct plan *plan_of_yaml(const char *yaml) {
    struct error error;
    struct config *config = config_parse("test.yaml", slice_of(yaml), &error);
    struct plan *plan;

    if (config == NULL)
        fail_msg("%s", error.text);
    plan = plan_of_config(config);
    config_release(config);
    return plan;
}

static void test_config_gives_every_topic_of_every_lane(void **state) {
    struct plan *plan = plan_of_yaml(
        "queue:\n"
        "  brokers: localhost:9092\n"
        "  prefix: try.\n"
        "  partitions: 3\n"
        "retry:\n"
        "  delays: [15s, 2m]\n"
        "apps:\n"
        "  org.example.phone: {type: fcm, project_id: p, service_account_file: k}\n"
        "  org.example.big: {type: fcm, project_id: p, service_account_file: k, lane: big}\n");

    (void)state;
    assert_int_equal(plan->partitions, 3);
    assert_int_equal(plan->group_count, 2);
    assert_string_equal(plan->groups[0].name, "try.fcm");
    assert_int_equal(plan->groups[0].topic_count, 4);
    assert_string_equal(plan->groups[0].topics[0], "try.push.fcm");
    assert_string_equal(plan->groups[0].topics[1], "try.retry.fcm.15s");
    assert_string_equal(plan->groups[0].topics[2], "try.retry.fcm.2m");
    assert_string_equal(plan->groups[0].topics[3], "try.dead.fcm");
    assert_string_equal(plan->groups[1].topics[0], "try.push.big");
    free(plan);
}

static void test_list_gives_its_topics_without_a_group(void **state) {
    struct error error;
    struct plan *plan = plan_of_list("a,b.c", 7, &error);

    (void)state;
    assert_non_null(plan);
    assert_int_equal(plan->partitions, 7);
    assert_int_equal(plan->group_count, 1);
    assert_string_equal(plan->groups[0].name, "");
    assert_int_equal(plan->groups[0].topic_count, 2);
    assert_string_equal(plan->groups[0].topics[0], "a");
    assert_string_equal(plan->groups[0].topics[1], "b.c");
    free(plan);
}

static void test_lists_that_cannot_be_meant(void **state) {
    char too_long[TOPIC_NAME_SIZE + 1];
    char too_many[2 * (PLAN_TOPIC_LIMIT + 1)];
    const char *lists[] = {"", ",", "a,", ",a", "a,,b", too_long, too_many};

    (void)state;
    memset(too_long, 'a', sizeof too_long);
    too_long[TOPIC_NAME_SIZE] = '\0';
    memset(too_many, ',', sizeof too_many);
    for (size_t i = 0; i < sizeof too_many; i += 2)
        too_many[i] = 'a';
    too_many[sizeof too_many - 1] = '\0';
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct error error;
        assert_null(plan_of_list(lists[i], 1, &error));
        assert_int_equal(error.code, ERROR_CONFIG);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_gives_every_topic_of_every_lane),
        cmocka_unit_test(test_list_gives_its_topics_without_a_group),
        cmocka_unit_test(test_lists_that_cannot_be_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
