#include "tests/unit/dispatcher/sender/sender_fixture.h"

static void a_cut_answer_counts_only_as_success(void **state) {
    struct fixture fixture = open_fixture(state, 1, 10000);
    struct reply reply;

    send_path(&fixture, "/half/200", &reply);
    await(&fixture);
    expect_answer(&reply, 200, "half a ");
    assert_true(reply.is_cut);
    send_path(&fixture, "/ok", &reply);
    await(&fixture);
    expect_answer(&reply, 200, "ok");
    assert_false(reply.is_cut);
    send_path(&fixture, "/half/404", &reply);
    await(&fixture);
    expect_failure(&reply, SENDER_LOST, "reset");
    close_fixture(&fixture);
}

static void a_stream_given_back_is_unsent(void **state) {
    struct fixture fixture = open_fixture(state, 1, 10000);
    struct reply reply;
    int64_t before = counted(&fixture, "requests", "/refuse");

    send_path(&fixture, "/refuse", &reply);
    await(&fixture);
    expect_failure(&reply, SENDER_UNSENT, "refused_stream");
    assert_int_equal(counted(&fixture, "requests", "/refuse"), before + 1);

    send_path(&fixture, "/goaway", &reply);
    await(&fixture);
    expect_failure(&reply, SENDER_UNSENT, "refused_stream");
    assert_int_equal(counted(&fixture, "requests", "/goaway"), 1);
    close_fixture(&fixture);
}

static void what_may_have_arrived_is_lost_and_not_sent_twice(void **state) {
    static const char *const paths[] = {"/reset", "/both/drop"};
    static const uint64_t broken[] = {0, 1}; /* one for both that it carried; a stream is none */

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct fixture fixture = open_fixture(state, 1, 10000);
        struct reply replies[2];
        warm_up(&fixture);
        int64_t before = counted(&fixture, "requests", paths[i]);
        send_path(&fixture, paths[i], &replies[0]);
        send_path(&fixture, paths[i], &replies[1]);
        await(&fixture);
        expect_failure(&replies[0], SENDER_LOST, "reset");
        assert_int_equal(replies[0].broken_connection, broken[i]);
        assert_int_equal(replies[1].broken_connection, broken[i]);
        int64_t after = counted(&fixture, "requests", paths[i]);
        assert_int_equal(after - before, 2);
        close_fixture(&fixture);
    }
}

/* libcurl tells the one that reads the end of the connection; of the other it may find out only
 * when its time is over. */
static void both_on_a_connection_that_closes_are_lost_and_not_sent_twice(void **state) {
    struct fixture fixture = open_fixture(state, 1, 2000);
    struct reply replies[2];

    warm_up(&fixture);
    int64_t before = counted(&fixture, "requests", "/both/close");
    for (size_t i = 0; i < 2; i++)
        send_path(&fixture, "/both/close", &replies[i]);
    await(&fixture);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(replies[i].result, SENDER_LOST);
    assert_int_equal(counted(&fixture, "requests", "/both/close") - before, 2);
    close_fixture(&fixture);
}

static void a_kept_connection_that_closes_is_lost_and_not_sent_twice(void **state) {
    struct fixture fixture = open_fixture(state, 1, 10000);
    struct reply reply;
    int64_t before = counted(&fixture, "requests", "/close/http1");

    send_clear(&fixture, "/status/503", &reply);
    await(&fixture);
    assert_string_equal(reply.retry_after, "7");
    assert_string_equal(reply.date, "Sun, 23 Nov 2025 08:00:00 GMT");
    expect_answer(&reply, 503, NULL);
    send_clear(&fixture, "/close/http1", &reply);
    await(&fixture);
    expect_failure(&reply, SENDER_LOST, "reset");
    assert_int_equal(counted(&fixture, "requests", "/close/http1"), before + 1);
    close_fixture(&fixture);
}

static void no_answer_in_time_is_lost(void **state) {
    struct fixture fixture = open_fixture(state, 1, 1000);
    struct reply replies[3];

    warm_up(&fixture);
    send_path(&fixture, "/hang", &replies[0]);
    send_path(&fixture, "/slow/5000", &replies[1]);
    send_path(&fixture, "/slow/10", &replies[2]);
    await(&fixture);
    expect_failure(&replies[0], SENDER_LOST, "timeout");
    expect_failure(&replies[1], SENDER_LOST, "timeout");
    expect_answer(&replies[2], 200, "late");
    warm_up(&fixture);
    close_fixture(&fixture);
}

static void waiting_in_line_counts_as_time(void **state) {
    struct fixture fixture = open_fixture(state, 1, 300);
    struct reply replies[2];

    send_clear(&fixture, "/slow/5000", &replies[0]);
    send_clear(&fixture, "/slow/250", &replies[1]);
    await(&fixture);
    expect_failure(&replies[0], SENDER_LOST, "timeout");
    /* It set out the later by what lay between the two calls: for that long it may have had a turn.
     */
    if (replies[1].result == SENDER_LOST)
        expect_failure(&replies[1], SENDER_LOST, "timeout");
    else
        expect_failure(&replies[1], SENDER_UNREACHED, "queue_timeout");
    close_fixture(&fixture);
}

static void no_connection_is_unreached(void **state) {
    struct fixture fixture = open_fixture(state, 4, 20000);
    const struct provider *provider = fixture.provider;
    int port = 0;
    char refusing_url[100];
    char trusted_url[100];
    char misnamed_url[100];
    char long_name_url[100];
    struct reply replies[7];

    close(listen_in_silence(&port));
    snprintf(refusing_url, sizeof refusing_url, "https://127.0.0.1:%d/", port);
    snprintf(trusted_url, sizeof trusted_url, "https://127.0.0.1:%d/", provider->https_port);
    snprintf(misnamed_url, sizeof misnamed_url, "https://127.0.0.2:%d/", provider->https_port);
    /* A label of DNS has at most 63 bytes, so nobody is asked for this one. */
    snprintf(long_name_url, sizeof long_name_url, "https://%070d/", 0);
    long_name_url[8] = 'a';
    send_url(&fixture, refusing_url, NULL, &replies[0]);
    send_url(&fixture, long_name_url, NULL, &replies[1]);
    send_url(&fixture, trusted_url, NULL, &replies[2]);
    send_url(&fixture, misnamed_url, &provider->route, &replies[3]);
    send_url(&fixture, trusted_url, &(struct route){.ca_file = "/nonexistent/ca.pem"}, &replies[4]);
    send_url(&fixture, "ftp://127.0.0.1/", NULL, &replies[5]);
    send_url(&fixture, "", NULL, &replies[6]);
    await(&fixture);
    expect_failure(&replies[0], SENDER_UNREACHED, "refused");
    expect_failure(&replies[1], SENDER_UNREACHED, "dns");
    for (size_t i = 2; i < 5; i++)
        expect_failure(&replies[i], SENDER_UNREACHED, "tls");
    expect_failure(&replies[5], SENDER_UNREACHED, "bad_url");
    expect_failure(&replies[6], SENDER_UNREACHED, "bad_url");
    warm_up(&fixture);
    close_fixture(&fixture);
}

static void nobody_who_takes_the_connection_is_unreached(void **state) {
    struct fixture fixture = open_fixture(state, 1, 1000);
    struct reply reply;
    char url[100];
    int port = 0;
    int silent = listen_in_silence(&port);

    snprintf(url, sizeof url, "https://127.0.0.1:%d/", port);
    send_url(&fixture, url, NULL, &reply);
    await(&fixture);
    expect_failure(&reply, SENDER_UNREACHED, "connect_timeout");
    close(silent);
    close_fixture(&fixture);
}

static void the_system_store_comes_back_after_another(void **state) {
    struct fixture fixture = open_fixture(state, 1, 5000);
    struct reply reply;
    char url[100];

    warm_up(&fixture);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/ok", fixture.provider->https_port);
    send_url(&fixture, url, NULL, &reply);
    await(&fixture);
    expect_failure(&reply, SENDER_UNREACHED, "tls");
    warm_up(&fixture);
    close_fixture(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_answer_counts_only_as_success),
        cmocka_unit_test(a_stream_given_back_is_unsent),
        cmocka_unit_test(what_may_have_arrived_is_lost_and_not_sent_twice),
        cmocka_unit_test(both_on_a_connection_that_closes_are_lost_and_not_sent_twice),
        cmocka_unit_test(a_kept_connection_that_closes_is_lost_and_not_sent_twice),
        cmocka_unit_test(no_answer_in_time_is_lost),
        cmocka_unit_test(waiting_in_line_counts_as_time),
        cmocka_unit_test(no_connection_is_unreached),
        cmocka_unit_test(nobody_who_takes_the_connection_is_unreached),
        cmocka_unit_test(the_system_store_comes_back_after_another),
    };

    return cmocka_run_group_tests(tests, start_provider, stop_provider);
}
