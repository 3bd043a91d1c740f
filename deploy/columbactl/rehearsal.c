#include "deploy/columbactl/rehearsal.h"

#include "common/base/memory.h"
#include "dispatcher/providers/provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 4096 };

/* Any origin of a push service will do to sign for. */
static const char any_audience[] = "https://updates.push.services.mozilla.com";

struct rehearsal {
    struct loop *loop;
    struct timer *patience;
    struct sender *sender;
    struct credentials *credentials;
    size_t awaited_count;
};

/* What a call back is for. */
struct errand {
    struct rehearsal *rehearsal;
    struct rehearsal_app *at;
};

static void end_errand(struct errand *errand) {
    if (--errand->rehearsal->awaited_count == 0)
        loop_stop(errand->rehearsal->loop);
}

static void on_patience(void *context) {
    struct rehearsal *rehearsal = context;

    loop_stop(rehearsal->loop);
}

/* ---- Credentials ---- */

static void on_credential(void *context, enum credential_result result,
                          const struct credential *credential, const char *reason) {
    struct errand *errand = context;

    (void)credential;
    errand->at->has_answer = true;
    errand->at->credential = result;
    snprintf(errand->at->credential_reason, sizeof errand->at->credential_reason, "%s",
             reason == NULL ? "" : reason);
    end_errand(errand);
}

static void ask_credential(struct errand *errand) {
    const struct app *app = errand->at->app;
    const struct provider *provider = provider_for(app->kind);
    struct slice audience = provider->audience == NULL ? (struct slice){0} : slice_of(any_audience);
    struct credential credential;

    if (credential_cached(errand->rehearsal->credentials, app, audience, &credential)) {
        errand->at->needs_credential = credential.authorization.size > 0;
        errand->at->has_answer = true;
        errand->at->credential = CREDENTIAL_READY;
        return;
    }
    errand->at->needs_credential = true;
    errand->rehearsal->awaited_count++;
    credential_fetch(errand->rehearsal->credentials, app, audience, on_credential, errand);
}

/* ---- Reaching ---- */

/* Some pushkey of the right form, for providers whose URL has it; of those whose pushkeys are URLs
 * there is no host to reach. */
static const char *pushkey_for(const struct app *app) {
    if (app->kind == PROVIDER_APNS && app->apns.converts_token)
        return "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    if (app->kind == PROVIDER_APNS)
        return "0000000000000000000000000000000000000000000000000000000000000000";
    return app->kind == PROVIDER_FCM || app->kind == PROVIDER_HMS ? "columbactl-check" : NULL;
}

static void copy_origin(const char *url, char out[REHEARSAL_ORIGIN_SIZE]) {
    const char *host = strstr(url, "://");
    size_t length = host == NULL ? 0 : (size_t)(host + 3 - url) + strcspn(host + 3, "/?#");

    snprintf(out, REHEARSAL_ORIGIN_SIZE, "%.*s", (int)length, url);
}

/* Where the provider's own encoding would send such a push. */
static void find_origin(struct rehearsal_app *at, int64_t now_ms) {
    static const unsigned char random[ENCODE_RANDOM_BYTES];
    const char *pushkey = pushkey_for(at->app);
    struct notification *notification = NULL;
    struct encode_output output = {0};
    struct buffer body = {0};
    struct arena *arena;

    if (pushkey == NULL)
        return;
    arena = arena_new(ARENA_BYTES);
    buffer_append_format(&body,
                         "{\"notification\":{\"event_id\":\"$check\",\"room_id\":\"!check\","
                         "\"devices\":[{\"app_id\":\"check\",\"pushkey\":\"%s\"}]}}",
                         pushkey);
    if (notification_parse(buffer_slice(&body), 1, &notification, NULL) == NOTIFICATION_OK) {
        const struct encode_input input = {.app = at->app,
                                           .notification = notification,
                                           .device = &notification->devices[0],
                                           .authorization = slice_of("Bearer check"),
                                           .record_id = "00000000-0000-4000-8000-000000000000",
                                           .now_ms = now_ms,
                                           .random = random};
        if (provider_for(at->app->kind)->encode(&input, arena, &output) == ENCODE_SEND)
            copy_origin(output.request.url, at->origin);
        notification_free(notification);
    }
    buffer_free(&body);
    arena_free(arena);
}

static void on_answer(void *context, const struct sender_outcome *outcome) {
    struct errand *errand = context;

    errand->at->is_reached = outcome->result == SENDER_ANSWERED;
    if (!errand->at->is_reached)
        snprintf(errand->at->reach_reason, sizeof errand->at->reach_reason, "%.60s: %.120s",
                 outcome->reason, outcome->detail == NULL ? "" : outcome->detail);
    end_errand(errand);
}

/* Any answer will do: that nobody serves this path is one. */
static void reach(struct errand *errand) {
    char url[REHEARSAL_ORIGIN_SIZE + 1];
    struct http_request request = {.url = url};

    if (errand->at->origin[0] == '\0')
        return;
    snprintf(url, sizeof url, "%s/", errand->at->origin);
    snprintf(errand->at->reach_reason, sizeof errand->at->reach_reason, "no answer in time");
    errand->rehearsal->awaited_count++;
    sender_send(errand->rehearsal->sender, &request, &errand->at->app->route, false, on_answer,
                errand);
}

/* ---- All ---- */

static void run(struct rehearsal *rehearsal, struct errand *errands, size_t count,
                int64_t timeout_ms) {
    rehearsal->patience = timer_new(rehearsal->loop, on_patience, rehearsal);
    rehearsal->credentials = credentials_new(rehearsal->loop, rehearsal->sender);
    for (size_t i = 0; i < count; i++) {
        find_origin(errands[i].at, loop_wall_ms(rehearsal->loop));
        ask_credential(&errands[i]);
        reach(&errands[i]);
    }
    timer_start(rehearsal->patience, timeout_ms);
    if (rehearsal->awaited_count > 0)
        loop_run(rehearsal->loop);
    sender_close(rehearsal->sender);
    credentials_free(rehearsal->credentials);
    timer_free(rehearsal->patience);
}

bool rehearsal_run(const struct config *config, int64_t timeout_ms, struct rehearsal_app **out,
                   size_t *count, struct error *error) {
    struct rehearsal rehearsal = {.loop = loop_new()};
    struct errand *errands = memory_new_array(config->apps.count + 1, sizeof *errands);

    *count = 0;
    *out = memory_new_array(config->apps.count + 1, sizeof **out);
    for (size_t i = 0; i < config->apps.count; i++) {
        if (config->apps.list[i].kind == PROVIDER_RETIRED)
            continue;
        (*out)[*count].app = &config->apps.list[i];
        errands[*count] = (struct errand){&rehearsal, &(*out)[*count]};
        ++*count;
    }
    rehearsal.sender = sender_open(rehearsal.loop, &config->dispatcher, error);
    if (rehearsal.sender != NULL)
        run(&rehearsal, errands, *count, timeout_ms);
    loop_free(rehearsal.loop);
    free(errands);
    if (rehearsal.sender == NULL)
        free(*out);
    return rehearsal.sender != NULL;
}
