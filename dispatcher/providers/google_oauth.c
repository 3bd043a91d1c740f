#include "dispatcher/providers/google_oauth.h"

#include "common/base/base64.h"
#include "common/base/json.h"
#include "common/base/memory.h"
#include "dispatcher/providers/pem.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_DEPTH_LIMIT = 8,
    RSA_BITS_MIN = 2048,
    ASSERTION_SECONDS = 3600,
};

static const char default_token_uri[] = "https://oauth2.googleapis.com/token";
static const char scope[] = "https://www.googleapis.com/auth/firebase.messaging";
static const char form_start[] =
    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";

struct google_oauth_key {
    char *client_email;
    char *private_key_id; /* NULL when absent */
    char *token_uri;
    char *project_id; /* NULL when absent */
    EVP_PKEY *private_key;
};

static EVP_PKEY *read_private_key(struct slice pem, struct error *error) {
    EVP_PKEY *key = pem_read_private_key(pem);

    if (key == NULL) {
        error_set(error, ERROR_CONFIG,
                  "private_key is not a private key in PEM: the file was damaged or edited");
        return NULL;
    }
    if (!EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_get_bits(key) < RSA_BITS_MIN) {
        error_set(error, ERROR_CONFIG, "private_key is not an RSA key of at least %d bits",
                  RSA_BITS_MIN);
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

static bool is_http_uri(struct slice uri) {
    static const char *const schemes[] = {"https://", "http://"};

    for (size_t i = 0; i < uri.size; i++)
        if ((unsigned char)uri.data[i] <= 0x20 || (unsigned char)uri.data[i] >= 0x7F)
            return false;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        const size_t length = strlen(schemes[i]);
        if (uri.size > length && memcmp(uri.data, schemes[i], length) == 0)
            return true;
    }
    return false;
}

static char *copy_or_null(struct slice text) {
    return text.size == 0 ? NULL : memory_copy_slice(text);
}

/* The fields of the file, checked in the order in which an operator would ask. */
static bool read_fields(struct json_object *tree, struct google_oauth_key *key,
                        struct error *error) {
    const struct slice type = json_member_text(tree, "type");
    const struct slice email = json_member_text(tree, "client_email");
    const struct slice pem = json_member_text(tree, "private_key");
    struct slice token_uri = json_member_text(tree, "token_uri");

    if (!json_object_is_type(tree, json_type_object))
        return error_set(error, ERROR_CONFIG, "it is not a JSON object");
    if (type.size > 0 && !slice_is(type, "service_account"))
        return error_set(error, ERROR_CONFIG,
                         "its type is \"%.*s\", but the key of a service_account is needed",
                         (int)(type.size < 40 ? type.size : 40), type.data);
    if (email.size == 0)
        return error_set(error, ERROR_CONFIG,
                         "client_email is missing: it is no key file of a "
                         "service account");
    if (pem.size == 0)
        return error_set(error, ERROR_CONFIG, "private_key is missing");
    if (token_uri.size == 0)
        token_uri = slice_of(default_token_uri);
    if (!is_http_uri(token_uri))
        return error_set(error, ERROR_CONFIG, "token_uri is not an http or https address");
    key->client_email = memory_copy_slice(email);
    key->private_key_id = copy_or_null(json_member_text(tree, "private_key_id"));
    key->token_uri = memory_copy_slice(token_uri);
    key->project_id = copy_or_null(json_member_text(tree, "project_id"));
    key->private_key = read_private_key(pem, error);
    return key->private_key != NULL;
}

static void wipe_private_key(struct json_object *tree) {
    const struct slice pem = json_member_text(tree, "private_key");

    if (pem.size > 0)
        memory_wipe((char *)pem.data, pem.size);
}

struct google_oauth_key *google_oauth_key_parse(struct slice json, struct error *error) {
    struct json_object *tree = json_parse(json, KEY_DEPTH_LIMIT, NULL);
    struct google_oauth_key *key = memory_new(sizeof *key);

    if (!read_fields(tree, key, error)) {
        google_oauth_key_free(key);
        key = NULL;
    }
    wipe_private_key(tree);
    json_object_put(tree);
    return key;
}

void google_oauth_key_free(struct google_oauth_key *key) {
    if (key == NULL)
        return;
    EVP_PKEY_free(key->private_key);
    free(key->client_email);
    free(key->private_key_id);
    free(key->token_uri);
    free(key->project_id);
    free(key);
}

const char *google_oauth_key_token_uri(const struct google_oauth_key *key) {
    return key->token_uri;
}

const char *google_oauth_key_project_id(const struct google_oauth_key *key) {
    return key->project_id;
}

static void append_member(struct buffer *out, const char *name, const char *value) {
    buffer_append_format(out, "\"%s\":", name);
    buffer_append_json_text(out, slice_of(value));
}

/* header.claims of the assertion, as it is signed. */
static void append_claims(const struct google_oauth_key *key, int64_t now_ms, struct buffer *out) {
    const long long now_seconds = (long long)(now_ms / 1000);
    struct buffer part = {0};

    buffer_append_text(&part, "{\"alg\":\"RS256\",\"typ\":\"JWT\"");
    if (key->private_key_id != NULL) {
        buffer_append_byte(&part, ',');
        append_member(&part, "kid", key->private_key_id);
    }
    buffer_append_byte(&part, '}');
    base64url_encode(buffer_slice(&part), out);
    buffer_append_byte(out, '.');

    buffer_clear(&part);
    buffer_append_byte(&part, '{');
    append_member(&part, "iss", key->client_email);
    buffer_append_byte(&part, ',');
    append_member(&part, "scope", scope);
    buffer_append_byte(&part, ',');
    append_member(&part, "aud", key->token_uri);
    buffer_append_format(&part, ",\"iat\":%lld,\"exp\":%lld}", now_seconds,
                         now_seconds + ASSERTION_SECONDS);
    base64url_encode(buffer_slice(&part), out);
    buffer_free(&part);
}

static bool append_signature(const struct google_oauth_key *key, struct slice text,
                             struct buffer *out) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = 0;
    unsigned char *signature = NULL;
    const unsigned char *bytes = (const unsigned char *)text.data;
    bool done = false;

    if (context == NULL ||
        EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->private_key) != 1 ||
        EVP_DigestSign(context, NULL, &size, bytes, text.size) != 1)
        goto out;
    signature = memory_new(size);
    if (EVP_DigestSign(context, signature, &size, bytes, text.size) != 1)
        goto out;
    base64url_encode((struct slice){.data = (const char *)signature, .size = size}, out);
    done = true;
out:
    ERR_clear_error();
    EVP_MD_CTX_free(context);
    free(signature);
    return done;
}

bool google_oauth_form(const struct google_oauth_key *key, int64_t now_ms, struct buffer *out,
                       struct error *error) {
    struct buffer assertion = {0};
    struct buffer signature = {0};

    append_claims(key, now_ms, &assertion);
    const bool is_signed = append_signature(key, buffer_slice(&assertion), &signature);
    if (is_signed) {
        buffer_append_text(out, form_start);
        buffer_append(out, buffer_slice(&assertion));
        buffer_append_byte(out, '.');
        buffer_append(out, buffer_slice(&signature));
    } else {
        error_set(error, ERROR_SYSTEM, "the assertion could not be signed");
    }
    buffer_free(&assertion);
    if (signature.size > 0)
        memory_wipe(signature.data, signature.size);
    buffer_free(&signature);
    return is_signed;
}
