#include "dispatcher/credential_key.h"

#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "dispatcher/key_file.h"

#include <stdlib.h>
#include <string.h>

struct credential_key {
    const struct credential_kind_row *row;
    const struct credential_source *source;
    const char *app_id;
    void *content;
    unsigned generation;
    unsigned char digest[HASH_SHA256_BYTES];
    struct key_file_identity identity;
    struct error fault; /* why the file as it is now cannot be used */
};

struct credential_key *credential_key_new(const struct credential_kind_row *row,
                                          const struct credential_source *source,
                                          const char *app_id) {
    struct credential_key *key = memory_new(sizeof *key);

    key->row = row;
    key->source = source;
    key->app_id = app_id;
    return key;
}

void credential_key_free(struct credential_key *key) {
    if (key == NULL)
        return;
    if (key->content != NULL)
        key->row->key_free(key->content);
    free(key);
}

static void remark(const struct credential_key *key) {
    struct buffer text = {0};

    if (key->row->key_remark != NULL)
        key->row->key_remark(key->content, key->source, &text);
    if (text.size > 0)
        log_warning("credential_key_odd", log_text("app_id", key->app_id),
                    log_slice("detail", buffer_slice(&text)),
                    log_text("file", key->source->key_path));
    buffer_free(&text);
}

static bool take_text(struct credential_key *key, struct slice text, struct error *error) {
    unsigned char digest[HASH_SHA256_BYTES];

    hash_sha256(&text, 1, digest);
    if (key->content != NULL && memcmp(digest, key->digest, sizeof digest) == 0)
        return true;
    void *content = key->row->key_read(text, error);
    if (content == NULL)
        return error_prefix(error, "%s", key->source->key_path);
    if (key->content != NULL)
        key->row->key_free(key->content);
    key->content = content;
    key->generation++;
    memcpy(key->digest, digest, sizeof digest);
    remark(key);
    return true;
}

static bool read_file(struct credential_key *key, struct error *error) {
    struct key_file_identity identity;
    struct buffer text = {0};
    const bool done = key_file_read(key->source->key_path, &text, &identity, error) &&
                      take_text(key, buffer_slice(&text), error);

    if (done)
        key->identity = identity;
    buffer_free_secret(&text);
    return done;
}

bool credential_key_look(struct credential_key *key, struct error *error) {
    struct error fault = {0};

    if (key->content != NULL && !key_file_has_changed(key->source->key_path, &key->identity)) {
        key->fault = (struct error){0};
        return true;
    }
    if (read_file(key, &fault)) {
        key->fault = (struct error){0};
        return true;
    }
    *error = fault;
    if (key->content == NULL)
        return false;
    if (strcmp(fault.text, key->fault.text) != 0)
        log_error("credential_key_kept", log_text("app_id", key->app_id),
                  log_text("detail", fault.text), log_text("file", key->source->key_path));
    key->fault = fault;
    return true;
}

const void *credential_key_content(const struct credential_key *key) {
    return key->content;
}

unsigned credential_key_generation(const struct credential_key *key) {
    return key->generation;
}
