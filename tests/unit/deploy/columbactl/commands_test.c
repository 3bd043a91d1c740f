#include "deploy/columbactl/commands.h"

#include "common/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- topics ---- */

static struct topic_state sound_topic(const char *name, enum topic_role role) {
    struct topic_state topic = {
        .role = role,
        .lane = "fcm",
        .exists = true,
        .partitions = 12,
        .replication = 3,
        .min_isr = 2,
        .retention_ms = 48 * 3600 * 1000,
        .append_time = true,
    };

    strncpy(topic.name, name, sizeof topic.name - 1);
    return topic;
}

static void test_sound_topics_are_a_table(void **state) {
    struct topic_state topics[] = {sound_topic("columba.push.fcm", TOPIC_PUSH),
                                   sound_topic("columba.dead.fcm", TOPIC_DEAD)};
    struct topic_report report = {.topics = topics, .count = 2, .sound = true};
    struct buffer out = {0};

    (void)state;
    topics[1].retention_ms = -1;
    assert_int_equal(topics_command_write(&report, false, &out), COMMAND_OK);
    assert_string_equal(buffer_text(&out),
                        "TOPIC             PARTITIONS  REPLICATION  MIN.ISR  RETENTION  STATE\n"
                        "columba.push.fcm          12            3        2        48h  ok\n"
                        "columba.dead.fcm          12            3        2   for ever  ok\n");
    buffer_free(&out);
}

static void test_each_fault_says_what_to_do(void **state) {
    struct topic_state topics[] = {sound_topic("columba.push.fcm", TOPIC_PUSH),
                                   sound_topic("columba.dead.fcm", TOPIC_DEAD)};
    struct topic_report report = {.topics = topics, .count = 2, .sound = false};
    struct buffer out = {0};

    (void)state;
    strcpy(topics[0].fault, "it is compacted, which deletes pushes");
    topics[1].exists = false;
    strcpy(topics[1].fault, "is missing");
    assert_int_equal(topics_command_write(&report, false, &out), COMMAND_WRONG);
    assert_string_equal(buffer_text(&out),
                        "TOPIC             PARTITIONS  REPLICATION  MIN.ISR  RETENTION  STATE\n"
                        "columba.push.fcm          12            3        2        48h  faulty\n"
                        "columba.dead.fcm           -            -        -          -  missing\n"
                        "\n"
                        "columba.push.fcm: it is compacted, which deletes pushes\n"
                        "What is missing is made by: columbactl topics create\n"
                        "A topic that exists is never changed by columbactl: mend it, then look "
                        "again with\ncolumbactl topics show.\n");
    buffer_free(&out);
}

static void test_topics_as_json(void **state) {
    struct topic_state topics[] = {
        sound_topic("columba.push.fcm", TOPIC_PUSH),
        {.name = "columba.dead.fcm", .role = TOPIC_DEAD, .lane = "fcm", .fault = "is \"missing\""}};
    struct topic_report report = {.topics = topics, .count = 2, .sound = false};
    struct buffer out = {0};
    struct json_object *whole;
    struct json_object *list;
    int64_t number;

    (void)state;
    assert_int_equal(topics_command_write(&report, true, &out), COMMAND_WRONG);
    whole = json_parse(buffer_slice(&out), 8, NULL);
    list = json_member_array(whole, "topics");
    assert_int_equal(json_object_array_length(list), 2);
    assert_false(json_object_get_boolean(json_member(whole, "sound")));
    assert_true(json_member_integer(json_object_array_get_idx(list, 0), "partitions", &number));
    assert_int_equal(number, 12);
    assert_true(
        slice_is(json_member_text(json_object_array_get_idx(list, 1), "fault"), "is \"missing\""));
    assert_true(slice_is(json_member_text(json_object_array_get_idx(list, 1), "role"), "dead"));
    json_object_put(whole);
    buffer_free(&out);
}

/* ---- lag ---- */

static struct lane_lag lane_of(struct topic_lag *partitions, size_t count) {
    return (struct lane_lag){
        .lane = "fcm",
        .group = "columba.fcm",
        .push_topic = "columba.push.fcm",
        .partitions = partitions,
        .count = count,
    };
}

static void test_lag_counts_push_and_retry_apart(void **state) {
    struct topic_lag partitions[] = {
        {"columba.push.fcm", 0, 0, 12, 10, 2},
        {"columba.push.fcm", 1, 5, 8, 5, 3},
        {"columba.retry.fcm.15s", 0, 0, 7, 0, 7},
        {"columba.retry.fcm.2m", 0, 0, 0, -1, 0},
    };
    struct lane_lag lane = lane_of(partitions, 4);
    struct buffer out = {0};

    (void)state;
    assert_int_equal(lag_command_write(&lane, 1, false, &out), COMMAND_OK);
    assert_string_equal(buffer_text(&out),
                        "Lane fcm, consumer group columba.fcm\n"
                        "TOPIC                  PARTITION  COMMITTED  END  LAG\n"
                        "columba.push.fcm               0         10   12    2\n"
                        "columba.push.fcm               1          5    8    3\n"
                        "columba.retry.fcm.15s          0          0    7    7\n"
                        "columba.retry.fcm.2m           0          -    0    0\n"
                        "push, in all                                        5\n"
                        "retry, in all                                       7\n");
    buffer_free(&out);
}

static void test_partitions_without_lag_share_a_line(void **state) {
    struct topic_lag partitions[] = {
        {"columba.push.fcm", 0, 0, 12, 12, 0},    {"columba.push.fcm", 1, 0, 8, 8, 0},
        {"columba.push.fcm", 2, 0, 8, 5, 3},      {"columba.push.fcm", 3, 0, 9, 9, 0},
        {"columba.retry.fcm.15s", 0, 0, 7, 7, 0}, {"columba.retry.fcm.15s", 1, 0, 0, -1, 0},
    };
    struct lane_lag lane = lane_of(partitions, 6);
    struct buffer out = {0};

    (void)state;
    assert_int_equal(lag_command_write(&lane, 1, false, &out), COMMAND_OK);
    const char *table = strchr(buffer_text(&out), '\n');
    assert_string_equal(table, "\n"
                               "TOPIC                  PARTITION  COMMITTED  END  LAG\n"
                               "columba.push.fcm             0-1                    0\n"
                               "columba.push.fcm               2          5    8    3\n"
                               "columba.push.fcm               3          9    9    0\n"
                               "columba.retry.fcm.15s        0-1                    0\n"
                               "push, in all                                        3\n"
                               "retry, in all                                       0\n");
    buffer_free(&out);
}

static void test_lag_names_what_is_wrong(void **state) {
    static const struct {
        struct topic_lag partition;
        const char *said;
    } cases[] = {
        {{"columba.push.fcm", 0, 0, 3, -1, 3}, "[0]: records wait and nobody ever read here"},
        {{"columba.push.fcm", 1, 5, 9, 2, 7}, "[1]: records were deleted before they were read"},
        {{"columba.push.fcm", 2, 0, 1, 50, 0}, "[2]: the group has read beyond the end"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct topic_lag partition = cases[i].partition;
        struct lane_lag lane = lane_of(&partition, 1);
        struct buffer out = {0};
        assert_int_equal(lag_command_write(&lane, 1, false, &out), COMMAND_WRONG);
        assert_non_null(strstr(buffer_text(&out), cases[i].said));
        buffer_free(&out);
    }
}

static void test_lane_without_topics_is_not_zero_lag(void **state) {
    struct lane_lag lane = lane_of(NULL, 0);
    struct buffer out = {0};

    (void)state;
    assert_int_equal(lag_command_write(&lane, 1, false, &out), COMMAND_WRONG);
    assert_string_equal(buffer_text(&out),
                        "Lane fcm, consumer group columba.fcm\n"
                        "It has no topics: make them with columbactl topics create.\n");
    buffer_clear(&out);
    assert_int_equal(lag_command_write(&lane, 1, true, &out), COMMAND_WRONG);
    buffer_free(&out);
}

static void test_lag_as_json(void **state) {
    struct topic_lag partitions[] = {{"columba.push.fcm", 0, 0, 12, 10, 2},
                                     {"columba.retry.fcm.15s", 3, 0, 7, 0, 7}};
    struct lane_lag lane = lane_of(partitions, 2);
    struct buffer out = {0};

    (void)state;
    assert_int_equal(lag_command_write(&lane, 1, true, &out), COMMAND_OK);
    assert_string_equal(
        buffer_text(&out),
        "{\"sound\":true,\"lanes\":[{\"lane\":\"fcm\",\"group\":\"columba.fcm\",\"push_lag\":2,"
        "\"retry_lag\":7,\"partitions\":[{\"topic\":\"columba.push.fcm\",\"partition\":0,"
        "\"start\":0,\"end\":12,\"committed\":10,\"lag\":2,\"fault\":\"\"},{\"topic\":"
        "\"columba.retry.fcm.15s\",\"partition\":3,\"start\":0,\"end\":7,\"committed\":0,"
        "\"lag\":7,\"fault\":\"\"}]}]}\n");
    buffer_free(&out);
}

/* ---- config ---- */

static void test_config_lists_the_apps(void **state) {
    struct app apps[] = {{.pattern = "org.example.*", .kind = PROVIDER_FCM, .lane = "fcm"},
                         {.pattern = "org.gone", .kind = PROVIDER_RETIRED, .lane = "retired"}};
    struct config config = {.apps = {.list = apps, .count = 2}};
    struct buffer out = {0};

    (void)state;
    config_command_write("c.yaml", &config, false, &out);
    assert_string_equal(buffer_text(&out), "c.yaml is sound.\n"
                                           "\n"
                                           "APP_ID         TYPE     LANE\n"
                                           "org.example.*  fcm      fcm\n"
                                           "org.gone       retired  -\n");
    buffer_clear(&out);
    config_command_write("c.yaml", &config, true, &out);
    assert_string_equal(buffer_text(&out),
                        "{\"file\":\"c.yaml\",\"sound\":true,\"apps\":[{\"app_id\":"
                        "\"org.example.*\",\"type\":\"fcm\",\"lane\":\"fcm\"},{\"app_id\":"
                        "\"org.gone\",\"type\":\"retired\",\"lane\":\"retired\"}]}\n");
    buffer_free(&out);
}

#define SAMPLE TEST_DATA_DIR "/common/config/sygnal/apps_alone.yaml"

static void test_an_import_is_yaml_or_json(void **state) {
    struct invocation invocation = {.arguments = {SAMPLE}, .argument_count = 1};
    struct buffer yaml = {0};
    struct buffer json = {0};
    struct error error = {0};

    (void)state;
    assert_int_equal(config_command_import(&invocation, &yaml, &error), COMMAND_OK);
    assert_non_null(strstr(buffer_text(&yaml), "\napps:\n  com.example.*:\n    type: gcm\n"));
    invocation.json = true;
    assert_int_equal(config_command_import(&invocation, &json, &error), COMMAND_OK);
    struct json_object *report = json_tokener_parse(buffer_text(&json));
    assert_string_equal(json_object_get_string(json_object_object_get(report, "file")), SAMPLE);
    assert_string_equal(json_object_get_string(json_object_object_get(report, "yaml")),
                        buffer_text(&yaml));
    json_object_put(report);
    buffer_free(&yaml);
    buffer_free(&json);
}

static void test_what_is_not_sygnals_is_not_imported(void **state) {
    struct invocation invocation = {.arguments = {"/nonexistent/sygnal.yaml"}, .argument_count = 1};
    struct buffer out = {0};
    struct error error = {0};

    (void)state;
    assert_int_equal(config_command_import(&invocation, &out, &error), COMMAND_USAGE);
    assert_non_null(strstr(error.text, "/nonexistent/sygnal.yaml"));
    assert_int_equal(out.size, 0);
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound_topics_are_a_table),
        cmocka_unit_test(test_each_fault_says_what_to_do),
        cmocka_unit_test(test_topics_as_json),
        cmocka_unit_test(test_lag_counts_push_and_retry_apart),
        cmocka_unit_test(test_partitions_without_lag_share_a_line),
        cmocka_unit_test(test_lag_names_what_is_wrong),
        cmocka_unit_test(test_lane_without_topics_is_not_zero_lag),
        cmocka_unit_test(test_lag_as_json),
        cmocka_unit_test(test_config_lists_the_apps),
        cmocka_unit_test(test_an_import_is_yaml_or_json),
        cmocka_unit_test(test_what_is_not_sygnals_is_not_imported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
