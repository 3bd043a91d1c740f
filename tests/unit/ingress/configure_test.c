/* A worker goes over to another configuration while requests are under way. */
#include "common/config/config.h"
#include "tests/unit/ingress/fixture.h"

static struct config *next_config(const char *apps) {
    struct buffer yaml = {0};
    struct error error = {0};

    buffer_append_format(&yaml,
                         "queue: {brokers: 'kafka:9092'}\n"
                         "ingress: {drain_delay: 0s}\napps: {%s}\n",
                         apps);
    struct config *config = config_parse("next.yaml", buffer_slice(&yaml), &error);
    if (config == NULL)
        fail_msg("%s", error.text);
    buffer_free(&yaml);
    return config;
}

/* Posts until the configuration has reached the worker's thread: its answer says so. */
static void post_until(int client, const char *body, const char *expected) {
    for (int i = 0; i < 10000; i++) {
        client_post(client, body);
        struct reply reply = client_receive(client);
        assert_int_equal(reply.status, 200);
        bool arrived = strcmp(buffer_text(&reply.body), expected) == 0;
        reply_free(&reply);
        if (arrived)
            return;
    }
    fail_msg("%s was never answered %s", body, expected);
}

static void requests_go_by_the_newest(void **state) {
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    fixture_start(&fixture);
    int client = client_connect(fixture.port);
    client_post(client, ONE_DEVICE("app.new", "phone"));
    assert_reply(client, 200, NOTHING_REJECTED);
    assert_int_equal(published_count(), 0);

    struct config *next = next_config("app.android: {type: retired},"
                                      "app.new: {type: unifiedpush, lane: far}");
    worker_configure(fixture.worker, next);
    config_release(next);
    post_until(client, ONE_DEVICE("app.android", "phone"), "{\"rejected\":[\"phone\"]}");
    size_t before = published_count();
    client_post(client, ONE_DEVICE("app.new", "https://push.example/1"));
    assert_reply(client, 200, NOTHING_REJECTED);
    assert_int_equal(published_count(), before + 1);
    assert_string_equal(fakes.messages[before]->topic, "columba.push.far");
    close(client);
    fixture_stop(&fixture);
}

/* Under address sanitizing, an app that went with its snapshot would be seen here. */
static void requests_under_way_keep_theirs(void **state) {
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    fixture_start(&fixture);
    int waiting = client_connect(fixture.port);
    int other = client_connect(fixture.port);
    struct config *first = next_config("app.first: {type: unifiedpush, lane: near},"
                                       "app.gone: {type: retired}");
    worker_configure(fixture.worker, first);
    config_release(first);
    post_until(other, ONE_DEVICE("app.gone", "phone"), "{\"rejected\":[\"phone\"]}");

    state_set(STATE_HOLDS);
    size_t asked = fakes.asked_count;
    size_t before = published_count();
    client_post(waiting, ONE_DEVICE("app.first", "https://push.example/2"));
    await_count(&fakes.asked_count, asked + 1);
    struct config *second = next_config("app.second: {type: retired}");
    worker_configure(fixture.worker, second);
    config_release(second);
    post_until(other, ONE_DEVICE("app.second", "phone"), "{\"rejected\":[\"phone\"]}");

    state_set(STATE_ANSWERS);
    assert_reply(waiting, 200, NOTHING_REJECTED);
    assert_int_equal(published_count(), before + 1);
    assert_string_equal(fakes.messages[before]->topic, "columba.push.near");
    close(waiting);
    close(other);
    fixture_stop(&fixture);
}

static void discovery_comes_and_goes_with_its_app(void **state) {
    static const char get[] = "GET /_matrix/push/v1/notify HTTP/1.1\r\nHost: gateway\r\n\r\n";
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    fixture_start(&fixture);
    int client = client_connect(fixture.port);
    assert_true(client_send(client, slice_of(get)));
    struct reply reply = client_receive(client);
    assert_int_equal(reply.status, 200);
    reply_free(&reply);
    struct config *next = next_config("app.old: {type: retired}");
    worker_configure(fixture.worker, next);
    config_release(next);
    post_until(client, ONE_DEVICE("app.old", "phone"), "{\"rejected\":[\"phone\"]}");
    assert_true(client_send(client, slice_of(get)));
    reply = client_receive(client);
    assert_int_equal(reply.status, 405);
    reply_free(&reply);
    close(client);
    fixture_stop(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_go_by_the_newest),
        cmocka_unit_test(requests_under_way_keep_theirs),
        cmocka_unit_test(discovery_comes_and_goes_with_its_app),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
