#include "tests/unit/dispatcher/credential_fixture.h"

static void test_a_failed_refresh_leaves_the_old_one_and_is_tried_again_later(void **state) {
    struct world *world = *state;

    have_token(world);
    fake_loop_run(world->loop, HOUR_MS - 5 * MINUTE_MS);
    expect_cached(world, "Bearer first");
    fake_sender_answer(world->sender, 503, "");
    fake_loop_run(world->loop, 29999);
    expect_cached(world, "Bearer first");
    assert_int_equal(world->sender->sent_count, 2);
    fake_loop_run(world->loop, 1);
    expect_cached(world, "Bearer first");
    assert_int_equal(world->sender->sent_count, 3);
    fake_sender_answer(world->sender, 200, TOKEN("second"));
    expect_cached(world, "Bearer second");
}

static void test_a_failure_answers_those_who_ask_within_a_second(void **state) {
    struct world *world = *state;
    struct asker askers[4] = {0};

    ask(world, &askers[0]);
    fake_sender_answer(world->sender, 503, "<html>");
    expect_failure(&askers[0], CREDENTIAL_LATER, "http_503");
    ask(world, &askers[1]);
    assert_int_equal(askers[1].calls, 0);
    fake_loop_run(world->loop, 999);
    expect_failure(&askers[1], CREDENTIAL_LATER, "http_503");
    ask(world, &askers[2]);
    fake_loop_run(world->loop, 1);
    expect_failure(&askers[2], CREDENTIAL_LATER, "http_503");
    assert_int_equal(world->sender->sent_count, 1);
    ask(world, &askers[3]);
    assert_int_equal(world->sender->sent_count, 2);
    fake_sender_answer(world->sender, 200, TOKEN("first"));
    expect_ready(&askers[3], "Bearer first");
}

static void test_what_the_endpoint_asks_for_is_heeded_up_to_a_minute(void **state) {
    static const struct {
        const char *header;
        int64_t pause_ms;
    } cases[] = {{"5", 5000}, {"0", 1000}, {"86400", 60000}};
    struct world *world = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct sender_outcome busy = {
            .result = SENDER_ANSWERED,
            .response = {.status = 429, .retry_after = slice_of(cases[i].header)},
        };
        const size_t sent_count = world->sender->sent_count;
        struct asker askers[3] = {0};
        ask(world, &askers[0]);
        fake_sender_finish(world->sender, &busy);
        expect_failure(&askers[0], CREDENTIAL_LATER, "http_429");
        fake_loop_run(world->loop, cases[i].pause_ms - 1);
        ask(world, &askers[1]);
        fake_loop_run(world->loop, 0);
        expect_failure(&askers[1], CREDENTIAL_LATER, "http_429");
        fake_loop_run(world->loop, 1);
        assert_int_equal(world->sender->sent_count, sent_count + 1);
        ask(world, &askers[2]);
        assert_int_equal(world->sender->sent_count, sent_count + 2);
        fake_sender_answer(world->sender, 500, "");
        fake_loop_run(world->loop, MINUTE_MS);
    }
}

static void test_an_endpoint_that_cannot_be_reached_is_no_configuration(void **state) {
    static const enum sender_result results[] = {SENDER_UNSENT, SENDER_UNREACHED, SENDER_LOST};
    struct world *world = *state;

    for (size_t i = 0; i < 3; i++) {
        const struct sender_outcome outcome = {
            .result = results[i], .reason = "timeout", .detail = "it took too long"};
        struct asker asker = {0};
        ask(world, &asker);
        fake_sender_finish(world->sender, &outcome);
        expect_failure(&asker, CREDENTIAL_LATER, "timeout");
        fake_loop_run(world->loop, 1000);
    }
}

static void test_a_refused_key_is_an_operators_matter(void **state) {
    struct world *world = *state;
    struct asker asker = {0};

    ask(world, &asker);
    fake_sender_answer(world->sender, 400, "{\"error\":\"invalid_grant\"}");
    expect_failure(&asker, CREDENTIAL_BROKEN, "invalid_grant");
}

static void test_mending_the_file_heals(void **state) {
    static const char *const broken[] = {"", "{}",
                                         "{\"client_email\":\"a@b\",\"private_key\":\"x\"}"};
    struct world *world = *state;
    struct asker healed = {0};

    unlink(world->path);
    for (size_t i = 0; i < 4; i++) {
        struct asker asker = {0};
        if (i > 0)
            write_text(world, slice_of(broken[i - 1]));
        ask(world, &asker);
        assert_int_equal(asker.calls, 0);
        fake_loop_run(world->loop, 0);
        expect_failure(&asker, CREDENTIAL_BROKEN, "key_file");
        fake_loop_run(world->loop, 1000);
    }
    assert_int_equal(world->sender->sent_count, 0);
    write_key(world, "https://elsewhere.example/token");
    ask(world, &healed);
    assert_string_equal(world->sender->url, "https://elsewhere.example/token");
    fake_sender_answer(world->sender, 200, TOKEN("first"));
    expect_ready(&healed, "Bearer first");
}

static void test_a_key_that_was_refused_is_read_again(void **state) {
    struct world *world = *state;
    struct asker askers[2] = {0};

    ask(world, &askers[0]);
    fake_sender_answer(world->sender, 401, "");
    write_key(world, "https://elsewhere.example/token");
    fake_loop_run(world->loop, 1000);
    ask(world, &askers[1]);
    assert_string_equal(world->sender->url, "https://elsewhere.example/token");
}

/* A token of the old key may lack a permission for an hour: the new key must not wait for that. */
static void test_a_replaced_key_is_used_soon(void **state) {
    struct world *world = *state;

    have_token(world);
    expect_cached(world, "Bearer first");
    write_key(world, "https://elsewhere.example/token");
    fake_loop_run(world->loop, 10000);
    expect_of_old_key(world, "Bearer first");
    assert_int_equal(world->sender->sent_count, 2);
    assert_string_equal(world->sender->url, "https://elsewhere.example/token");
    fake_sender_answer(world->sender, 200, TOKEN("second"));
    expect_cached(world, "Bearer second");
}

/* It may serve for an hour, and what it earns must not be spent on what the new key is told. */
static void test_a_token_of_a_replaced_key_is_known_for_one_as_long_as_it_serves(void **state) {
    struct world *world = *state;
    struct asker asker = {0};

    have_token(world);
    write_key(world, "https://elsewhere.example/token");
    fake_loop_run(world->loop, 10000);
    for (size_t i = 0; i < 20; i++) {
        expect_of_old_key(world, "Bearer first");
        ask(world, &asker);
        fake_loop_run(world->loop, 0);
        assert_true(asker.is_of_old_key);
        asker = (struct asker){0};
        fake_sender_answer(world->sender, 503, "");
        fake_loop_run(world->loop, 30000);
    }
}

static void test_a_file_broken_in_passing_does_not_take_the_token(void **state) {
    struct world *world = *state;

    have_token(world);
    write_text(world, slice_of("half a f"));
    for (size_t i = 0; i < 10; i++) {
        fake_loop_run(world->loop, 10000);
        expect_cached(world, "Bearer first");
    }
    assert_int_equal(world->sender->sent_count, 1);
    write_key(world, token_uri);
    fake_loop_run(world->loop, 30000);
    expect_cached(world, "Bearer first");
    assert_int_equal(world->sender->sent_count, 1);
    write_key(world, "https://elsewhere.example/token");
    fake_loop_run(world->loop, 30000);
    expect_of_old_key(world, "Bearer first");
    assert_int_equal(world->sender->sent_count, 2);
}

static void test_an_asker_may_ask_again_when_told_of_a_failure(void **state) {
    struct world *world = *state;
    struct asker later = {.world = world};
    struct asker first = {.asks_then = &later};

    ask(world, &first);
    fake_sender_answer(world->sender, 500, "");
    expect_failure(&first, CREDENTIAL_LATER, "http_500");
    assert_int_equal(later.calls, 0);
    fake_loop_run(world->loop, 0);
    expect_failure(&later, CREDENTIAL_LATER, "http_500");
}

static void test_an_app_without_an_account_is_broken(void **state) {
    struct world *world = *state;
    struct asker askers[2] = {0};

    world->app.fcm.project_id = NULL;
    expect_nothing_cached(world);
    ask(world, &askers[0]);
    fake_loop_run(world->loop, 0);
    expect_failure(&askers[0], CREDENTIAL_BROKEN, "not_configured");
    world->app.fcm.project_id = "example-project";
    world->app.fcm.service_account_file = NULL;
    ask(world, &askers[1]);
    fake_loop_run(world->loop, 0);
    expect_failure(&askers[1], CREDENTIAL_BROKEN, "not_configured");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_a_failed_refresh_leaves_the_old_one_and_is_tried_again_later),
        WITH_WORLD(test_a_failure_answers_those_who_ask_within_a_second),
        WITH_WORLD(test_what_the_endpoint_asks_for_is_heeded_up_to_a_minute),
        WITH_WORLD(test_an_endpoint_that_cannot_be_reached_is_no_configuration),
        WITH_WORLD(test_a_refused_key_is_an_operators_matter),
        WITH_WORLD(test_mending_the_file_heals),
        WITH_WORLD(test_a_key_that_was_refused_is_read_again),
        WITH_WORLD(test_a_replaced_key_is_used_soon),
        WITH_WORLD(test_a_token_of_a_replaced_key_is_known_for_one_as_long_as_it_serves),
        WITH_WORLD(test_a_file_broken_in_passing_does_not_take_the_token),
        WITH_WORLD(test_an_asker_may_ask_again_when_told_of_a_failure),
        WITH_WORLD(test_an_app_without_an_account_is_broken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
