#include "dispatcher/providers/vapid.h"

#include "common/base/base64.h"

#include <string.h>

static bool is_uri(const char *contact) {
    return strncmp(contact, "mailto:", strlen("mailto:")) == 0 ||
           strncmp(contact, "https:", strlen("https:")) == 0;
}

static void write_claims(struct slice origin, const char *contact, int64_t now_ms,
                         struct buffer *out) {
    buffer_append_text(out, "{\"aud\":");
    buffer_append_json_text(out, origin);
    buffer_append_format(out, ",\"exp\":%lld,\"sub\":\"%s",
                         (long long)((now_ms + VAPID_LIFETIME_MS) / 1000),
                         is_uri(contact) ? "" : "mailto:");
    buffer_append_json_escaped(out, slice_of(contact));
    buffer_append_text(out, "\"}");
}

bool vapid_write(const struct jwt_key *key, struct slice origin, const char *contact,
                 int64_t now_ms, struct buffer *out, struct error *error) {
    static const char header[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
    struct buffer claims = {0};
    struct buffer point = {0};

    write_claims(origin, contact, now_ms, &claims);
    buffer_append_text(out, "vapid t=");
    const bool done = jwt_sign_es256(key, slice_of(header), buffer_slice(&claims), out, error);
    buffer_append_text(out, ", k=");
    jwt_key_write_public(key, &point);
    base64url_encode(buffer_slice(&point), out);
    buffer_free(&claims);
    buffer_free(&point);
    return done;
}
