#include "dispatcher/providers/hms_oauth.h"

#include <string.h>

const char hms_oauth_token_url[] = "https://oauth-login.cloud.huawei.com/oauth2/v3/token";

/* Everything but RFC 3986's unreserved characters as %XX. */
static void append_form_value(struct buffer *out, const char *value) {
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *value != '\0'; value++) {
        if (strchr(unreserved, *value) != NULL)
            buffer_append_byte(out, *value);
        else
            buffer_append_format(out, "%%%02X", (unsigned)(unsigned char)*value);
    }
}

void hms_oauth_form(const char *client_id, const char *client_secret, struct buffer *out) {
    buffer_append_text(out, "grant_type=client_credentials&client_id=");
    append_form_value(out, client_id);
    buffer_append_text(out, "&client_secret=");
    append_form_value(out, client_secret);
}
