#include "dispatcher/credential_kinds.h"

#include "common/base/memory.h"
#include "dispatcher/providers/apns_token.h"
#include "dispatcher/providers/google_oauth.h"
#include "dispatcher/providers/hms_oauth.h"
#include "dispatcher/providers/provider.h"
#include "dispatcher/providers/vapid.h"

#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

/* ---- Google's OAuth ---- */

enum { GOOGLE_PROJECT };

static bool google_source(const struct app *app, struct credential_source *out) {
    *out = (struct credential_source){
        .key_path = app->fcm.service_account_file,
        .texts[GOOGLE_PROJECT] = app->fcm.project_id,
    };
    if (app->fcm.project_id == NULL || app->fcm.service_account_file == NULL)
        out->missing = "project_id and service_account_file are both needed";
    return true;
}

static void *google_key_read(struct slice text, struct error *error) {
    return google_oauth_key_parse(text, error);
}

static void google_key_free(void *key) {
    google_oauth_key_free(key);
}

static void google_key_remark(const void *key, const struct credential_source *source,
                              struct buffer *out) {
    const char *project = google_oauth_key_project_id(key);

    if (project != NULL && strcmp(project, source->texts[GOOGLE_PROJECT]) != 0)
        buffer_append_format(out, "the key is of project %s, the app of %s", project,
                             source->texts[GOOGLE_PROJECT]);
}

static bool google_request(const struct credential_ask *ask, const char **url, struct buffer *form,
                           struct error *error) {
    *url = google_oauth_key_token_uri(ask->key);
    return google_oauth_form(ask->key, ask->now_ms, form, error);
}

/* ---- Huawei's OAuth ---- */

enum { HMS_CLIENT_ID, HMS_CLIENT_SECRET, HMS_TOKEN_URL };

static bool hms_source(const struct app *app, struct credential_source *out) {
    *out = (struct credential_source){
        .texts[HMS_CLIENT_ID] = app->hms.client_id,
        .texts[HMS_CLIENT_SECRET] = app->hms.client_secret,
        .texts[HMS_TOKEN_URL] = app->hms.token_url,
    };
    if (app->hms.client_id == NULL || app->hms.client_secret == NULL)
        out->missing = "client_id and client_secret are both needed";
    return true;
}

static bool hms_request(const struct credential_ask *ask, const char **url, struct buffer *form,
                        struct error *error) {
    const char *const *texts = ask->source->texts;

    (void)error;
    *url = texts[HMS_TOKEN_URL] == NULL ? hms_oauth_token_url : texts[HMS_TOKEN_URL];
    hms_oauth_form(texts[HMS_CLIENT_ID], texts[HMS_CLIENT_SECRET], form);
    return true;
}

/* ---- What is signed with an EC key ---- */

static void *ec_key_read(struct slice text, struct error *error) {
    return jwt_key_read_es256(text, error);
}

static void ec_key_free(void *key) {
    jwt_key_free(key);
}

enum { APNS_KEY_ID, APNS_TEAM_ID };

static bool apns_source(const struct app *app, struct credential_source *out) {
    *out = (struct credential_source){
        .key_path = app->apns.key_file,
        .texts[APNS_KEY_ID] = app->apns.key_id,
        .texts[APNS_TEAM_ID] = app->apns.team_id,
    };
    if (app->apns.key_id == NULL || app->apns.team_id == NULL)
        out->missing = "a key file needs its key_id and team_id";
    /* A certificate of the connection stands in for a token. */
    return app->apns.key_file != NULL;
}

static bool apns_sign(const struct credential_ask *ask, struct buffer *authorization,
                      struct error *error) {
    return apns_token_write(ask->key, ask->source->texts[APNS_KEY_ID],
                            ask->source->texts[APNS_TEAM_ID], ask->now_ms, authorization, error);
}

enum { VAPID_CONTACT };

static bool vapid_source(const struct app *app, struct credential_source *out) {
    *out = (struct credential_source){
        .key_path = app->webpush.vapid_key_file,
        .texts[VAPID_CONTACT] = app->webpush.vapid_contact_email,
    };
    if (app->webpush.vapid_key_file == NULL || app->webpush.vapid_contact_email == NULL)
        out->missing = "vapid_private_key and vapid_contact_email are both needed";
    return true;
}

static bool vapid_sign(const struct credential_ask *ask, struct buffer *authorization,
                       struct error *error) {
    return vapid_write(ask->key, ask->audience, ask->source->texts[VAPID_CONTACT], ask->now_ms,
                       authorization, error);
}

/* ---- The table ---- */

static const struct credential_kind_row rows[] = {
    [CREDENTIAL_GOOGLE_OAUTH] =
        {
            .source = google_source,
            .key_read = google_key_read,
            .key_free = google_key_free,
            .key_remark = google_key_remark,
            .request = google_request,
            .audiences_max = 1,
        },
    [CREDENTIAL_HMS_OAUTH] = {.source = hms_source, .request = hms_request, .audiences_max = 1},
    /* Apple takes no token that is older than an hour, and no two within twenty minutes. */
    [CREDENTIAL_APNS_TOKEN] =
        {
            .source = apns_source,
            .key_read = ec_key_read,
            .key_free = ec_key_free,
            .sign = apns_sign,
            .lifetime_ms = 60 * MINUTE_MS,
            .refresh_ms = 50 * MINUTE_MS,
            .least_ms = 20 * MINUTE_MS,
            .audiences_max = 1,
        },
    [CREDENTIAL_VAPID] =
        {
            .source = vapid_source,
            .key_read = ec_key_read,
            .key_free = ec_key_free,
            .sign = vapid_sign,
            .lifetime_ms = VAPID_LIFETIME_MS - HOUR_MS,
            .refresh_ms = VAPID_LIFETIME_MS / 2,
            .audiences_max = CREDENTIAL_AUDIENCES_MAX,
        },
};

const struct credential_kind_row *credential_kind_of(const struct app *app,
                                                     struct credential_source *source) {
    const struct provider *provider = provider_for(app->kind);
    const struct credential_kind_row *row = NULL;

    if (provider == NULL || provider->credential == CREDENTIAL_NONE)
        return NULL;
    row = &rows[provider->credential];
    return row->source(app, source) ? row : NULL;
}

static bool same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool credential_source_equal(const struct credential_source *a, const struct credential_source *b) {
    bool same = same_text(a->key_path, b->key_path);

    for (size_t i = 0; same && i < CREDENTIAL_TEXTS; i++)
        same = same_text(a->texts[i], b->texts[i]);
    return same;
}

static char *copy_or_null(const char *text) {
    return text == NULL ? NULL : memory_copy_text(text);
}

struct credential_source credential_source_copy(const struct credential_source *source) {
    struct credential_source copy = {.missing = source->missing};

    copy.key_path = copy_or_null(source->key_path);
    for (size_t i = 0; i < CREDENTIAL_TEXTS; i++)
        copy.texts[i] = copy_or_null(source->texts[i]);
    return copy;
}

void credential_source_release(struct credential_source *source) {
    free((char *)source->key_path);
    for (size_t i = 0; i < CREDENTIAL_TEXTS; i++)
        memory_free_secret((char *)source->texts[i]);
    *source = (struct credential_source){0};
}
