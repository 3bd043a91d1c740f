#include "tests/unit/dispatcher/credential_fixture.h"

static void test_one_fetch_serves_all_who_ask(void **state) {
    struct world *world = *state;
    struct asker askers[50] = {0};

    expect_nothing_cached(world);
    for (size_t i = 0; i < 50; i++)
        ask(world, &askers[i]);
    assert_int_equal(world->sender->sent_count, 1);
    assert_string_equal(world->sender->url, token_uri);
    assert_string_equal(world->sender->content_type, "application/x-www-form-urlencoded");
    assert_string_equal(world->sender->route.ca_file, "/etc/ca.pem");
    assert_true(world->sender->fresh);
    assert_non_null(strstr(world->sender->body, "grant_type="));
    fake_loop_run(world->loop, MINUTE_MS);
    assert_int_equal(askers[0].calls, 0);
    fake_sender_answer(world->sender, 200, TOKEN("first"));
    for (size_t i = 0; i < 50; i++)
        expect_ready(&askers[i], "Bearer first");
    expect_cached(world, "Bearer first");
    assert_int_equal(world->sender->sent_count, 1);
}

static void test_who_asks_for_what_is_there_is_told_in_a_later_turn(void **state) {
    struct world *world = *state;
    struct asker asker = {0};

    have_token(world);
    ask(world, &asker);
    assert_int_equal(asker.calls, 0);
    fake_loop_run(world->loop, 0);
    expect_ready(&asker, "Bearer first");
    assert_int_equal(world->sender->sent_count, 1);
}

static void test_refreshed_while_the_old_one_serves(void **state) {
    struct world *world = *state;

    have_token(world);
    fake_loop_run(world->loop, HOUR_MS - 5 * MINUTE_MS - 1);
    expect_cached(world, "Bearer first");
    assert_int_equal(world->sender->sent_count, 1);
    fake_loop_run(world->loop, 1);
    expect_cached(world, "Bearer first");
    expect_cached(world, "Bearer first");
    assert_int_equal(world->sender->sent_count, 2);
    fake_sender_answer(world->sender, 200, TOKEN("second"));
    expect_cached(world, "Bearer second");
}

static void test_who_asks_during_a_refresh_gets_the_old_one(void **state) {
    struct world *world = *state;
    struct asker asker = {0};

    have_token(world);
    fake_loop_run(world->loop, HOUR_MS - MINUTE_MS);
    expect_cached(world, "Bearer first");
    assert_true(world->sender->is_waiting);
    ask(world, &asker);
    fake_loop_run(world->loop, 0);
    expect_ready(&asker, "Bearer first");
}

static void test_a_token_serves_until_ten_seconds_are_left(void **state) {
    struct world *world = *state;
    struct asker asker = {0};

    have_token(world);
    fake_loop_run(world->loop, HOUR_MS - 10000);
    expect_cached(world, "Bearer first");
    fake_loop_run(world->loop, 1);
    expect_nothing_cached(world);
    /* The refresh that was begun ahead is the fetch that now everybody waits for. */
    ask(world, &asker);
    fake_loop_run(world->loop, 1000);
    assert_int_equal(asker.calls, 0);
    assert_int_equal(world->sender->sent_count, 2);
    fake_sender_answer(world->sender, 200, TOKEN("second"));
    expect_ready(&asker, "Bearer second");
}

static void test_a_short_lived_token_is_not_fetched_over_and_over(void **state) {
    struct world *world = *state;
    struct asker asker = {0};

    ask(world, &asker);
    fake_sender_answer(world->sender, 200, "{\"access_token\":\"short\",\"expires_in\":60}");
    fake_loop_run(world->loop, 29999);
    expect_cached(world, "Bearer short");
    assert_int_equal(world->sender->sent_count, 1);
    fake_loop_run(world->loop, 1);
    expect_cached(world, "Bearer short");
    assert_int_equal(world->sender->sent_count, 2);
}

static void test_a_stale_token_is_forgotten_a_newer_one_is_not(void **state) {
    struct world *world = *state;
    struct asker asker = {0};

    have_token(world);
    credential_forget(world->credentials, &world->app, no_audience, slice_of("Bearer older"));
    expect_cached(world, "Bearer first");
    credential_forget(world->credentials, &world->app, no_audience, slice_of("Bearer first"));
    expect_nothing_cached(world);
    ask(world, &asker);
    fake_sender_answer(world->sender, 200, TOKEN("second"));
    expect_ready(&asker, "Bearer second");
    credential_forget(world->credentials, &world->app, no_audience, slice_of("Bearer first"));
    expect_cached(world, "Bearer second");
}

static void test_forgotten_between_the_question_and_its_turn(void **state) {
    struct world *world = *state;
    struct asker asker = {0};

    have_token(world);
    ask(world, &asker);
    credential_forget(world->credentials, &world->app, no_audience, slice_of("Bearer first"));
    fake_loop_run(world->loop, 0);
    assert_int_equal(asker.calls, 0);
    fake_sender_answer(world->sender, 200, TOKEN("second"));
    expect_ready(&asker, "Bearer second");
}

static void test_an_asker_may_forget_and_ask_again_while_it_is_told(void **state) {
    struct world *world = *state;
    struct asker later = {.world = world};
    struct asker first = {.forgets = true, .asks_then = &later};
    struct asker second = {0};

    ask(world, &first);
    ask(world, &second);
    fake_sender_answer(world->sender, 200, TOKEN("first"));
    expect_ready(&first, "Bearer first");
    expect_ready(&second, "Bearer first");
    assert_int_equal(later.calls, 0);
    fake_sender_answer(world->sender, 200, TOKEN("second"));
    expect_ready(&later, "Bearer second");
}

static void test_apps_of_one_account_share_its_token(void **state) {
    struct world *world = *state;
    struct app other = world->app;
    struct app elsewhere = world->app;
    struct credential seen;

    have_token(world);
    other.pattern = "im.example.beta";
    assert_true(credential_cached(world->credentials, &other, no_audience, &seen));
    assert_true(slice_is(seen.authorization, "Bearer first"));
    elsewhere.route.ca_file = NULL;
    assert_false(credential_cached(world->credentials, &elsewhere, no_audience, &seen));
}

static void test_a_provider_without_credentials_needs_none(void **state) {
    struct world *world = *state;

    world->app.kind = PROVIDER_RETIRED;
    expect_cached(world, "");
    assert_int_equal(world->sender->sent_count, 0);
}

static void test_what_no_app_needs_is_let_go(void **state) {
    struct world *world = *state;
    struct app other = world->app;
    struct asker asker = {0};

    have_token(world);
    credentials_keep(world->credentials, &(struct apps){.list = &world->app, .count = 1});
    expect_cached(world, "Bearer first");
    other.route.ca_file = NULL;
    credentials_keep(world->credentials, &(struct apps){.list = &other, .count = 1});
    expect_nothing_cached(world);

    /* Who waits is answered first. */
    ask(world, &asker);
    credentials_keep(world->credentials, &(struct apps){0});
    fake_sender_answer(world->sender, 200, TOKEN("second"));
    expect_ready(&asker, "Bearer second");
    credentials_keep(world->credentials, &(struct apps){0});
    expect_nothing_cached(world);
}

static void test_whoever_still_waits_is_not_called(void **state) {
    struct world *world = *state;
    struct asker askers[2] = {0};

    have_token(world);
    ask(world, &askers[0]);
    credential_forget(world->credentials, &world->app, no_audience, slice_of("Bearer first"));
    ask(world, &askers[1]);
    assert_true(world->sender->is_waiting);
    sender_close(world->sender);
    credentials_free(world->credentials);
    world->sender = NULL;
    world->credentials = NULL;
    fake_loop_run(world->loop, HOUR_MS);
    assert_int_equal(askers[0].calls + askers[1].calls, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_one_fetch_serves_all_who_ask),
        WITH_WORLD(test_who_asks_for_what_is_there_is_told_in_a_later_turn),
        WITH_WORLD(test_refreshed_while_the_old_one_serves),
        WITH_WORLD(test_who_asks_during_a_refresh_gets_the_old_one),
        WITH_WORLD(test_a_token_serves_until_ten_seconds_are_left),
        WITH_WORLD(test_a_short_lived_token_is_not_fetched_over_and_over),
        WITH_WORLD(test_a_stale_token_is_forgotten_a_newer_one_is_not),
        WITH_WORLD(test_forgotten_between_the_question_and_its_turn),
        WITH_WORLD(test_an_asker_may_forget_and_ask_again_while_it_is_told),
        WITH_WORLD(test_apps_of_one_account_share_its_token),
        WITH_WORLD(test_a_provider_without_credentials_needs_none),
        WITH_WORLD(test_what_no_app_needs_is_let_go),
        WITH_WORLD(test_whoever_still_waits_is_not_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
