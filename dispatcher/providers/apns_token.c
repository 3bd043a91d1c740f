#include "dispatcher/providers/apns_token.h"

bool apns_token_write(const struct jwt_key *key, const char *key_id, const char *team_id,
                      int64_t now_ms, struct buffer *out, struct error *error) {
    struct buffer header = {0};
    struct buffer claims = {0};

    buffer_append_text(&header, "{\"alg\":\"ES256\",\"kid\":");
    buffer_append_json_text(&header, slice_of(key_id));
    buffer_append_byte(&header, '}');
    buffer_append_text(&claims, "{\"iss\":");
    buffer_append_json_text(&claims, slice_of(team_id));
    buffer_append_format(&claims, ",\"iat\":%lld}", (long long)(now_ms / 1000));
    buffer_append_text(out, "bearer ");
    const bool done = jwt_sign_es256(key, buffer_slice(&header), buffer_slice(&claims), out, error);
    buffer_free(&header);
    buffer_free(&claims);
    return done;
}
