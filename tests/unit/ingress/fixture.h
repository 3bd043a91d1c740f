/* A real worker on a loopback port, between a client and a queue and a state that do as the test
 * says. */
#ifndef COLUMBA_TESTS_INGRESS_FIXTURE_H
#define COLUMBA_TESTS_INGRESS_FIXTURE_H

#include "common/base/listener.h"
#include "common/observe/metrics.h"
#include "common/push/traffic.h"
#include "ingress/instruments.h"
#include "ingress/worker.h"
#include "tests/unit/ingress/client.h"
#include "tests/unit/ingress/fakes.h"

struct fixture {
    struct config config;
    struct app apps[4];
    struct worker *worker;
    int port;
    bool drained;
};

static struct app fixture_app(const char *pattern, enum provider_kind kind) {
    return (struct app){.pattern = memory_copy_text(pattern),
                        .kind = kind,
                        .lane = memory_copy_text(provider_kind_name(kind))};
}

/* Bounds small enough to be reached; the test may change them before fixture_start. */
static void fixture_init(struct fixture *fixture) {
    *fixture = (struct fixture){.config = {
                                    .references = 1,
                                    .traffic = traffic_new(4),
                                    .queue = {.prefix = "columba."},
                                    .ingress = {.body_limit_bytes = 4096,
                                                .device_limit = 8,
                                                .copies_limit_bytes = 8192,
                                                .waiting_requests = 100,
                                                .waiting_bytes = 1 << 20,
                                                .connection_limit = 200,
                                                .idle_timeout_ms = 130000,
                                                .read_timeout_ms = 15000,
                                                .drain_delay_ms = 0},
                                }};
    fixture->apps[0] = fixture_app("app.android", PROVIDER_FCM);
    fixture->apps[1] = fixture_app("app.old", PROVIDER_RETIRED);
    fixture->apps[2] = fixture_app("app.glob.*", PROVIDER_FCM);
    fixture->apps[3] = fixture_app("app.up", PROVIDER_UNIFIEDPUSH);
    fixture->config.apps = (struct apps){.list = fixture->apps, .count = 4};
    fakes.queue_mode = QUEUE_ACKNOWLEDGES;
    fakes.state_mode = STATE_ANSWERS;
    fakes.accepts = 0;
    fakes.message_count = fakes.settled_count = fakes.asked_count = fakes.verdict_count = 0;
}

static void fixture_start(struct fixture *fixture) {
    struct error error = {0};
    int listener = -1;
    struct worker_parts parts = {.config = &fixture->config, .worker_count = 1};

    log_open("test", LOG_LEVEL_ERROR);
    assert_true(listeners_open("127.0.0.1:0", &listener, 1, &error));
    fixture->port = listener_port(listener);
    fixture->worker = worker_open_take(&parts, listener, &error);
    assert_non_null(fixture->worker);
    assert_true(worker_start(fixture->worker, &error));
}

static void fixture_drain(struct fixture *fixture) {
    if (!fixture->drained)
        worker_drain(fixture->worker);
    fixture->drained = true;
}

/* Whatever a test did: the worker must be able to end by itself. */
static void fixture_stop(struct fixture *fixture) {
    queue_set(QUEUE_ACKNOWLEDGES);
    state_set(STATE_ANSWERS);
    fixture_drain(fixture);
    worker_join(fixture->worker);
    assert_int_equal(worker_status(fixture->worker).stage, WORKER_STOPPED);
    assert_int_equal(worker_status(fixture->worker).waiting_requests, 0);
    assert_int_equal(worker_status(fixture->worker).waiting_bytes, 0);
    assert_int_equal(worker_status(fixture->worker).connections, 0);
    worker_close(fixture->worker);
    assert_int_equal(fixture->config.references, 1);
    traffic_free(fixture->config.traffic);
    for (size_t i = 0; i < fixture->config.apps.count; i++) {
        free(fixture->apps[i].pattern);
        free(fixture->apps[i].lane);
    }
    assert_int_equal(fakes.unsettled_count, 0);
    for (size_t i = 0; i < fakes.message_count && i < FAKE_MESSAGES_MAX; i++)
        fake_message_free(fakes.messages[i]);
    fakes.message_count = 0;
}

static double fixture_metric(struct fixture *fixture, enum instrument metric, const char *first,
                             const char *second) {
    return metrics_value(worker_metrics(fixture->worker), metric, (const char *[]){first, second});
}

/* Posts on a connection of its own. */
static void assert_answer(struct fixture *fixture, const char *body, int status,
                          const char *expected) {
    int client = client_connect(fixture->port);

    client_post(client, body);
    assert_reply(client, status, expected);
    close(client);
}

/* For cmocka: *state is the fixture, not started yet. */
static int fixture_set_up(void **state) {
    struct fixture *fixture = memory_new(sizeof *fixture);

    fixture_init(fixture);
    *state = fixture;
    return 0;
}

static int fixture_tear_down(void **state) {
    fixture_stop(*state);
    free(*state);
    return 0;
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

#endif
