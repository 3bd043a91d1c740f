#include "common/base/loop_ev.h"
#include "common/queue/topic_watch.h"
#include "tests/unit/dispatcher/fake_loop.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { MINUTE_MS = 60 * 1000, PATIENCE_MS = 10000 };

/* ---- What the brokers say, and how it is heard ---- */

static const char *fault = "";
static bool is_away;
static atomic_int asked_count;

bool topics_inspect(const struct config *config, const char *const *lanes, size_t lane_count,
                    int64_t timeout_ms, struct topic_report *out, struct error *error) {
    (void)config, (void)lanes, (void)lane_count, (void)timeout_ms;
    asked_count++;
    if (is_away)
        return error_set(error, ERROR_UNAVAILABLE, "nobody answers");
    *out = (struct topic_report){.topics = memory_new(sizeof *out->topics), .count = 1};
    out->topics[0].role = TOPIC_PUSH;
    snprintf(out->topics[0].name, sizeof out->topics[0].name, "push.fcm");
    snprintf(out->topics[0].fault, sizeof out->topics[0].fault, "%s", fault);
    out->sound = fault[0] == '\0';
    return true;
}

void topic_report_free(struct topic_report *report) {
    free(report->topics);
}

struct wakeup {
    loop_callback *rung;
    void *context;
};

static atomic_bool is_rung;
static struct wakeup bell;

struct wakeup *wakeup_new(struct loop *loop, loop_callback *rung, void *context) {
    (void)loop;
    bell = (struct wakeup){rung, context};
    return &bell;
}

void wakeup_free(struct wakeup *wakeup) {
    (void)wakeup;
}

void wakeup_ring(struct wakeup *wakeup) {
    (void)wakeup;
    is_rung = true;
}

struct ev_loop *loop_ev(struct loop *loop) {
    (void)loop;
    return NULL;
}

void loop_on_signal(struct loop *loop, int number, loop_callback *arrived, void *context) {
    (void)loop, (void)number, (void)arrived, (void)context;
}

struct readable *readable_new(struct loop *loop, int descriptor, loop_callback *ready,
                              void *context) {
    (void)loop, (void)descriptor, (void)ready, (void)context;
    return NULL;
}

void readable_free(struct readable *readable) {
    (void)readable;
}

/* ---- A watch ---- */

static const char text[] = "queue: {brokers: 'b:1'}\n"
                           "apps: {a: {type: fcm, project_id: p, service_account_file: f}}\n";

struct watched {
    struct loop *loop;
    struct config *config;
    struct topic_watch *watch;
};

/* Until the brokers have answered; fails when nobody has asked. */
static void hear(void) {
    for (int waited_ms = 0; !is_rung && waited_ms < PATIENCE_MS; waited_ms++)
        usleep(1000);
    assert_true(is_rung);
    is_rung = false;
    bell.rung(bell.context);
}

static struct watched open_watch(const char *says) {
    struct watched opened = {.loop = loop_new()};
    struct error error;

    fault = says;
    is_away = false;
    asked_count = 0;
    opened.config = config_parse("test", slice_of(text), &error);
    assert_non_null(opened.config);
    opened.watch = topic_watch_open(opened.loop, opened.config, TOPIC_SCOPE_ALL);
    hear();
    return opened;
}

static void close_watch(struct watched *opened) {
    topic_watch_close(opened->watch);
    config_release(opened->config);
    loop_free(opened->loop);
}

static void assert_says(const struct watched *opened, const char *expected) {
    struct buffer out = {0};

    topic_watch_write(topic_watch_report(opened->watch), TOPIC_SCOPE_ALL, &out);
    buffer_append_byte(&out, '\0');
    assert_string_equal(buffer_slice(&out).data, expected);
    buffer_free(&out);
}

#define SOUND "{\"known\":true,\"required\":false,\"faults\":[]}"
#define SHORT                                                                                      \
    "{\"known\":true,\"required\":false,\"faults\":[{\"topic\":\"push.fcm\",\"fault\":"            \
    "\"retention is short\"}]}"

static void test_a_fault_is_asked_about_each_minute_until_it_is_mended(void **state) {
    struct watched opened = open_watch("retention is short");

    (void)state;
    assert_says(&opened, SHORT);
    fault = "";
    fake_loop_run(opened.loop, MINUTE_MS);
    hear();
    assert_says(&opened, SOUND);
    close_watch(&opened);
}

/* Somebody may change them at any time. */
static void test_what_is_sound_is_asked_about_again(void **state) {
    struct watched opened = open_watch("");

    (void)state;
    fake_loop_run(opened.loop, 9 * MINUTE_MS);
    assert_int_equal(asked_count, 1);
    assert_says(&opened, SOUND);
    fault = "retention is short";
    fake_loop_run(opened.loop, MINUTE_MS);
    hear();
    assert_says(&opened, SHORT);
    close_watch(&opened);
}

static void test_brokers_that_are_away_change_nothing_that_is_known(void **state) {
    struct watched opened = open_watch("");

    (void)state;
    is_away = true;
    fake_loop_run(opened.loop, 10 * MINUTE_MS);
    hear();
    assert_says(&opened, SOUND);
    is_away = false;
    fault = "retention is short";
    fake_loop_run(opened.loop, MINUTE_MS);
    hear();
    assert_says(&opened, SHORT);
    close_watch(&opened);
}

static void test_another_configuration_is_asked_about_at_once(void **state) {
    struct watched opened = open_watch("");

    (void)state;
    topic_watch_configure(opened.watch, opened.config);
    fake_loop_run(opened.loop, 0);
    hear();
    assert_int_equal(asked_count, 2);
    close_watch(&opened);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fault_is_asked_about_each_minute_until_it_is_mended),
        cmocka_unit_test(test_what_is_sound_is_asked_about_again),
        cmocka_unit_test(test_brokers_that_are_away_change_nothing_that_is_known),
        cmocka_unit_test(test_another_configuration_is_asked_about_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
