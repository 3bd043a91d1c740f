#include "dispatcher/credential.h"

#include "common/base/log.h"
#include "common/base/memory.h"
#include "dispatcher/credential_key.h"
#include "dispatcher/credential_kinds.h"
#include "dispatcher/providers/oauth_answer.h"
#include "dispatcher/token_cache.h"

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
    CLOCK_BORNE_MS = 30 * 1000,           /* providers bear a minute */
};

enum { DETAIL_SIZE = sizeof((struct error){0}.text) };

struct waiter {
    struct waiter *next;
    credential_fetched *fetched;
    void *context;
    struct slice audience; /* its own copy */
    enum credential_result result;
    struct buffer authorization; /* what it is to be told when READY */
    bool is_of_old_key;
};

/* What the last fetch came to. */
enum health { HEALTH_NEW, HEALTH_WELL, HEALTH_LATER, HEALTH_BROKEN };

/* What apps with one key, or one name and secret, share: their tokens and who waits for them. */
struct account {
    struct account *next;
    struct credentials *owner;
    const struct credential_kind_row *row;
    struct credential_source source; /* its texts are the account's own */
    struct route route;              /* to the token endpoint */
    char *app_id;                    /* the pattern of the app that asked first, for the log */

    struct credential_key *key; /* NULL where the kind has none */
    int64_t look_again_ms;      /* at its file; all times here are monotonic */
    struct token_cache *tokens;

    bool is_fetching;
    unsigned fetch_generation; /* of the key that the fetch is made with */
    enum health health;
    char reason[OAUTH_REASON_SIZE];
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
    int64_t lead_ms; /* of our wall clock; 0 while it is no more than providers bear */
};

static const struct slice no_audience = {0};

static void turned(void *context);
static void answered(void *context, const struct sender_outcome *outcome);

/* ---- Accounts ---- */

/* What is signed here takes no way out. */
static const struct route *route_of(const struct credential_kind_row *row, const struct app *app) {
    return row->request == NULL ? NULL : &app->route;
}

static struct account *account_new(struct credentials *credentials, const struct app *app,
                                   const struct credential_kind_row *row,
                                   const struct credential_source *source) {
    struct account *account = memory_new(sizeof *account);

    account->owner = credentials;
    account->row = row;
    account->source = credential_source_copy(source);
    account->route = route_copy(route_of(row, app));
    account->app_id = memory_copy_text(app->pattern);
    if (row->key_read != NULL)
        account->key = credential_key_new(row, &account->source, account->app_id);
    account->tokens = token_cache_new(row->audiences_max);
    account->last_waiter = &account->waiters;
    account->turn = timer_new(credentials->loop, turned, account);
    account->next = credentials->accounts;
    credentials->accounts = account;
    return account;
}

static bool is_same(const struct account *account, const struct credential_kind_row *row,
                    const struct credential_source *source, const struct route *route) {
    return account->row == row && credential_source_equal(&account->source, source) &&
           route_equal(&account->route, route);
}

/* NULL when the app needs no credential. */
static struct account *account_of(struct credentials *credentials, const struct app *app) {
    struct credential_source source;
    const struct credential_kind_row *row = credential_kind_of(app, &source);
    struct account *account = credentials->accounts;

    if (row == NULL)
        return NULL;
    while (account != NULL && !is_same(account, row, &source, route_of(row, app)))
        account = account->next;
    return account != NULL ? account : account_new(credentials, app, row, &source);
}

static void waiter_free(struct waiter *waiter) {
    buffer_free_secret(&waiter->authorization);
    free((char *)waiter->audience.data);
    free(waiter);
}

static void account_free(struct account *account) {
    while (account->waiters != NULL) {
        struct waiter *waiter = account->waiters;
        account->waiters = waiter->next;
        waiter_free(waiter);
    }
    timer_free(account->turn);
    credential_key_free(account->key);
    token_cache_free(account->tokens);
    route_release(&account->route);
    credential_source_release(&account->source);
    free(account->app_id);
    free(account);
}

static bool is_of(const struct account *account, const struct app *app) {
    struct credential_source source;
    const struct credential_kind_row *row = credential_kind_of(app, &source);

    return row != NULL && is_same(account, row, &source, route_of(row, app));
}

static bool is_needed(const struct account *account, const struct apps *apps) {
    bool needed = account->is_fetching || account->waiters != NULL;

    for (size_t i = 0; !needed && i < apps->count; i++)
        needed = is_of(account, &apps->list[i]);
    return needed;
}

void credentials_keep(struct credentials *credentials, const struct apps *apps) {
    struct account **link = &credentials->accounts;

    while (*link != NULL) {
        struct account *account = *link;
        if (is_needed(account, apps)) {
            link = &account->next;
            continue;
        }
        *link = account->next;
        log_info("credential_released", log_text("app_id", account->app_id));
        account_free(account);
    }
}

struct credentials *credentials_new(struct loop *loop, struct sender *sender) {
    struct credentials *credentials = memory_new(sizeof *credentials);

    credentials->loop = loop;
    credentials->sender = sender;
    return credentials;
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

static int64_t now_of(const struct account *account) {
    return loop_monotonic_ms(account->owner->loop);
}

/* ---- What comes of a fetch or a signature ---- */

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
                 log_text("file", account->source.key_path));
    account->health = health;
    snprintf(account->reason, sizeof account->reason, "%s", reason);
    snprintf(account->detail, sizeof account->detail, "%s", detail);
}

static void fail(struct account *account, enum health health, const char *reason,
                 const char *detail, int64_t retry_after_ms) {
    int64_t pause_ms = retry_after_ms;

    if (pause_ms < AFTER_FAILURE_MS)
        pause_ms = AFTER_FAILURE_MS;
    if (pause_ms > AFTER_FAILURE_LONGEST_MS)
        pause_ms = AFTER_FAILURE_LONGEST_MS;
    account->fetch_again_ms = now_of(account) + pause_ms;
    account->refresh_again_ms = now_of(account) + AFTER_FAILED_REFRESH_MS;
    enter(account, health, reason, detail);
}

static void succeed(struct account *account, struct slice audience, const struct token *token) {
    token_cache_put_take(account->tokens, audience, token);
    account->fetch_again_ms = 0;
    account->refresh_again_ms = 0;
    enter(account, HEALTH_WELL, "", "");
}

static unsigned key_generation(const struct account *account) {
    return account->key == NULL ? 0 : credential_key_generation(account->key);
}

static void sign(struct account *account, const struct credential_ask *ask) {
    const int64_t now_ms = now_of(account);
    struct token token = {
        .minted_ms = now_ms,
        .refresh_ms = now_ms + account->row->refresh_ms,
        .expires_ms = now_ms + account->row->lifetime_ms,
        .key_generation = key_generation(account),
    };
    struct error error;

    if (account->row->sign(ask, &token.authorization, &error)) {
        succeed(account, ask->audience, &token);
    } else {
        buffer_free_secret(&token.authorization);
        fail(account, HEALTH_BROKEN, "signature", error.text, 0);
    }
}

static void start_fetch(struct account *account, const struct credential_ask *ask) {
    const char *url = NULL;
    struct buffer form = {0};
    struct error error;

    if (account->row->request(ask, &url, &form, &error)) {
        const struct http_request request = {
            .url = url,
            .headers = {{"content-type", slice_of("application/x-www-form-urlencoded")}},
            .header_count = 1,
            .body = buffer_slice(&form),
        };
        account->is_fetching = true;
        account->fetch_generation = key_generation(account);
        sender_send(account->owner->sender, &request, &account->route, true, answered, account);
    } else {
        fail(account, HEALTH_BROKEN, "key_file", error.text, 0);
    }
    buffer_free_secret(&form);
}

/* Signs a token, or asks for one. */
static void renew(struct account *account, struct slice audience) {
    struct error error;

    if (account->source.missing != NULL) {
        fail(account, HEALTH_BROKEN, "not_configured", account->source.missing, 0);
    } else if (account->key != NULL && !credential_key_look(account->key, &error)) {
        fail(account, HEALTH_BROKEN, "key_file", error.text, 0);
    } else {
        const struct credential_ask ask = {
            .key = account->key == NULL ? NULL : credential_key_content(account->key),
            .source = &account->source,
            .audience = audience,
            .now_ms = loop_wall_ms(account->owner->loop) - account->owner->lead_ms,
        };
        (account->row->sign != NULL ? sign : start_fetch)(account, &ask);
    }
}

static void take_answer(struct account *account, struct oauth_answer *answer) {
    const int64_t now_ms = now_of(account);
    const int64_t half_ms = answer->lifetime_ms / 2;
    const int64_t ahead_ms = half_ms < REFRESH_AHEAD_MS ? half_ms : REFRESH_AHEAD_MS;

    succeed(account, no_audience,
            &(struct token){
                .authorization = answer->authorization,
                .minted_ms = now_ms,
                .refresh_ms = now_ms + answer->lifetime_ms - ahead_ms,
                .expires_ms = now_ms + answer->lifetime_ms,
                .key_generation = account->fetch_generation,
            });
}

void credentials_set_clock_lead(struct credentials *credentials, int64_t lead_ms) {
    int64_t change_ms = lead_ms - credentials->lead_ms;

    if (change_ms < CLOCK_BORNE_MS && change_ms > -CLOCK_BORNE_MS)
        return;
    credentials->lead_ms = lead_ms;
    log_warning("clock_wrong", log_number("ahead_ms", lead_ms));
    for (struct account *account = credentials->accounts; account != NULL;
         account = account->next) {
        token_cache_free(account->tokens);
        account->tokens = token_cache_new(account->row->audiences_max);
        account->fetch_again_ms = 0;
        account->refresh_again_ms = 0;
    }
}

/* ---- Who asks ---- */

/* The token as it may be handed out; NULL when there is none. */
static struct token *token_of(struct account *account, struct slice audience) {
    struct token *token = token_cache_find(account->tokens, audience);

    return token != NULL && token->expires_ms - now_of(account) >= LEAST_LEFT_MS ? token : NULL;
}

static bool is_of_old_key(const struct account *account, const struct token *token) {
    return token->key_generation != key_generation(account);
}

/* A token that will soon expire, or whose key was replaced: it serves until the next one is here.
 */
static bool wants_renewal(struct account *account, const struct token *token) {
    const int64_t now_ms = now_of(account);
    struct error error;

    if (account->is_fetching || now_ms < account->refresh_again_ms)
        return false;
    if (account->key != NULL && now_ms >= account->look_again_ms) {
        account->look_again_ms = now_ms + BETWEEN_LOOKS_MS;
        credential_key_look(account->key, &error);
    }
    return now_ms >= token->refresh_ms || is_of_old_key(account, token);
}

static bool may_fetch(const struct account *account) {
    return !account->is_fetching && now_of(account) >= account->fetch_again_ms;
}

/* The same, after what can be done for it at once was done. */
static struct token *token_made_for(struct account *account, struct slice audience) {
    struct token *token = token_of(account, audience);

    if (token == NULL ? account->row->sign == NULL || !may_fetch(account)
                      : !wants_renewal(account, token))
        return token;
    renew(account, audience);
    return token_of(account, audience);
}

/* Answers all who wait, if there is an answer now. All that is to be told is kept before the first
 * is told: whoever is told may forget the token and ask again. */
static void answer_waiters(struct account *account) {
    struct waiter *first = account->waiters;
    char reason[OAUTH_REASON_SIZE];

    if (first == NULL || (account->is_fetching && token_of(account, no_audience) == NULL))
        return;
    for (struct waiter *waiter = first; waiter != NULL; waiter = waiter->next) {
        const struct token *token = token_made_for(account, waiter->audience);
        waiter->result = account->health == HEALTH_BROKEN ? CREDENTIAL_BROKEN : CREDENTIAL_LATER;
        if (token != NULL) {
            waiter->result = CREDENTIAL_READY;
            waiter->is_of_old_key = is_of_old_key(account, token);
            buffer_append(&waiter->authorization, buffer_slice(&token->authorization));
        }
    }
    account->waiters = NULL;
    account->last_waiter = &account->waiters;
    snprintf(reason, sizeof reason, "%s", account->reason);
    while (first != NULL) {
        struct waiter *next = first->next;
        const struct credential credential = {.authorization = buffer_slice(&first->authorization),
                                              .is_of_old_key = first->is_of_old_key};
        first->fetched(first->context, first->result, &credential,
                       first->result == CREDENTIAL_READY ? NULL : reason);
        waiter_free(first);
        first = next;
    }
}

static void answered(void *context, const struct sender_outcome *outcome) {
    struct account *account = context;
    struct oauth_answer answer;

    account->is_fetching = false;
    if (outcome->result != SENDER_ANSWERED) {
        fail(account, HEALTH_LATER, outcome->reason, outcome->detail == NULL ? "" : outcome->detail,
             0);
    } else {
        oauth_answer_read(&outcome->response, loop_wall_ms(account->owner->loop), &answer);
        if (answer.result == OAUTH_TOKEN)
            take_answer(account, &answer);
        else
            fail(account, answer.result == OAUTH_LATER ? HEALTH_LATER : HEALTH_BROKEN,
                 answer.reason, answer.detail, answer.retry_after_ms);
    }
    answer_waiters(account);
}

static void fetch_if_due(struct account *account, struct slice audience) {
    if (token_of(account, audience) == NULL && may_fetch(account))
        renew(account, audience);
}

static void turned(void *context) {
    struct account *account = context;

    if (account->waiters != NULL)
        fetch_if_due(account, account->waiters->audience);
    answer_waiters(account);
}

bool credential_cached(struct credentials *credentials, const struct app *app,
                       struct slice audience, struct credential *out) {
    struct account *account = account_of(credentials, app);

    *out = (struct credential){0};
    if (account == NULL)
        return true;
    const struct token *token = token_made_for(account, audience);
    if (token != NULL)
        *out = (struct credential){.authorization = buffer_slice(&token->authorization),
                                   .is_of_old_key = is_of_old_key(account, token)};
    return token != NULL;
}

void credential_fetch(struct credentials *credentials, const struct app *app, struct slice audience,
                      credential_fetched *fetched, void *context) {
    struct account *account = account_of(credentials, app);
    struct waiter *waiter = memory_new(sizeof *waiter);

    waiter->fetched = fetched;
    waiter->context = context;
    waiter->audience = (struct slice){memory_copy_slice(audience), audience.size};
    *account->last_waiter = waiter;
    account->last_waiter = &waiter->next;
    fetch_if_due(account, audience);
    if (token_of(account, audience) != NULL || !account->is_fetching)
        timer_start(account->turn, 0);
}

/* A token that young is as fresh as one can be made, and the provider would take a second one
 * amiss: what it calls stale is this host's time. */
static void dispute(const struct account *account, struct token *token) {
    if (!token->is_disputed)
        log_error("credential_refused_young", log_text("app_id", account->app_id),
                  log_number("age_ms", now_of(account) - token->minted_ms),
                  log_text("detail", "a token just signed was called stale: "
                                     "the clock of this host may be wrong"));
    token->is_disputed = true;
}

void credential_forget(struct credentials *credentials, const struct app *app,
                       struct slice audience, struct slice authorization) {
    struct account *account = account_of(credentials, app);
    struct token *token = account == NULL ? NULL : token_cache_find(account->tokens, audience);

    if (token == NULL || !slice_equal(buffer_slice(&token->authorization), authorization))
        return;
    if (now_of(account) - token->minted_ms < account->row->least_ms)
        dispute(account, token);
    else
        token_cache_remove(account->tokens, audience);
}
