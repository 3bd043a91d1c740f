#include "common/push/app.h"

#include "common/base/memory.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_names[PROVIDER_KIND_COUNT] = {
    [PROVIDER_APNS] = "apns",       [PROVIDER_FCM] = "fcm",
    [PROVIDER_WEBPUSH] = "webpush", [PROVIDER_UNIFIEDPUSH] = "unifiedpush",
    [PROVIDER_HMS] = "hms",         [PROVIDER_RETIRED] = "retired",
};

const char *provider_kind_name(enum provider_kind kind) {
    return kind_names[kind];
}

bool provider_kind_parse(struct slice name, enum provider_kind *out) {
    if (slice_is(name, "gcm")) {
        *out = PROVIDER_FCM;
        return true;
    }
    for (int kind = 0; kind < PROVIDER_KIND_COUNT; kind++)
        if (slice_is(name, kind_names[kind])) {
            *out = (enum provider_kind)kind;
            return true;
        }
    return false;
}

/* On a mismatch only the last star has to give up a byte: what earlier stars took cannot matter. */
bool app_pattern_matches(const char *pattern, struct slice text) {
    const char *behind_star = NULL;
    size_t star_ends = 0;
    size_t at = 0;

    while (at < text.size) {
        if (*pattern == '*') {
            behind_star = ++pattern;
            star_ends = at;
        } else if (*pattern != '\0' && (*pattern == '?' || *pattern == text.data[at])) {
            pattern++;
            at++;
        } else if (behind_star != NULL) {
            pattern = behind_star;
            at = ++star_ends;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static size_t literal_count(const char *pattern) {
    size_t count = 0;

    for (; *pattern != '\0'; pattern++)
        count += *pattern != '*' && *pattern != '?';
    return count;
}

const struct app *apps_find(const struct apps *apps, struct slice app_id) {
    const struct app *best = NULL;

    for (size_t i = 0; i < apps->count; i++) {
        const struct app *app = &apps->list[i];
        if (slice_is(app_id, app->pattern))
            return app;
        if (app_pattern_matches(app->pattern, app_id) &&
            (best == NULL || literal_count(app->pattern) > literal_count(best->pattern)))
            best = app;
    }
    return best;
}

static void free_list(char **list) {
    for (char **each = list; each != NULL && *each != NULL; each++)
        free(*each);
    free(list);
}

void apps_free(struct apps *apps) {
    for (size_t i = 0; i < apps->count; i++) {
        struct app *app = &apps->list[i];
        free(app->pattern);
        free(app->lane);
        free(app->base_url);
        route_release(&app->route);
        free(app->fcm.project_id);
        free(app->fcm.service_account_file);
        json_object_put(app->fcm.options);
        free(app->apns.key_file);
        free(app->apns.key_id);
        free(app->apns.team_id);
        free(app->apns.topic);
        free(app->apns.voip_topic);
        free(app->webpush.vapid_key_file);
        free(app->webpush.vapid_contact_email);
        free_list(app->webpush.allowed_endpoints);
        free(app->hms.client_id);
        memory_free_secret(app->hms.client_secret);
        free(app->hms.token_url);
    }
    free(apps->list);
    *apps = (struct apps){0};
}
