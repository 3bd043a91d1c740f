/* VAPID: tokens for each audience, and for how many of them. */
#include "dispatcher/credential_kinds.h"
#include "tests/unit/dispatcher/credential_signed.h"

static const struct slice origin = {"https://push.example", sizeof "https://push.example" - 1};

static int build_webpush(void **state) {
    const int failed = build_world(state);
    struct world *world = *state;

    world->app = (struct app){
        .pattern = "im.example.web",
        .kind = PROVIDER_WEBPUSH,
        .webpush.vapid_key_file = world->path,
        .webpush.vapid_contact_email = "push@example.org",
    };
    write_text(world, slice_of(first_key));
    return failed;
}

#define WITH_WEBPUSH(test) cmocka_unit_test_setup_teardown(test, build_webpush, raze_world)

static void test_vapid_is_made_out_to_each_audience(void **state) {
    struct world *world = *state;
    char *here = cached(world, origin);
    char *there = cached(world, slice_of("https://other.example:8443"));

    assert_memory_equal(here, "vapid t=", 8);
    assert_true(claims_contain(here, "\"aud\":\"https://push.example\""));
    assert_true(claims_contain(here, "\"exp\":1700043200"));
    assert_true(claims_contain(there, "\"aud\":\"https://other.example:8443\""));
    expect_same(world, origin, here);
    forget(world, slice_of("https://other.example:8443"), here);
    expect_same(world, slice_of("https://other.example:8443"), there);
    forget(world, origin, here);
    free(expect_other(world, origin, here));
    expect_same(world, slice_of("https://other.example:8443"), there);
    free(here);
    free(there);
}

static void test_vapid_is_renewed_well_before_its_end(void **state) {
    struct world *world = *state;
    char *first = cached(world, origin);

    fake_loop_run(world->loop, 6 * HOUR_MS - 1);
    expect_same(world, origin, first);
    fake_loop_run(world->loop, 1);
    char *second = expect_other(world, origin, first);
    assert_true(claims_contain(second, "\"exp\":1700064800"));
    free(first);
    free(second);
}

static void test_vapid_of_a_replaced_key_is_not_used(void **state) {
    struct world *world = *state;
    char *here = cached(world, origin);
    char *there = cached(world, slice_of("https://other.example"));

    expect_same(world, origin, here);
    write_text(world, slice_of(second_key));
    fake_loop_run(world->loop, 10000);
    free(expect_other(world, origin, here));
    free(expect_other(world, slice_of("https://other.example"), there));
    free(here);
    free(there);
}

static void test_vapid_for_strangers_hosts_is_bounded(void **state) {
    struct world *world = *state;
    char *first = cached(world, origin);
    char *kept = cached(world, slice_of("https://kept.example"));
    char audience[64];

    for (int i = 0; i < CREDENTIAL_AUDIENCES_MAX - 1; i++) {
        snprintf(audience, sizeof audience, "https://%d.example", i);
        free(cached(world, slice_of(audience)));
        expect_same(world, slice_of("https://kept.example"), kept);
    }
    free(expect_other(world, origin, first));
    free(first);
    free(kept);
}

/* Whoever waits is told of its own audience. */
static void test_vapid_waiters_have_audiences_of_their_own(void **state) {
    struct world *world = *state;
    struct asker askers[2] = {{.world = world}, {.world = world}};

    unlink(world->path);
    credential_fetch(world->credentials, &world->app, origin, fetched, &askers[0]);
    write_text(world, slice_of(first_key));
    fake_loop_run(world->loop, 0);
    expect_failure(&askers[0], CREDENTIAL_BROKEN, "key_file");
    fake_loop_run(world->loop, 1000);
    askers[0] = (struct asker){.world = world};
    credential_fetch(world->credentials, &world->app, origin, fetched, &askers[0]);
    credential_fetch(world->credentials, &world->app, slice_of("https://other.example"), fetched,
                     &askers[1]);
    fake_loop_run(world->loop, 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(askers[i].calls, 1);
        assert_int_equal(askers[i].result, CREDENTIAL_READY);
    }
    expect_same(world, origin, askers[0].authorization);
    expect_same(world, slice_of("https://other.example"), askers[1].authorization);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_WEBPUSH(test_vapid_is_made_out_to_each_audience),
        WITH_WEBPUSH(test_vapid_is_renewed_well_before_its_end),
        WITH_WEBPUSH(test_vapid_of_a_replaced_key_is_not_used),
        WITH_WEBPUSH(test_vapid_for_strangers_hosts_is_bounded),
        WITH_WEBPUSH(test_vapid_waiters_have_audiences_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
