#include "tests/unit/common/state/redis_fixture.h"

static void without_a_server_every_call_is_answered(void **state) {
    struct server nowhere = {.port = free_port()};
    struct redis_config config = config_of(&nowhere);
    struct fixture *fixture = open_with(*state, &config);

    for (size_t i = 0; i < 3; i++) {
        assert_false(ask(fixture, 7).known);
        struct written written = mark(fixture, 7);
        assert_true(written.failed);
        assert_int_equal(written.error.code, ERROR_UNAVAILABLE);
    }
    assert_false(state_is_available(fixture->state));
    close_fixture(fixture);
}

static void a_frozen_server_costs_one_time_out(void **state) {
    struct fixture *fixture = open_fixture(state);
    struct answer answers[100];
    struct written written;

    kill(fixture->server->process, SIGSTOP);
    for (size_t i = 0; i < 100; i++)
        begin_ask(fixture, true, 7, &answers[i]);
    begin_mark(fixture, 7, &written);
    await(fixture);
    for (size_t i = 0; i < 100; i++)
        assert_true(answers[i].count == 1 && !answers[i].is.known);
    assert_int_equal(written.count, 1);
    assert_int_equal(written.error.code, ERROR_TIMEOUT);
    assert_false(state_is_available(fixture->state));

    /* The circuit is open: no further call waits for the server. */
    int64_t before_ms = loop_monotonic_ms(fixture->loop);
    for (size_t i = 0; i < 1000; i++)
        assert_false(ask(fixture, 7).known);
    assert_true(loop_monotonic_ms(fixture->loop) - before_ms < 1000 * TIMEOUT_MS / 10);

    kill(fixture->server->process, SIGCONT);
    await_available(fixture, true);
    assert_true(ask(fixture, 7).known);
    close_fixture(fixture);
}

static void a_loop_that_was_held_up_blames_nobody(void **state) {
    struct fixture *fixture = open_fixture(state);
    struct answer answer;

    begin_ask(fixture, true, 7, &answer);
    struct timer *nudge = timer_new(fixture->loop, out_of_patience, fixture);
    timer_start(nudge, 0);
    loop_run(fixture->loop);
    usleep(2 * TIMEOUT_MS * 1000);
    await(fixture);
    assert_true(answer.is.known);
    assert_true(state_is_available(fixture->state));
    timer_free(nudge);
    close_fixture(fixture);
}

static void a_server_that_comes_back_is_found(void **state) {
    struct fixture *fixture = open_fixture(state);

    end(fixture->server);
    await_available(fixture, false);
    assert_false(ask(fixture, 7).known);
    launch(fixture->server);
    await_available(fixture, true);
    assert_true(ask(fixture, 7).known);
    close_fixture(fixture);
}

static void a_server_that_dies_leaves_no_call_open(void **state) {
    struct fixture *fixture = open_fixture(state);
    struct answer answers[100];

    kill(fixture->server->process, SIGSTOP);
    for (size_t i = 0; i < 100; i++)
        begin_ask(fixture, true, 7, &answers[i]);
    end(fixture->server);
    await(fixture);
    for (size_t i = 0; i < 100; i++)
        assert_true(answers[i].count == 1 && !answers[i].is.known);
    launch(fixture->server);
    await_available(fixture, true);
    close_fixture(fixture);
}

static struct fixture *open_with_password(struct server *server, struct redis_config *config) {
    tell(server, "ACL SETUSER columba on >secret ~columba:* +@all");
    config->username = "columba";
    config->password = "secret";
    struct fixture *fixture = open_with(server, config);
    await_available(fixture, true);
    return fixture;
}

static void a_password_opens_and_a_wrong_one_does_not(void **state) {
    struct redis_config config = config_of(*state);
    struct fixture *fixture = open_with_password(*state, &config);

    assert_true(ask(fixture, 7).known);
    close_fixture(fixture);

    config.password = "mistyped";
    fixture = open_with(*state, &config);
    for (size_t i = 0; i < 100; i++)
        assert_false(ask(fixture, 7).known);
    struct written written = {.fixture = fixture};
    while (strstr(written.error.text, "WRONGPASS") == NULL)
        written = mark(fixture, 7);
    assert_int_equal(written.error.code, ERROR_UNAVAILABLE);
    assert_false(state_is_available(fixture->state));

    config.password = "secret";
    state_set_login(fixture->state, &config);
    await_available(fixture, true);
    close_fixture(fixture);
    tell(*state, "ACL DELUSER columba");
}

/* The connection that stands is not asked again; the one after it is, with what is true by then. */
static void a_rotated_password_is_for_the_next_connection(void **state) {
    struct redis_config config = config_of(*state);
    struct fixture *fixture = open_with_password(*state, &config);

    tell(*state, "ACL SETUSER columba resetpass >rotated");
    config.password = "rotated";
    state_set_login(fixture->state, &config);
    assert_true(ask(fixture, 7).known);
    tell(*state, "CLIENT KILL USER columba");
    await_available(fixture, false);
    await_available(fixture, true);
    assert_true(ask(fixture, 7).known);
    close_fixture(fixture);
    tell(*state, "ACL DELUSER columba");
}

static void a_replica_answers_and_refuses_writes(void **state) {
    struct fixture *fixture = open_fixture(state);

    tell(*state, "REPLICAOF 127.0.0.1 %d", free_port());
    assert_true(ask(fixture, 7).known);
    struct written written = mark(fixture, 7);
    assert_int_equal(written.error.code, ERROR_REFUSED);
    assert_non_null(strstr(written.error.text, "READONLY"));
    /* It looks for the master behind the same name, once in a while. */
    assert_false(state_is_available(fixture->state));
    await_available(fixture, true);
    assert_true(mark(fixture, 7).failed);
    assert_true(state_is_available(fixture->state));
    tell(*state, "REPLICAOF NO ONE");
    assert_false(mark(fixture, 7).failed);
    close_fixture(fixture);
}

static void a_full_server_answers_and_refuses_writes(void **state) {
    struct fixture *fixture = open_fixture(state);

    tell(*state, "CONFIG SET maxmemory 1");
    struct written written = mark(fixture, 7);
    assert_int_equal(written.error.code, ERROR_REFUSED);
    assert_non_null(strstr(written.error.text, "OOM"));
    assert_true(ask(fixture, 7).known);
    tell(*state, "CONFIG SET maxmemory 0");
    assert_false(mark(fixture, 7).failed);
    close_fixture(fixture);
}

static void closing_answers_what_is_open(void **state) {
    struct fixture *fixture = open_fixture(state);
    struct answer answers[50];
    struct written written;

    for (size_t i = 0; i < 50; i++)
        begin_ask(fixture, true, 7, &answers[i]);
    begin_mark(fixture, 7, &written);
    close_fixture(fixture);
    for (size_t i = 0; i < 50; i++)
        assert_true(answers[i].count == 1 && !answers[i].is.known);
    assert_int_equal(written.count, 1);
    assert_true(written.failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_a_server_every_call_is_answered, clean_server),
        cmocka_unit_test_setup(a_frozen_server_costs_one_time_out, clean_server),
        cmocka_unit_test_setup(a_loop_that_was_held_up_blames_nobody, clean_server),
        cmocka_unit_test_setup(a_server_that_comes_back_is_found, clean_server),
        cmocka_unit_test_setup(a_server_that_dies_leaves_no_call_open, clean_server),
        cmocka_unit_test_setup(a_password_opens_and_a_wrong_one_does_not, clean_server),
        cmocka_unit_test_setup(a_rotated_password_is_for_the_next_connection, clean_server),
        cmocka_unit_test_setup(a_replica_answers_and_refuses_writes, clean_server),
        cmocka_unit_test_setup(a_full_server_answers_and_refuses_writes, clean_server),
        cmocka_unit_test_setup(closing_answers_what_is_open, clean_server),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
