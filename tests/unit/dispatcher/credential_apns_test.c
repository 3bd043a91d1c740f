/* Provider tokens of APNs: how old they become, and how often they are signed. */
#include "tests/unit/dispatcher/credential_signed.h"

static int build_apns(void **state) {
    const int failed = build_world(state);
    struct world *world = *state;

    world->app = (struct app){
        .pattern = "im.example.ios",
        .kind = PROVIDER_APNS,
        .apns.key_file = world->path,
        .apns.key_id = "ABC123DEFG",
        .apns.team_id = "DEF123GHIJ",
    };
    write_text(world, slice_of(first_key));
    return failed;
}

#define WITH_APNS(test) cmocka_unit_test_setup_teardown(test, build_apns, raze_world)

static void test_apns_is_signed_at_once_and_by_nobody_else(void **state) {
    struct world *world = *state;
    char *first = cached(world, no_audience);

    assert_memory_equal(first, "bearer ", 7);
    assert_true(claims_contain(first, "\"iss\":\"DEF123GHIJ\""));
    assert_true(claims_contain(first, "\"iat\":1700000000"));
    assert_int_equal(world->sender->sent_count, 0);
    free(first);
}

static void test_apns_is_renewed_every_fifty_minutes(void **state) {
    struct world *world = *state;
    char *first = cached(world, no_audience);

    fake_loop_run(world->loop, 50 * MINUTE_MS - 1);
    expect_same(world, no_audience, first);
    fake_loop_run(world->loop, 1);
    char *second = expect_other(world, no_audience, first);
    assert_true(claims_contain(second, "\"iat\":1700003000"));
    /* However seldom it is asked for, none that is older than an hour is handed out. */
    fake_loop_run(world->loop, 3 * HOUR_MS);
    char *third = expect_other(world, no_audience, second);
    assert_true(claims_contain(third, "\"iat\":1700013800"));
    free(first);
    free(second);
    free(third);
}

static void test_apns_is_made_out_by_the_brokers_clock_where_ours_is_wrong(void **state) {
    struct world *world = *state;
    char *first = cached(world, no_audience);

    credentials_set_clock_lead(world->credentials, MINUTE_MS / 2 - 1);
    expect_same(world, no_audience, first);
    credentials_set_clock_lead(world->credentials, HOUR_MS);
    char *second = expect_other(world, no_audience, first);
    assert_true(claims_contain(second, "\"iat\":1699996400"));
    credentials_set_clock_lead(world->credentials, HOUR_MS + MINUTE_MS / 3);
    expect_same(world, no_audience, second);
    credentials_set_clock_lead(world->credentials, 0);
    char *third = expect_other(world, no_audience, second);
    assert_true(claims_contain(third, "\"iat\":1700000000"));
    free(first);
    free(second);
    free(third);
}

static void test_apns_is_not_signed_twice_within_twenty_minutes(void **state) {
    struct world *world = *state;
    char *first = cached(world, no_audience);

    for (int i = 0; i < 20; i++) {
        forget(world, no_audience, first);
        expect_same(world, no_audience, first);
        fake_loop_run(world->loop, MINUTE_MS - 1);
    }
    fake_loop_run(world->loop, 20);
    forget(world, no_audience, "bearer another");
    expect_same(world, no_audience, first);
    forget(world, no_audience, first);
    char *second = expect_other(world, no_audience, first);
    assert_true(claims_contain(second, "\"iat\":1700001200"));
    forget(world, no_audience, second);
    expect_same(world, no_audience, second);
    free(first);
    free(second);
}

/* Kubernetes makes every file of a volume anew when one of them changes. */
static void test_apns_the_same_key_in_another_file_is_no_news(void **state) {
    struct world *world = *state;
    char *first = cached(world, no_audience);

    fake_loop_run(world->loop, 10000);
    expect_same(world, no_audience, first);
    write_text(world, slice_of(first_key));
    fake_loop_run(world->loop, 10000);
    expect_same(world, no_audience, first);
    unlink(world->path);
    fake_loop_run(world->loop, 10000);
    expect_same(world, no_audience, first);
    write_text(world, slice_of(second_key));
    fake_loop_run(world->loop, 10000);
    free(expect_other(world, no_audience, first));
    free(first);
}

static void test_apns_is_renewed_with_the_old_key_while_the_new_one_is_broken(void **state) {
    struct world *world = *state;
    char *first = cached(world, no_audience);

    write_text(world, slice_of("-----BEGIN PRIV"));
    fake_loop_run(world->loop, 55 * MINUTE_MS);
    free(expect_other(world, no_audience, first));
    free(first);
}

static void test_apns_with_a_certificate_needs_no_token(void **state) {
    struct world *world = *state;

    world->app.apns.key_file = NULL;
    expect_cached(world, "");
}

static void test_what_cannot_be_signed_is_an_operators_matter(void **state) {
    static const char *const broken[] = {"", "no key", "-----BEGIN PRIVATE KEY-----"};
    struct world *world = *state;
    struct asker askers[5] = {0};

    for (size_t i = 0; i < 3; i++) {
        write_text(world, slice_of(broken[i]));
        expect_nothing_cached(world);
        ask(world, &askers[i]);
        assert_int_equal(askers[i].calls, 0);
        fake_loop_run(world->loop, 0);
        expect_failure(&askers[i], CREDENTIAL_BROKEN, "key_file");
        fake_loop_run(world->loop, 1000);
    }
    write_text(world, slice_of(first_key));
    free(cached(world, no_audience));
    ask(world, &askers[3]);
    fake_loop_run(world->loop, 0);
    assert_int_equal(askers[3].result, CREDENTIAL_READY);
    world->app.apns.key_id = NULL;
    expect_nothing_cached(world);
    ask(world, &askers[4]);
    fake_loop_run(world->loop, 0);
    expect_failure(&askers[4], CREDENTIAL_BROKEN, "not_configured");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_APNS(test_apns_is_signed_at_once_and_by_nobody_else),
        WITH_APNS(test_apns_is_renewed_every_fifty_minutes),
        WITH_APNS(test_apns_is_made_out_by_the_brokers_clock_where_ours_is_wrong),
        WITH_APNS(test_apns_is_not_signed_twice_within_twenty_minutes),
        WITH_APNS(test_apns_the_same_key_in_another_file_is_no_news),
        WITH_APNS(test_apns_is_renewed_with_the_old_key_while_the_new_one_is_broken),
        WITH_APNS(test_apns_with_a_certificate_needs_no_token),
        WITH_APNS(test_what_cannot_be_signed_is_an_operators_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
