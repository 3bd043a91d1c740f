#include "dispatcher/fingerprint.h"

#include <stdio.h>

const char *fingerprint_key_file(const struct app *app) {
    const char *const files[PROVIDER_KIND_COUNT] = {
        [PROVIDER_APNS] = app->apns.key_file,
        [PROVIDER_FCM] = app->fcm.service_account_file,
        [PROVIDER_WEBPUSH] = app->webpush.vapid_key_file,
    };

    const char *file = files[app->kind] != NULL ? files[app->kind] : app->route.certificate_file;

    return file == NULL ? "" : file;
}

static void look_at_file(struct fingerprint *fingerprint, const char *path) {
    struct key_file_identity identity;
    struct buffer text = {0};
    struct error error;

    if (key_file_has_changed(path, &fingerprint->identity) &&
        key_file_read(path, &text, &identity, &error)) {
        const struct slice content = buffer_slice(&text);
        hash_sha256(&content, 1, fingerprint->file);
        fingerprint->identity = identity;
    }
    buffer_free_secret(&text);
}

/* A text and its end, so that no two lists of texts are alike. */
static struct slice with_end(const char *text) {
    struct slice slice = slice_of(text == NULL ? "" : text);

    slice.size++;
    return slice;
}

void fingerprint_look(struct fingerprint *fingerprint, const struct app *app) {
    const char *path = fingerprint_key_file(app);
    unsigned char digest[HASH_SHA256_BYTES];
    char choices[64];

    if (path[0] != '\0')
        look_at_file(fingerprint, path);
    snprintf(choices, sizeof choices, "%d %d %d %d", (int)app->kind, (int)app->apns.platform,
             (int)app->apns.push_type, (int)app->fcm.target);
    const struct slice parts[] = {
        with_end(choices),
        with_end(app->base_url),
        with_end(app->fcm.project_id),
        with_end(app->apns.key_id),
        with_end(app->apns.team_id),
        with_end(app->apns.topic),
        with_end(app->apns.voip_topic),
        with_end(app->webpush.vapid_contact_email),
        with_end(app->hms.client_id),
        with_end(app->hms.client_secret),
        with_end(app->route.ca_file),
        with_end(app->route.proxy),
        {.data = (const char *)fingerprint->file, .size = sizeof fingerprint->file},
    };
    hash_sha256(parts, sizeof parts / sizeof parts[0], digest);
    for (size_t i = 0; i < GATE_FINGERPRINT_SIZE / 2; i++)
        snprintf(fingerprint->text + 2 * i, 3, "%02x", digest[i]);
}
