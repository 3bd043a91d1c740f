#include "dispatcher/credential.h"

#include "common/base/log.h"
#include "common/base/memory.h"
#include "dispatcher/key_file.h"
#include "dispatcher/providers/google_oauth.h"
#include "dispatcher/providers/provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAST_LEFT_MS = 10 * 1000,            /* a token with less is not handed out */
    REFRESH_AHEAD_MS = 5 * 60 * 1000,     /* or half its lifetime, if that is shorter */
    AFTER_FAILURE_MS = 1000,              /* until the next fetch */
    AFTER_FAILURE_LONGEST_MS = 60 * 1000, /* where the endpoint asks for more */
    AFTER_FAILED_REFRESH_MS = 30 * 1000,  /* while the old token still serves */
    BETWEEN_LOOKS_MS = 10 * 1000,         /* at the key file */
};

enum { DETAIL_SIZE = sizeof((struct error){0}.text) };

struct waiter {
    struct waiter *next;
    credential_fetched *fetched;
    void *context;
};

/* What the last fetch came to. */
enum health { HEALTH_NEW, HEALTH_WELL, HEALTH_LATER, HEALTH_BROKEN };

/* One service account at one token endpoint: its key, its token and who waits for it. */
struct account {
    struct account *next;
    struct credentials *owner;
    char *key_path; /* NULL: the app names no account */
    struct route route;
    char *app_id;     /* the pattern of the app that asked first, for the log */
    char *project_id; /* likewise */

    struct google_oauth_key *key; /* NULL when it has to be read */
    struct key_file_identity identity;
    int64_t look_again_ms; /* all times here are monotonic */

    struct buffer authorization; /* empty: no token */
    int64_t expires_ms;
    int64_t refresh_ms;

    bool is_fetching;
    enum health health;
    char reason[GOOGLE_OAUTH_REASON_SIZE];
    char detail[DETAIL_SIZE];
    int64_t fetch_again_ms;
    int64_t refresh_again_ms;

    struct waiter *waiters;
    struct waiter **last_waiter;
    struct timer *turn;
};

struct credentials {
    struct loop *loop;
    struct sender *sender;
    struct account *accounts;
};

static void turned(void *context);
static void answered(void *context, const struct sender_outcome *outcome);

static void wipe_buffer(struct buffer *buffer) {
    if (buffer->data != NULL)
        memory_wipe(buffer->data, buffer->capacity);
    buffer_free(buffer);
}

static char *copy_or_null(const char *text) {
    return text == NULL ? NULL : memory_copy_text(text);
}

static bool same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool needs_credential(const struct app *app) {
    const struct provider *provider = provider_for(app->kind);

    return provider != NULL && provider->credential == CREDENTIAL_GOOGLE_OAUTH;
}

static const char *key_path_of(const struct app *app) {
    return app->fcm.project_id == NULL ? NULL : app->fcm.service_account_file;
}

static struct account *find_account(struct credentials *credentials, const struct app *app) {
    struct account *account = credentials->accounts;

    while (account != NULL && !(same_text(account->key_path, key_path_of(app)) &&
                                route_equal(&account->route, &app->route)))
        account = account->next;
    return account;
}

static struct account *account_of(struct credentials *credentials, const struct app *app) {
    struct account *account = find_account(credentials, app);

    if (account != NULL)
        return account;
    account = memory_new(sizeof *account);
    account->owner = credentials;
    account->key_path = copy_or_null(key_path_of(app));
    account->route = route_copy(&app->route);
    account->app_id = copy_or_null(app->pattern);
    account->project_id = copy_or_null(app->fcm.project_id);
    account->last_waiter = &account->waiters;
    account->turn = timer_new(credentials->loop, turned, account);
    account->next = credentials->accounts;
    credentials->accounts = account;
    return account;
}

static int64_t now_of(const struct account *account) {
    return loop_monotonic_ms(account->owner->loop);
}

static bool has_token(const struct account *account) {
    return account->authorization.size > 0 &&
           account->expires_ms - now_of(account) >= LEAST_LEFT_MS;
}

/* Every change of health is logged once, and so is each further thing for an operator to mend. */
static void enter(struct account *account, enum health health, const char *reason,
                  const char *detail) {
    static const struct {
        enum log_level level;
        const char *event;
    } lines[] = {
        [HEALTH_NEW] = {LOG_LEVEL_DEBUG, "credential_new"},
        [HEALTH_WELL] = {LOG_LEVEL_INFO, "credential_ready"},
        [HEALTH_LATER] = {LOG_LEVEL_WARNING, "credential_delayed"},
        [HEALTH_BROKEN] = {LOG_LEVEL_ERROR, "credential_broken"},
    };

    const bool is_news = account->health != health || strcmp(account->reason, reason) != 0 ||
                         (health == HEALTH_BROKEN && strcmp(account->detail, detail) != 0);

    if (is_news)
        log_with(lines[health].level, lines[health].event, log_text("app_id", account->app_id),
                 log_text("reason", reason[0] == '\0' ? NULL : reason),
                 log_text("detail", detail[0] == '\0' ? NULL : detail),
                 log_text("file", account->key_path));
    account->health = health;
    snprintf(account->reason, sizeof account->reason, "%s", reason);
    snprintf(account->detail, sizeof account->detail, "%s", detail);
}

/* The next fetch reads the key file again: mending it must be enough. */
static void fail(struct account *account, enum health health, const char *reason,
                 const char *detail, int64_t retry_after_ms) {
    int64_t pause_ms = retry_after_ms;

    if (pause_ms < AFTER_FAILURE_MS)
        pause_ms = AFTER_FAILURE_MS;
    if (pause_ms > AFTER_FAILURE_LONGEST_MS)
        pause_ms = AFTER_FAILURE_LONGEST_MS;
    account->fetch_again_ms = now_of(account) + pause_ms;
    account->refresh_again_ms = now_of(account) + AFTER_FAILED_REFRESH_MS;
    google_oauth_key_free(account->key);
    account->key = NULL;
    enter(account, health, reason, detail);
}

static void succeed(struct account *account, struct google_oauth_answer *answer) {
    const int64_t half_ms = answer->lifetime_ms / 2;

    wipe_buffer(&account->authorization);
    account->authorization = answer->authorization;
    account->expires_ms = now_of(account) + answer->lifetime_ms;
    account->refresh_ms =
        account->expires_ms - (half_ms < REFRESH_AHEAD_MS ? half_ms : REFRESH_AHEAD_MS);
    account->fetch_again_ms = 0;
    account->refresh_again_ms = 0;
    enter(account, HEALTH_WELL, "", "");
}

static void warn_of_other_project(const struct account *account) {
    const char *project = google_oauth_key_project_id(account->key);

    if (project != NULL && strcmp(project, account->project_id) != 0)
        log_warning("credential_of_other_project", log_text("app_id", account->app_id),
                    log_text("project_id", account->project_id), log_text("key_is_of", project));
}

static bool read_key(struct account *account, struct error *error) {
    struct buffer text = {0};

    if (account->key != NULL && !key_file_has_changed(account->key_path, &account->identity))
        return true;
    google_oauth_key_free(account->key);
    account->key = NULL;
    if (key_file_read(account->key_path, &text, &account->identity, error)) {
        account->key = google_oauth_key_parse(buffer_slice(&text), error);
        if (account->key == NULL)
            error_prefix(error, "%s", account->key_path);
        else
            warn_of_other_project(account);
    }
    wipe_buffer(&text);
    return account->key != NULL;
}

static void start_fetch(struct account *account) {
    struct credentials *owner = account->owner;
    struct buffer form = {0};
    struct error error;

    if (account->key_path == NULL) {
        fail(account, HEALTH_BROKEN, "not_configured",
             "project_id and service_account_file are both needed", 0);
    } else if (!read_key(account, &error)) {
        fail(account, HEALTH_BROKEN, "key_file", error.text, 0);
    } else if (!google_oauth_form(account->key, loop_wall_ms(owner->loop), &form, &error)) {
        fail(account, HEALTH_BROKEN, "key_file", error.text, 0);
    } else {
        const struct http_request request = {
            .url = google_oauth_key_token_uri(account->key),
            .headers = {{"content-type", slice_of("application/x-www-form-urlencoded")}},
            .header_count = 1,
            .body = buffer_slice(&form),
        };
        account->is_fetching = true;
        sender_send(owner->sender, &request, &account->route, true, answered, account);
    }
    wipe_buffer(&form);
}

/* Answers all who wait, if there is an answer now. They may ask again while they are told. */
static void answer_waiters(struct account *account) {
    const bool is_ready = has_token(account);
    const enum credential_result failure =
        account->health == HEALTH_BROKEN ? CREDENTIAL_BROKEN : CREDENTIAL_LATER;
    struct waiter *waiter = account->waiters;
    struct buffer authorization = {0};
    char reason[GOOGLE_OAUTH_REASON_SIZE];

    if (waiter == NULL || (account->is_fetching && !is_ready))
        return;
    account->waiters = NULL;
    account->last_waiter = &account->waiters;
    snprintf(reason, sizeof reason, "%s", account->reason);
    if (is_ready)
        buffer_append(&authorization, buffer_slice(&account->authorization));
    while (waiter != NULL) {
        struct waiter *next = waiter->next;
        waiter->fetched(waiter->context, is_ready ? CREDENTIAL_READY : failure,
                        buffer_slice(&authorization), is_ready ? NULL : reason);
        free(waiter);
        waiter = next;
    }
    wipe_buffer(&authorization);
}

static void answered(void *context, const struct sender_outcome *outcome) {
    struct account *account = context;
    struct google_oauth_answer answer;

    account->is_fetching = false;
    if (outcome->result != SENDER_ANSWERED) {
        fail(account, HEALTH_LATER, outcome->reason, outcome->detail == NULL ? "" : outcome->detail,
             0);
    } else {
        google_oauth_answer_read(&outcome->response, loop_wall_ms(account->owner->loop), &answer);
        if (answer.result == GOOGLE_OAUTH_TOKEN)
            succeed(account, &answer);
        else
            fail(account, answer.result == GOOGLE_OAUTH_LATER ? HEALTH_LATER : HEALTH_BROKEN,
                 answer.reason, answer.detail, answer.retry_after_ms);
    }
    answer_waiters(account);
}

static void fetch_if_due(struct account *account) {
    if (!has_token(account) && !account->is_fetching && now_of(account) >= account->fetch_again_ms)
        start_fetch(account);
}

static void turned(void *context) {
    struct account *account = context;

    if (account->waiters != NULL)
        fetch_if_due(account);
    answer_waiters(account);
}

struct credentials *credentials_new(struct loop *loop, struct sender *sender) {
    struct credentials *credentials = memory_new(sizeof *credentials);

    credentials->loop = loop;
    credentials->sender = sender;
    return credentials;
}

static void account_free(struct account *account) {
    while (account->waiters != NULL) {
        struct waiter *waiter = account->waiters;
        account->waiters = waiter->next;
        free(waiter);
    }
    timer_free(account->turn);
    google_oauth_key_free(account->key);
    wipe_buffer(&account->authorization);
    free(account->key_path);
    route_release(&account->route);
    free(account->app_id);
    free(account->project_id);
    free(account);
}

void credentials_free(struct credentials *credentials) {
    if (credentials == NULL)
        return;
    while (credentials->accounts != NULL) {
        struct account *account = credentials->accounts;
        credentials->accounts = account->next;
        account_free(account);
    }
    free(credentials);
}

/* A token that will soon expire, or whose key was replaced: it serves until the next one is here.
 */
static bool wants_refresh(struct account *account) {
    const int64_t now_ms = now_of(account);

    if (account->is_fetching || now_ms < account->refresh_again_ms)
        return false;
    if (now_ms >= account->refresh_ms)
        return true;
    if (now_ms < account->look_again_ms)
        return false;
    account->look_again_ms = now_ms + BETWEEN_LOOKS_MS;
    return key_file_has_changed(account->key_path, &account->identity);
}

bool credential_cached(struct credentials *credentials, const struct app *app,
                       struct slice *authorization) {
    *authorization = (struct slice){0};
    if (!needs_credential(app))
        return true;
    struct account *account = account_of(credentials, app);
    if (!has_token(account))
        return false;
    if (wants_refresh(account))
        start_fetch(account);
    *authorization = buffer_slice(&account->authorization);
    return true;
}

void credential_fetch(struct credentials *credentials, const struct app *app,
                      credential_fetched *fetched, void *context) {
    struct account *account = account_of(credentials, app);
    struct waiter *waiter = memory_new(sizeof *waiter);

    *waiter = (struct waiter){.fetched = fetched, .context = context};
    *account->last_waiter = waiter;
    account->last_waiter = &waiter->next;
    fetch_if_due(account);
    if (has_token(account) || !account->is_fetching)
        timer_start(account->turn, 0);
}

void credential_forget(struct credentials *credentials, const struct app *app,
                       struct slice authorization) {
    struct account *account = find_account(credentials, app);

    if (account != NULL && slice_equal(buffer_slice(&account->authorization), authorization))
        wipe_buffer(&account->authorization);
}
