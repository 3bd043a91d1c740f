#include "tests/unit/dispatcher/sender/sender_fixture.h"

enum { BODY_LIMIT_BYTES = 65536 };

static void gives_status_headers_and_body(void **state) {
    struct fixture fixture = open_fixture(state, 4, 10000);
    struct reply replies[4];

    send_path(&fixture, "/status/429", &replies[0]);
    send_path(&fixture, "/html", &replies[1]);
    send_path(&fixture, "/status/302", &replies[2]);
    send_path(&fixture, "/interim", &replies[3]);
    await(&fixture);
    assert_string_equal(replies[0].retry_after, "7");
    assert_string_equal(replies[0].date, "Sun, 23 Nov 2025 08:00:00 GMT");
    expect_answer(&replies[0], 429, "{\"error\":{}}");
    assert_string_equal(replies[1].retry_after, "");
    expect_answer(&replies[1], 502, "<html>Bad Gateway</html>");
    expect_answer(&replies[2], 302, NULL);
    assert_string_equal(replies[3].retry_after, "");
    expect_answer(&replies[3], 200, "ok");
    assert_int_equal(sender_in_flight(fixture.sender), 0);
    close_fixture(&fixture);
}

static void sends_headers_and_every_byte_of_the_body(void **state) {
    struct fixture fixture = open_fixture(state, 4, 10000);
    struct reply echo;
    struct reply headers;
    char url[200];
    char body[256];

    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)i;
    struct http_request request = {.url = url,
                                   .headers = {{"content-type", slice_of("application/json")},
                                               {"authorization", slice_of("Bearer x")}},
                                   .header_count = 2,
                                   .body = {.data = body, .size = sizeof body}};
    snprintf(url, sizeof url, "https://127.0.0.1:%d/echo", fixture.provider->https_port);
    send_request(&fixture, &request, &fixture.provider->route, false, &echo);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/headers", fixture.provider->https_port);
    send_request(&fixture, &request, &fixture.provider->route, false, &headers);
    memset(body, 0, sizeof body);
    await(&fixture);

    assert_int_equal(echo.body.size, 256);
    for (size_t i = 0; i < 256; i++)
        assert_int_equal((unsigned char)echo.body.data[i], i);
    buffer_free(&echo.body);
    struct json_object *tree = json_tokener_parse(buffer_text(&headers.body));
    assert_true(slice_is(json_member_text(tree, ":method"), "POST"));
    assert_true(slice_is(json_member_text(tree, "authorization"), "Bearer x"));
    assert_true(slice_is(json_member_text(tree, "content-type"), "application/json"));
    assert_true(slice_is(json_member_text(tree, "user-agent"), "columba/" COLUMBA_VERSION));
    assert_null(json_member(tree, "accept-encoding"));
    json_object_put(tree);
    buffer_free(&headers.body);
    close_fixture(&fixture);
}

static void a_handle_forgets_its_last_request(void **state) {
    struct fixture fixture = open_fixture(state, 1, 10000);
    struct reply reply;

    send_path(&fixture, "/status/429", &reply);
    await(&fixture);
    expect_answer(&reply, 429, "{\"error\":{}}");
    send_path(&fixture, "/headers", &reply);
    await(&fixture);
    assert_string_equal(reply.retry_after, "");
    struct json_object *tree = json_tokener_parse(buffer_text(&reply.body));
    assert_null(json_member(tree, "authorization"));
    json_object_put(tree);
    expect_answer(&reply, 200, NULL);
    close_fixture(&fixture);
}

static void keeps_so_much_of_a_body_and_no_more(void **state) {
    struct fixture fixture = open_fixture(state, 1, 10000);
    struct reply replies[3];

    send_path(&fixture, "/size/65536", &replies[0]);
    send_path(&fixture, "/size/65537", &replies[1]);
    send_path(&fixture, "/size/1000000", &replies[2]);
    await(&fixture);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(replies[i].body.size, BODY_LIMIT_BYTES);
        expect_answer(&replies[i], 200, NULL);
    }
    warm_up(&fixture);
    close_fixture(&fixture);
}

static void connections_are_shared_unless_a_fresh_one_is_asked_for(void **state) {
    struct fixture fixture = open_fixture(state, 4, 5000);
    int64_t before = counted(&fixture, "connections", NULL);
    struct reply reply;
    char url[100];

    for (size_t i = 0; i < 5; i++)
        warm_up(&fixture);
    assert_int_equal(counted(&fixture, "connections", NULL), before);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/ok", fixture.provider->https_port);
    struct http_request request = {.url = url, .body = slice_of("{}")};
    send_request(&fixture, &request, &fixture.provider->route, true, &reply);
    await(&fixture);
    expect_answer(&reply, 200, "ok");
    assert_int_equal(counted(&fixture, "connections", NULL), before + 1);
    close_fixture(&fixture);
}

static void a_burst_is_answered_over_few_connections(void **state) {
    enum { BURST = 2000 };
    struct fixture fixture = open_fixture(state, 2, 20000);
    int64_t before = counted(&fixture, "connections", NULL);
    struct reply *replies = memory_new_array(BURST, sizeof *replies);

    for (size_t i = 0; i < BURST; i++)
        send_path(&fixture, "/ok", &replies[i]);
    assert_int_equal(sender_in_flight(fixture.sender), BURST);
    await(&fixture);
    for (size_t i = 0; i < BURST; i++)
        expect_answer(&replies[i], 200, "ok");
    assert_true(counted(&fixture, "connections", NULL) - before <= 2);
    assert_int_equal(sender_in_flight(fixture.sender), 0);
    free(replies);
    close_fixture(&fixture);
}

static void a_silent_host_holds_up_nobody_else(void **state) {
    enum { EACH = 500 };
    struct fixture fixture = open_fixture(state, 2, 20000);
    struct reply *replies = memory_new_array(EACH, sizeof *replies);
    struct reply *unanswered = memory_new_array(EACH, sizeof *unanswered);
    char url[100];
    int port = 0;
    int silent = listen_in_silence(&port);

    snprintf(url, sizeof url, "https://127.0.0.1:%d/", port);
    for (size_t i = 0; i < EACH; i++)
        send_url(&fixture, url, NULL, &unanswered[i]);
    for (size_t i = 0; i < EACH; i++)
        send_path(&fixture, "/ok", &replies[i]);
    fixture.awaited_count -= EACH;
    await(&fixture);
    for (size_t i = 0; i < EACH; i++) {
        expect_answer(&replies[i], 200, "ok");
        assert_false(unanswered[i].arrived);
    }
    assert_int_equal(sender_in_flight(fixture.sender), EACH);
    close_fixture(&fixture);
    close(silent);
    free(replies);
    free(unanswered);
}

static void closes_with_everything_under_way(void **state) {
    enum { EACH = 150 };
    struct fixture fixture = open_fixture(state, 1, 20000);
    struct reply replies[2 * EACH];
    struct reply last;

    warm_up(&fixture);
    send_path(&fixture, "/slow/50", &last);
    for (size_t i = 0; i < EACH; i++) {
        send_path(&fixture, "/hang", &replies[i]);
        send_clear(&fixture, "/hang", &replies[EACH + i]);
    }
    fixture.awaited_count = 1;
    await(&fixture);
    expect_answer(&last, 200, "late");
    close_fixture(&fixture);
    for (size_t i = 0; i < 2 * EACH; i++)
        assert_false(replies[i].arrived);
}

struct chain {
    struct fixture *fixture;
    struct reply reply;
    size_t left_count;
};

static void send_next(void *context, const struct sender_outcome *outcome) {
    struct chain *chain = context;

    assert_int_equal(outcome->result, SENDER_ANSWERED);
    if (--chain->left_count == 0) {
        loop_stop(chain->fixture->loop);
        return;
    }
    char url[100];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/ok", chain->fixture->provider->https_port);
    struct http_request request = {.url = url, .body = slice_of("{}")};
    sender_send(chain->fixture->sender, &request, &chain->fixture->provider->route, false,
                send_next, chain);
}

static void an_answer_may_be_followed_by_a_request(void **state) {
    struct fixture fixture = open_fixture(state, 1, 20000);
    struct chain chain = {.fixture = &fixture, .left_count = 50};
    struct sender_outcome first = {.result = SENDER_ANSWERED};

    send_next(&chain, &first);
    loop_run(fixture.loop);
    assert_int_equal(chain.left_count, 0);
    assert_int_equal(sender_in_flight(fixture.sender), 0);
    close_fixture(&fixture);
}

static void send_strict(struct fixture *fixture, const char *path, struct reply *reply) {
    char url[100];

    snprintf(url, sizeof url, "https://127.0.0.1:%d%s", fixture->provider->strict_port, path);
    send_url(fixture, url, &fixture->provider->route, reply);
}

static void close_strict_connections(struct fixture *fixture) {
    struct reply reply;

    for (size_t i = 0; i < 4; i++) {
        send_strict(fixture, "/close", &reply);
        await(fixture);
    }
}

static void a_new_connection_has_one_request_until_its_answer(void **state) {
    enum { BURST = 200 };
    struct fixture fixture = open_fixture(state, 4, 20000);
    struct reply *replies = memory_new_array(BURST, sizeof *replies);

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < BURST; i++)
            send_strict(&fixture, "/slow/20", &replies[i]);
        await(&fixture);
        for (size_t i = 0; i < BURST; i++)
            expect_answer(&replies[i], 200, "late");
        close_strict_connections(&fixture);
    }
    assert_int_equal(counted(&fixture, "refused_streams", NULL), 0);
    assert_true(counted(&fixture, "strict_connections", NULL) > 4);
    free(replies);
    close_fixture(&fixture);
}

static void a_slow_first_answer_holds_up_nobody(void **state) {
    struct fixture fixture = open_fixture(state, 4, 20000);
    struct reply slow;
    struct reply quick[10];

    send_path(&fixture, "/slow/6000", &slow);
    fixture.awaited_count--;
    for (size_t i = 0; i < 10; i++)
        send_path(&fixture, "/ok", &quick[i]);
    await(&fixture);
    for (size_t i = 0; i < 10; i++)
        expect_answer(&quick[i], 200, "ok");
    assert_false(slow.arrived);
    close_fixture(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_status_headers_and_body),
        cmocka_unit_test(a_new_connection_has_one_request_until_its_answer),
        cmocka_unit_test(a_slow_first_answer_holds_up_nobody),
        cmocka_unit_test(sends_headers_and_every_byte_of_the_body),
        cmocka_unit_test(a_handle_forgets_its_last_request),
        cmocka_unit_test(keeps_so_much_of_a_body_and_no_more),
        cmocka_unit_test(connections_are_shared_unless_a_fresh_one_is_asked_for),
        cmocka_unit_test(a_burst_is_answered_over_few_connections),
        cmocka_unit_test(a_silent_host_holds_up_nobody_else),
        cmocka_unit_test(closes_with_everything_under_way),
        cmocka_unit_test(an_answer_may_be_followed_by_a_request),
    };

    return cmocka_run_group_tests(tests, start_provider, stop_provider);
}
