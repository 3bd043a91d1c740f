#include "dispatcher/credential.h"

#include "common/base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/dispatcher/fake_loop.h"
#include "tests/unit/dispatcher/fake_sender.h"
#include "tests/unit/dispatcher/service_account.h"
#include <cmocka.h>

#define TOKEN(name) "{\"access_token\":\"" name "\",\"token_type\":\"Bearer\",\"expires_in\":3600}"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

static const char token_uri[] = "https://oauth.example/token";

struct world {
    EVP_PKEY *private_key;
    char directory[64];
    char path[128];
    struct loop *loop;
    struct sender *sender;
    struct credentials *credentials;
    struct app app;
};

/* Whoever waits for a credential, and what it was told. */
struct asker {
    struct world *world;
    int calls;
    enum credential_result result;
    char authorization[64];
    char reason[64];
    struct asker *asks_then; /* asks for another within its call */
    bool forgets;
};

static void fetched(void *context, enum credential_result result, struct slice authorization,
                    const char *reason) {
    struct asker *asker = context;
    struct world *world = asker->world;

    asker->calls++;
    asker->result = result;
    snprintf(asker->authorization, sizeof asker->authorization, "%.*s", (int)authorization.size,
             authorization.size == 0 ? "" : authorization.data);
    snprintf(asker->reason, sizeof asker->reason, "%s", reason == NULL ? "" : reason);
    if (asker->forgets)
        credential_forget(world->credentials, &world->app, authorization);
    if (asker->asks_then != NULL)
        credential_fetch(world->credentials, &world->app, fetched, asker->asks_then);
}

static void ask(struct world *world, struct asker *asker) {
    asker->world = world;
    credential_fetch(world->credentials, &world->app, fetched, asker);
}

static void expect_ready(const struct asker *asker, const char *authorization) {
    assert_int_equal(asker->calls, 1);
    assert_int_equal(asker->result, CREDENTIAL_READY);
    assert_string_equal(asker->authorization, authorization);
    assert_string_equal(asker->reason, "");
}

static void expect_failure(const struct asker *asker, enum credential_result result,
                           const char *reason) {
    assert_int_equal(asker->calls, 1);
    assert_int_equal(asker->result, result);
    assert_string_equal(asker->authorization, "");
    assert_string_equal(asker->reason, reason);
}

static void expect_cached(struct world *world, const char *authorization) {
    struct slice seen = {0};

    assert_true(credential_cached(world->credentials, &world->app, &seen));
    assert_true(slice_is(seen, authorization));
}

static void expect_nothing_cached(struct world *world) {
    struct slice seen = {0};

    assert_false(credential_cached(world->credentials, &world->app, &seen));
}

static void write_text(const struct world *world, struct slice text) {
    char fresh[160];

    snprintf(fresh, sizeof fresh, "%s.new", world->path);
    FILE *file = fopen(fresh, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(fresh, world->path), 0);
}

static void write_key(const struct world *world, const char *uri) {
    struct buffer json = {0};

    service_account_write(world->private_key, uri, &json);
    write_text(world, buffer_slice(&json));
    buffer_free(&json);
}

static int build_world(void **state) {
    static EVP_PKEY *private_key;
    struct world *world = memory_new(sizeof *world);

    log_open("credential_test", LOG_LEVEL_ERROR);
    if (private_key == NULL)
        private_key = service_account_new_key();
    world->private_key = private_key;
    snprintf(world->directory, sizeof world->directory, "/tmp/credential_test.XXXXXX");
    if (mkdtemp(world->directory) == NULL)
        return -1;
    snprintf(world->path, sizeof world->path, "%s/key.json", world->directory);
    write_key(world, token_uri);
    world->loop = loop_new();
    world->sender = sender_open(world->loop, NULL, NULL);
    world->credentials = credentials_new(world->loop, world->sender);
    world->app = (struct app){
        .pattern = "im.example",
        .kind = PROVIDER_FCM,
        .ca_file = "/etc/ca.pem",
        .fcm.project_id = "example-project",
        .fcm.service_account_file = world->path,
    };
    *state = world;
    return 0;
}

static int raze_world(void **state) {
    struct world *world = *state;

    sender_close(world->sender);
    credentials_free(world->credentials);
    assert_null(world->loop->timers);
    loop_free(world->loop);
    unlink(world->path);
    rmdir(world->directory);
    free(world);
    return 0;
}

/* Fetches a token for those tests that begin with one. */
static void have_token(struct world *world) {
    struct asker asker = {0};

    ask(world, &asker);
    fake_sender_answer(world->sender, 200, TOKEN("first"));
    expect_ready(&asker, "Bearer first");
}

static void test_one_fetch_serves_all_who_ask(void **state) {
    struct world *world = *state;
    struct asker askers[50] = {0};

    expect_nothing_cached(world);
    for (size_t i = 0; i < 50; i++)
        ask(world, &askers[i]);
    assert_int_equal(world->sender->sent_count, 1);
    assert_string_equal(world->sender->url, token_uri);
    assert_string_equal(world->sender->content_type, "application/x-www-form-urlencoded");
    assert_string_equal(world->sender->ca_file, "/etc/ca.pem");
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
    expect_cached(world, "Bearer first");
    assert_int_equal(world->sender->sent_count, 2);
    assert_string_equal(world->sender->url, "https://elsewhere.example/token");
    fake_sender_answer(world->sender, 200, TOKEN("second"));
    expect_cached(world, "Bearer second");
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
    assert_int_equal(world->sender->sent_count, 2);
}

static void test_a_stale_token_is_forgotten_a_newer_one_is_not(void **state) {
    struct world *world = *state;
    struct asker asker = {0};

    have_token(world);
    credential_forget(world->credentials, &world->app, slice_of("Bearer older"));
    expect_cached(world, "Bearer first");
    credential_forget(world->credentials, &world->app, slice_of("Bearer first"));
    expect_nothing_cached(world);
    ask(world, &asker);
    fake_sender_answer(world->sender, 200, TOKEN("second"));
    expect_ready(&asker, "Bearer second");
    credential_forget(world->credentials, &world->app, slice_of("Bearer first"));
    expect_cached(world, "Bearer second");
}

static void test_forgotten_between_the_question_and_its_turn(void **state) {
    struct world *world = *state;
    struct asker asker = {0};

    have_token(world);
    ask(world, &asker);
    credential_forget(world->credentials, &world->app, slice_of("Bearer first"));
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

static void test_apps_of_one_account_share_its_token(void **state) {
    struct world *world = *state;
    struct app other = world->app;
    struct app elsewhere = world->app;
    struct slice seen = {0};

    have_token(world);
    other.pattern = "im.example.beta";
    assert_true(credential_cached(world->credentials, &other, &seen));
    assert_true(slice_is(seen, "Bearer first"));
    elsewhere.ca_file = NULL;
    assert_false(credential_cached(world->credentials, &elsewhere, &seen));
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

static void test_a_provider_without_credentials_needs_none(void **state) {
    struct world *world = *state;

    world->app.kind = PROVIDER_RETIRED;
    expect_cached(world, "");
    assert_int_equal(world->sender->sent_count, 0);
}

static void test_whoever_still_waits_is_not_called(void **state) {
    struct world *world = *state;
    struct asker askers[2] = {0};

    have_token(world);
    ask(world, &askers[0]);
    credential_forget(world->credentials, &world->app, slice_of("Bearer first"));
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
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, build_world, raze_world)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_one_fetch_serves_all_who_ask),
        WITH_WORLD(test_who_asks_for_what_is_there_is_told_in_a_later_turn),
        WITH_WORLD(test_refreshed_while_the_old_one_serves),
        WITH_WORLD(test_who_asks_during_a_refresh_gets_the_old_one),
        WITH_WORLD(test_a_token_serves_until_ten_seconds_are_left),
        WITH_WORLD(test_a_short_lived_token_is_not_fetched_over_and_over),
        WITH_WORLD(test_a_failed_refresh_leaves_the_old_one_and_is_tried_again_later),
        WITH_WORLD(test_a_failure_answers_those_who_ask_within_a_second),
        WITH_WORLD(test_what_the_endpoint_asks_for_is_heeded_up_to_a_minute),
        WITH_WORLD(test_an_endpoint_that_cannot_be_reached_is_no_configuration),
        WITH_WORLD(test_a_refused_key_is_an_operators_matter),
        WITH_WORLD(test_mending_the_file_heals),
        WITH_WORLD(test_a_key_that_was_refused_is_read_again),
        WITH_WORLD(test_a_replaced_key_is_used_soon),
        WITH_WORLD(test_a_file_broken_in_passing_does_not_take_the_token),
        WITH_WORLD(test_a_stale_token_is_forgotten_a_newer_one_is_not),
        WITH_WORLD(test_forgotten_between_the_question_and_its_turn),
        WITH_WORLD(test_an_asker_may_forget_and_ask_again_while_it_is_told),
        WITH_WORLD(test_an_asker_may_ask_again_when_told_of_a_failure),
        WITH_WORLD(test_apps_of_one_account_share_its_token),
        WITH_WORLD(test_an_app_without_an_account_is_broken),
        WITH_WORLD(test_a_provider_without_credentials_needs_none),
        WITH_WORLD(test_whoever_still_waits_is_not_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
