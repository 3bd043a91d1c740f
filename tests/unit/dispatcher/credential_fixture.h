/* A world for credentials: a key file, a clock, a token endpoint that a test answers for, and those
 * who ask. */
#ifndef COLUMBA_TESTS_CREDENTIAL_FIXTURE_H
#define COLUMBA_TESTS_CREDENTIAL_FIXTURE_H

#include "common/base/log.h"
#include "dispatcher/credential.h"

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
static const struct slice no_audience = {0};

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
    char authorization[512];
    char reason[64];
    struct asker *asks_then; /* asks for another within its call */
    bool forgets;
    bool is_of_old_key; /* what it was told of */
};

static inline void fetched(void *context, enum credential_result result,
                           const struct credential *credential, const char *reason) {
    struct asker *asker = context;
    struct world *world = asker->world;
    struct slice authorization = credential->authorization;

    asker->calls++;
    asker->result = result;
    asker->is_of_old_key = credential->is_of_old_key;
    snprintf(asker->authorization, sizeof asker->authorization, "%.*s", (int)authorization.size,
             authorization.size == 0 ? "" : authorization.data);
    snprintf(asker->reason, sizeof asker->reason, "%s", reason == NULL ? "" : reason);
    if (asker->forgets)
        credential_forget(world->credentials, &world->app, no_audience, authorization);
    if (asker->asks_then != NULL)
        credential_fetch(world->credentials, &world->app, no_audience, fetched, asker->asks_then);
}

static inline void ask(struct world *world, struct asker *asker) {
    asker->world = world;
    credential_fetch(world->credentials, &world->app, no_audience, fetched, asker);
}

static inline void expect_ready(const struct asker *asker, const char *authorization) {
    assert_int_equal(asker->calls, 1);
    assert_int_equal(asker->result, CREDENTIAL_READY);
    assert_string_equal(asker->authorization, authorization);
    assert_string_equal(asker->reason, "");
}

static inline void expect_failure(const struct asker *asker, enum credential_result result,
                                  const char *reason) {
    assert_int_equal(asker->calls, 1);
    assert_int_equal(asker->result, result);
    assert_string_equal(asker->authorization, "");
    assert_string_equal(asker->reason, reason);
}

static inline void expect_cached(struct world *world, const char *authorization) {
    struct credential seen;

    assert_true(credential_cached(world->credentials, &world->app, no_audience, &seen));
    assert_true(slice_is(seen.authorization, authorization));
    assert_false(seen.is_of_old_key);
}

static inline void expect_of_old_key(struct world *world, const char *authorization) {
    struct credential seen;

    assert_true(credential_cached(world->credentials, &world->app, no_audience, &seen));
    assert_true(slice_is(seen.authorization, authorization));
    assert_true(seen.is_of_old_key);
}

static inline void expect_nothing_cached(struct world *world) {
    struct credential seen;

    assert_false(credential_cached(world->credentials, &world->app, no_audience, &seen));
}

static inline void write_text(const struct world *world, struct slice text) {
    char fresh[160];

    snprintf(fresh, sizeof fresh, "%s.new", world->path);
    FILE *file = fopen(fresh, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(fresh, world->path), 0);
}

static inline void write_key(const struct world *world, const char *uri) {
    struct buffer json = {0};

    service_account_write(world->private_key, uri, &json);
    write_text(world, buffer_slice(&json));
    buffer_free(&json);
}

static inline int build_world(void **state) {
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
        .route.ca_file = "/etc/ca.pem",
        .fcm.project_id = "example-project",
        .fcm.service_account_file = world->path,
    };
    *state = world;
    return 0;
}

static inline int raze_world(void **state) {
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
static inline void have_token(struct world *world) {
    struct asker asker = {0};

    ask(world, &asker);
    fake_sender_answer(world->sender, 200, TOKEN("first"));
    expect_ready(&asker, "Bearer first");
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, build_world, raze_world)

#endif
