#include "common/queue/topic_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { HOUR_MS = 3600 * 1000 };

static struct config usual(void) {
    return (struct config){
        .queue = {.prefix = "columba.", .replication = 3, .partitions = 12},
        .retry = {.delays = {.items_ms = {15000, 120000}, .count = 2}, .max_age_ms = 24 * HOUR_MS}};
}

/* All topics of one lane, as they would be after `topics create`. */
static struct topic_report sound_lane(const struct config *config) {
    static const char *const lane = "fcm";
    struct topic_report report;
    char number[TOPIC_VALUE_SIZE];
    const char *value;

    topic_rules_list(config, &lane, 1, &report);
    for (size_t i = 0; i < report.count; i++) {
        struct topic_state *state = &report.topics[i];
        state->exists = true;
        state->partitions = 12;
        state->replication = (int32_t)config->queue.replication;
        for (size_t s = 0; s < topic_rules_count(); s++) {
            const char *name = topic_rules_setting(s, config, state->role, number, &value);
            topic_rules_judge_setting(config, name, value, state);
        }
    }
    return report;
}

static bool conclude(const struct config *config, struct topic_report *report) {
    for (size_t i = 0; i < report->count; i++)
        topic_rules_judge_shape(config, report, &report->topics[i]);
    return topic_rules_conclude(report);
}

static void test_lists_every_topic_of_every_lane(void **state) {
    static const char *const lanes[] = {"fcm", "apns"};
    static const char *const names[] = {"columba.push.fcm",      "columba.retry.fcm.15s",
                                        "columba.retry.fcm.2m",  "columba.dead.fcm",
                                        "columba.push.apns",     "columba.retry.apns.15s",
                                        "columba.retry.apns.2m", "columba.dead.apns"};
    struct config config = usual();
    struct topic_report report;

    (void)state;
    topic_rules_list(&config, lanes, 2, &report);
    assert_int_equal(report.count, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_string_equal(report.topics[i].name, names[i]);
        assert_string_equal(report.topics[i].lane, lanes[i / 4]);
    }
    assert_int_equal(report.topics[5].role, TOPIC_RETRY);
    assert_int_equal(report.topics[7].role, TOPIC_DEAD);
    topic_report_free(&report);
}

static void test_finds_no_fault_in_what_it_would_make(void **state) {
    struct config config = usual();
    struct topic_report report = sound_lane(&config);

    (void)state;
    assert_true(conclude(&config, &report));
    assert_int_equal(report.topics[0].min_isr, 2);
    assert_int_equal(report.topics[0].retention_ms, 48LL * HOUR_MS);
    assert_int_equal(report.topics[3].retention_ms, 30LL * 24 * HOUR_MS);
    assert_true(report.topics[0].append_time);
    assert_false(report.topics[0].unclean_election);
    assert_false(report.topics[0].compacted);
    topic_report_free(&report);
}

static void test_takes_one_replica_where_one_is_meant(void **state) {
    struct config config = usual();
    struct topic_report report;

    (void)state;
    config.queue.replication = 1;
    report = sound_lane(&config);
    assert_true(conclude(&config, &report));
    assert_int_equal(report.topics[0].min_isr, 1);
    topic_report_free(&report);
}

static void check_setting(const char *name, const char *value, const char *fault) {
    struct config config = usual();
    struct topic_state state = {.role = TOPIC_PUSH};

    topic_rules_judge_setting(&config, name, value, &state);
    assert_string_equal(state.fault, fault);
}

static void test_says_what_is_wrong_and_what_mends_it(void **state) {
    (void)state;
    check_setting("retention.ms", "3600000",
                  "retention.ms is 3600000, should be 172800000: "
                  "kafka-configs.sh --alter --add-config retention.ms=172800000");
    check_setting("retention.ms", "-1", "");
    check_setting("retention.ms", "999999999999", "");
    check_setting("retention.bytes", "1073741824",
                  "retention.bytes is 1073741824, should be -1: "
                  "kafka-configs.sh --alter --add-config retention.bytes=-1");
    check_setting("min.insync.replicas", "1",
                  "min.insync.replicas is 1, should be 2: "
                  "kafka-configs.sh --alter --add-config min.insync.replicas=2");
    check_setting("min.insync.replicas", "3", "");
    check_setting("cleanup.policy", "compact,delete",
                  "cleanup.policy is compact,delete, should be delete: "
                  "kafka-configs.sh --alter --add-config cleanup.policy=delete");
    check_setting("message.timestamp.type", "CreateTime",
                  "message.timestamp.type is CreateTime, should be LogAppendTime: kafka-configs.sh "
                  "--alter --add-config message.timestamp.type=LogAppendTime");
    check_setting("unclean.leader.election.enable", "true",
                  "unclean.leader.election.enable is true, should be false: kafka-configs.sh "
                  "--alter --add-config unclean.leader.election.enable=false");
    check_setting("max.message.bytes", "100000",
                  "max.message.bytes is 100000, should be 1048588: "
                  "kafka-configs.sh --alter --add-config max.message.bytes=1048588");
    check_setting("segment.bytes", "1", "");
}

/* The oldest record is kept for an eighth longer than its topic says. */
static void test_segments_follow_the_retention_that_is(void **state) {
    static const struct {
        const char *retention;
        const char *segment;
        const char *fault;
    } rows[] = {
        {"172800000", "21600000", ""},
        {"172800000", "604800000",
         "segment.ms is 604800000, should be 21600000: "
         "kafka-configs.sh --alter --add-config segment.ms=21600000"},
        {"604800000", "75600000", ""},
        {"604800000", "75600001",
         "segment.ms is 75600001, should be 75600000: "
         "kafka-configs.sh --alter --add-config segment.ms=75600000"},
        {"-1", "604800000", ""},
    };
    struct config config = usual();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct topic_state topic = {.role = TOPIC_PUSH};
        topic_rules_judge_setting(&config, "retention.ms", rows[i].retention, &topic);
        topic_rules_judge_setting(&config, "segment.ms", rows[i].segment, &topic);
        assert_string_equal(topic.fault, rows[i].fault);
    }
    check_setting("segment.ms", "21600001",
                  "segment.ms is 21600001, should be 21600000: "
                  "kafka-configs.sh --alter --add-config segment.ms=21600000");
}

static void test_segments_are_judged_when_the_retention_is_known(void **state) {
    size_t retention = 0;
    size_t segment = 0;

    (void)state;
    for (size_t i = 0; i < topic_rules_count(); i++) {
        retention = strcmp(topic_rules_name(i), "retention.ms") == 0 ? i : retention;
        segment = strcmp(topic_rules_name(i), "segment.ms") == 0 ? i : segment;
    }
    assert_true(segment > retention);
}

static void test_wants_the_same_partitions_in_all_topics_of_a_lane(void **state) {
    struct config config = usual();
    struct topic_report report = sound_lane(&config);

    (void)state;
    report.topics[1].partitions = 6;
    assert_false(conclude(&config, &report));
    assert_int_equal(topic_rules_partitions(&report, "fcm"), 12);
    assert_int_equal(topic_rules_partitions(&report, "apns"), 0);
    assert_string_equal(report.topics[0].fault, "");
    assert_string_equal(report.topics[1].fault,
                        "6 partitions, others of its lane 12 (a pushkey keeps its number): "
                        "kafka-topics.sh --alter --partitions 12");
    topic_report_free(&report);
}

static void test_names_missing_topics_and_missing_replicas(void **state) {
    struct config config = usual();
    struct topic_report report = sound_lane(&config);

    (void)state;
    report.topics[0].exists = false;
    report.topics[2].replication = 2;
    assert_false(conclude(&config, &report));
    assert_string_equal(report.topics[0].fault, "does not exist: columbactl topics create");
    assert_string_equal(report.topics[1].fault, "");
    assert_string_equal(report.topics[2].fault,
                        "replication is 2, should be 3: kafka-reassign-partitions.sh --execute");
    topic_report_free(&report);
}

static void test_sees_that_nothing_can_be_written(void **state) {
    struct config config = usual();
    struct topic_report report;

    (void)state;
    config.queue.replication = 2;
    report = sound_lane(&config);
    topic_rules_judge_setting(&config, "min.insync.replicas", "3", &report.topics[0]);
    assert_false(conclude(&config, &report));
    assert_non_null(strstr(report.topics[0].fault, "nothing can be written"));
    topic_report_free(&report);
}

static void test_names_what_is_left_of_a_delay(void **state) {
    static const char *const lane = "fcm";
    struct config config = usual();
    struct topic_report report = sound_lane(&config);
    size_t count = report.count;

    (void)state;
    topic_rules_note_left(&config, &lane, 1, "columba.retry.fcm.15s", &report);
    topic_rules_note_left(&config, &lane, 1, "columba.retry.apns.1h", &report);
    topic_rules_note_left(&config, &lane, 1, "another", &report);
    assert_int_equal(report.count, count);
    topic_rules_note_left(&config, &lane, 1, "columba.retry.fcm.1h", &report);
    assert_int_equal(report.count, count + 1);
    assert_string_equal(report.topics[count].name, "columba.retry.fcm.1h");
    assert_memory_equal(report.topics[count].fault, "read by nobody", 14);
    assert_false(topic_rules_conclude(&report));
    topic_report_free(&report);
}

static void test_tells_the_first_fault_alone(void **state) {
    struct config config = usual();
    struct topic_state topic = {.role = TOPIC_PUSH};

    (void)state;
    topic_rules_judge_setting(&config, "retention.bytes", "1", &topic);
    topic_rules_judge_setting(&config, "cleanup.policy", "compact", &topic);
    assert_memory_equal(topic.fault, "retention.bytes", 15);
    assert_true(topic.compacted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_every_topic_of_every_lane),
        cmocka_unit_test(test_finds_no_fault_in_what_it_would_make),
        cmocka_unit_test(test_takes_one_replica_where_one_is_meant),
        cmocka_unit_test(test_says_what_is_wrong_and_what_mends_it),
        cmocka_unit_test(test_segments_follow_the_retention_that_is),
        cmocka_unit_test(test_segments_are_judged_when_the_retention_is_known),
        cmocka_unit_test(test_wants_the_same_partitions_in_all_topics_of_a_lane),
        cmocka_unit_test(test_names_missing_topics_and_missing_replicas),
        cmocka_unit_test(test_sees_that_nothing_can_be_written),
        cmocka_unit_test(test_names_what_is_left_of_a_delay),
        cmocka_unit_test(test_tells_the_first_fault_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
