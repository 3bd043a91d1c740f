#include "common/config/substitute.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES_MAX = 128 };

static struct slice part(struct slice text, size_t from, size_t to) {
    return (struct slice){.data = text.data + from, .size = to - from};
}

static bool is_name_byte(char byte, bool first) {
    return byte == '_' || isalpha((unsigned char)byte) || (!first && isdigit((unsigned char)byte));
}

/* Between the braces: NAME or NAME:-default. */
static bool append_variable(struct slice inside, struct buffer *out, struct error *error) {
    char name[NAME_BYTES_MAX + 1];
    size_t length = 0;

    while (length < inside.size && length < NAME_BYTES_MAX &&
           is_name_byte(inside.data[length], length == 0))
        length++;
    struct slice rest = part(inside, length, inside.size);
    bool has_default = rest.size >= 2 && memcmp(rest.data, ":-", 2) == 0;
    if (length == 0 || (rest.size > 0 && !has_default))
        return error_set(error, ERROR_CONFIG,
                         "has a malformed variable, expected ${NAME} or ${NAME:-default} "
                         "($$ writes one dollar)");

    memcpy(name, inside.data, length);
    name[length] = '\0';
    const char *value = getenv(name);
    if (has_default && (value == NULL || value[0] == '\0')) {
        buffer_append(out, part(rest, 2, rest.size));
        return true;
    }
    if (value == NULL)
        return error_set(error, ERROR_CONFIG,
                         "the environment variable %s is not set, expected it, or a default as in "
                         "${%s:-default}",
                         name, name);
    buffer_append_text(out, value);
    return true;
}

bool substitute_environment(struct slice text, struct buffer *out, struct error *error) {
    size_t at = 0;

    while (at < text.size) {
        const char *dollar = memchr(text.data + at, '$', text.size - at);
        size_t stop = dollar == NULL ? text.size : (size_t)(dollar - text.data);
        buffer_append(out, part(text, at, stop));
        at = stop;
        if (at == text.size)
            break;
        char next = at + 1 < text.size ? text.data[at + 1] : '\0';
        if (next != '{') {
            buffer_append_byte(out, '$');
            at += next == '$' ? 2 : 1;
            continue;
        }
        const char *brace = memchr(text.data + at, '}', text.size - at);
        if (brace == NULL)
            return error_set(error, ERROR_CONFIG,
                             "has a ${ without a }, expected ${NAME} ($$ writes one dollar)");
        size_t end = (size_t)(brace - text.data);
        if (!append_variable(part(text, at + 2, end), out, error))
            return false;
        at = end + 1;
    }
    return true;
}
