/* What waits is read from where the group stands, without what its notes have as settled. */
#include "deploy/columbactl/backlog_reading.h"

#include "common/queue/group.h"
#include "common/queue/publisher.h"
#include "deploy/columbactl/report.h"
#include "dispatcher/ledger.h"
#include "tests/unit/common/queue/cluster.h"

enum { COUNT = 40, COMMITTED = 10, AHEAD = 5 };

static char app_a[] = "org.a";
static char app_b[] = "org.b";
static struct app list[] = {{.pattern = app_a}, {.pattern = app_b}};

struct lane {
    struct cluster *cluster;
    struct config config;
    char prefix[64];
    char push[TOPIC_NAME_SIZE];
    char retry[TOPIC_NAME_SIZE];
    char group[TOPIC_NAME_SIZE];
};

/* A lane of one partition a topic. */
static void lane_open(struct lane *lane) {
    static int serial;

    *lane = (struct lane){.cluster = cluster_open()};
    snprintf(lane->prefix, sizeof lane->prefix, "backlog.%d.%d.", (int)getpid(), serial++);
    lane->config.queue = lane->cluster->config;
    lane->config.queue.prefix = lane->prefix;
    lane->config.apps = (struct apps){.list = list, .count = 2};
    lane->config.retry.delays.items_ms[0] = 15000;
    lane->config.retry.delays.count = 1;
    topic_name(&lane->config.queue, TOPIC_PUSH, "fcm", 0, lane->push);
    topic_name(&lane->config.queue, TOPIC_RETRY, "fcm", 15000, lane->retry);
    topic_group(&lane->config.queue, "fcm", lane->group);
}

static void make_topics(struct lane *lane) {
    cluster_make_topic(lane->cluster, lane->push, 1);
    cluster_make_topic(lane->cluster, lane->retry, 1);
}

static void fill(struct lane *lane, const char *topic, struct slice key, size_t count) {
    struct error error = {0};
    struct publisher *publisher = publisher_open(&lane->config.queue, &error);
    const struct queue_message message = {.topic = topic, .key = key, .value = slice_of("{}")};

    assert_non_null(publisher);
    for (size_t i = 0; i < count; i++)
        assert_true(publisher_send(publisher, &message, &error));
    if (!publisher_flush(publisher, PATIENCE_MS, &error))
        fail_msg("%s", error.text);
    publisher_close(publisher);
}

/* The push topic up to COMMITTED, and AHEAD of those behind it are settled. */
static void commit(struct lane *lane) {
    struct group_commit *commits = memory_new_array(1, sizeof *commits);
    struct ledger *ledger = ledger_new(COMMITTED, NULL);
    struct buffer note = {0};
    struct error error = {0};

    for (int64_t offset = COMMITTED; offset < COUNT; offset++)
        ledger_take(ledger, offset);
    for (int64_t offset = COMMITTED + 1; offset <= COMMITTED + AHEAD; offset++)
        ledger_settle(ledger, offset);
    ledger_write_note(ledger, &note);
    commits[0] = (struct group_commit){.topic = lane->push, .offset = COMMITTED};
    snprintf(commits[0].note, sizeof commits[0].note, "%s", buffer_text(&note));
    if (!group_write(&lane->config.queue, lane->group, commits, 1, PATIENCE_MS, &error))
        fail_msg("%s", error.text);
    ledger_free(ledger);
    buffer_free(&note);
    free(commits);
}

static struct backlog read_lane(struct lane *lane, int64_t record_count) {
    struct backlog_bound bound = {report_now_ms() + PATIENCE_MS, record_count};
    struct backlog backlog;
    struct error error = {0};

    backlog_begin(&lane->config, "fcm", &backlog);
    if (!backlog_read(&lane->config, &bound, &backlog, &error))
        fail_msg("%s", error.text);
    return backlog;
}

static void test_what_waits_is_counted_by_app(void **state) {
    struct backlog backlog;
    struct lane lane;

    (void)state;
    lane_open(&lane);
    make_topics(&lane);
    fill(&lane, lane.push, (struct slice){"org.a\0x", 7}, COUNT);
    fill(&lane, lane.push, (struct slice){"org.b\0x", 7}, 3);
    fill(&lane, lane.retry, (struct slice){"org.b\0x", 7}, 2);
    backlog = read_lane(&lane, 1000);
    assert_int_equal(backlog.count, COUNT + 5);
    backlog_free(&backlog);

    commit(&lane);
    backlog = read_lane(&lane, 1000);
    assert_int_equal(backlog.settled_count, AHEAD);
    assert_int_equal(backlog.unread_count, 0);
    assert_string_equal(backlog.apps->name, "org.a");
    assert_int_equal(backlog.apps->count, COUNT - COMMITTED - AHEAD);
    const struct backlog_app *second = backlog.apps->hh.next;
    assert_string_equal(second->name, "org.b");
    assert_int_equal(second->counts[0], 3);
    assert_int_equal(second->counts[1], 2);
    backlog_free(&backlog);
    cluster_close(lane.cluster);
}

static void test_a_bound_leaves_some_unread(void **state) {
    struct backlog backlog;
    struct lane lane;

    (void)state;
    lane_open(&lane);
    make_topics(&lane);
    fill(&lane, lane.push, (struct slice){"org.a\0x", 7}, COUNT);
    backlog = read_lane(&lane, 15);
    assert_int_equal(backlog.count, 15);
    assert_int_equal(backlog.unread_count, COUNT - 15);
    backlog_free(&backlog);
    backlog = read_lane(&lane, 0);
    assert_int_equal(backlog.count, 0);
    assert_int_equal(backlog.unread_count, COUNT);
    backlog_free(&backlog);
    cluster_close(lane.cluster);
}

static void test_a_lane_without_topics_is_no_empty_one(void **state) {
    struct backlog_bound bound = {report_now_ms() + PATIENCE_MS, 10};
    struct backlog backlog;
    struct error error = {0};
    struct lane lane;

    (void)state;
    lane_open(&lane);
    backlog_begin(&lane.config, "fcm", &backlog);
    assert_false(backlog_read(&lane.config, &bound, &backlog, &error));
    assert_non_null(strstr(error.text, "columbactl topics create"));
    backlog_free(&backlog);
    cluster_close(lane.cluster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_waits_is_counted_by_app),
        cmocka_unit_test(test_a_bound_leaves_some_unread),
        cmocka_unit_test(test_a_lane_without_topics_is_no_empty_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
