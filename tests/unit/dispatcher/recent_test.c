#include "dispatcher/recent.h"

#include "common/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

typedef void recent_writer(const struct recent *recent, struct buffer *out);

static void expect(const struct recent *recent, recent_writer *write, const char *expected) {
    struct buffer out = {0};

    write(recent, &out);
    assert_string_equal(buffer_text(&out), expected);
    buffer_free(&out);
}

static struct json_object *read_back(const struct recent *recent, recent_writer *write) {
    struct buffer out = {0};

    write(recent, &out);
    struct json_object *tree = json_parse(buffer_slice(&out), 8, NULL);
    assert_non_null(tree);
    buffer_free(&out);
    return tree;
}

static void settle_one(struct recent *recent, enum outcome outcome, int64_t at_ms) {
    recent_settled(recent, &(struct recent_ending){.at_ms = at_ms,
                                                   .outcome = outcome,
                                                   .reason = "no \"such\" token",
                                                   .app = NULL,
                                                   .id = "id",
                                                   .pushkey = "h",
                                                   .attempt = 2,
                                                   .code = 404});
}

static void test_outcomes_are_counted_and_failures_kept(void **state) {
    struct recent *recent = recent_new();

    (void)state;
    expect(recent, recent_write_failures, "[]");
    settle_one(recent, OUTCOME_DELIVERED, 1);
    settle_one(recent, OUTCOME_DROPPED, 2);
    settle_one(recent, OUTCOME_REJECTED, 3);
    settle_one(recent, OUTCOME_REJECTED, 4);
    expect(recent, recent_write_outcomes,
           "{\"delivered\":1,\"rejected\":2,\"dropped\":1,\"moved\":0,\"dead\":0}");
    expect(recent, recent_write_failures,
           "[{\"at\":4,\"attempt\":2,\"code\":404,\"outcome\":\"rejected\",\"reason\":\"no "
           "\\\"such\\\" token\",\"app\":\"\",\"id\":\"id\",\"pushkey\":\"h\"},"
           "{\"at\":3,\"attempt\":2,\"code\":404,\"outcome\":\"rejected\",\"reason\":\"no "
           "\\\"such\\\" token\",\"app\":\"\",\"id\":\"id\",\"pushkey\":\"h\"}]");
    recent_free(recent);
}

static void test_only_the_last_failures_are_kept(void **state) {
    struct recent *recent = recent_new();

    (void)state;
    for (int i = 0; i < 1000; i++)
        settle_one(recent, OUTCOME_DEAD, i);
    struct json_object *failures = read_back(recent, recent_write_failures);
    assert_int_equal(json_object_array_length(failures), RECENT_FAILURES_MAX);
    for (size_t i = 0; i < RECENT_FAILURES_MAX; i++) {
        int64_t at = 0;
        assert_true(json_member_integer(json_object_array_get_idx(failures, i), "at", &at));
        assert_int_equal(at, 999 - (int64_t)i);
    }
    json_object_put(failures);
    recent_free(recent);
}

static void test_answers_of_a_host_are_smoothed(void **state) {
    struct recent *recent = recent_new();

    (void)state;
    int host = recent_sent(recent, "https://push.example:443/a?b");
    assert_int_equal(recent_sent(recent, "https://push.example:443"), host);
    assert_int_not_equal(recent_sent(recent, "https://push.example/a"), host);
    recent_answered(recent, host, 80, false);
    recent_answered(recent, host, 160, true);
    recent_answered(recent, -1, 160, true);
    expect(recent, recent_write_hosts,
           "[{\"host\":\"push.example:443\",\"smoothed_ms\":90,\"in_flight\":0,\"answers\":2,"
           "\"failures\":1},{\"host\":\"push.example\",\"smoothed_ms\":0,\"in_flight\":1,"
           "\"answers\":0,\"failures\":0}]");
    recent_free(recent);
}

/* A stranger's hosts push each other out, and none that owes an answer. */
static void test_hosts_are_bounded(void **state) {
    struct recent *recent = recent_new();
    char url[300];

    (void)state;
    int busy = recent_sent(recent, "https://busy.example/");
    for (int i = 0; i < 1000; i++) {
        snprintf(url, sizeof url, "https://%0*d.example/", i % 2 == 0 ? 200 : 4, i);
        int host = recent_sent(recent, url);
        assert_in_range(host, 0, RECENT_HOSTS_MAX - 1);
        assert_int_not_equal(host, busy);
        recent_answered(recent, host, 1, false);
    }
    for (int i = 0; i < RECENT_HOSTS_MAX - 1; i++) {
        snprintf(url, sizeof url, "https://owes-%d.example/", i);
        assert_int_not_equal(recent_sent(recent, url), -1);
    }
    assert_int_equal(recent_sent(recent, "https://one-too-many.example/"), -1);
    recent_answered(recent, busy, 5, false);
    assert_int_equal(recent_sent(recent, "https://one-too-many.example/"), busy);
    struct json_object *hosts = read_back(recent, recent_write_hosts);
    assert_int_equal(json_object_array_length(hosts), RECENT_HOSTS_MAX);
    json_object_put(hosts);
    recent_free(recent);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes_are_counted_and_failures_kept),
        cmocka_unit_test(test_only_the_last_failures_are_kept),
        cmocka_unit_test(test_answers_of_a_host_are_smoothed),
        cmocka_unit_test(test_hosts_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
