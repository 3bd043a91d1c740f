#include "common/base/json_check.h"

#include <string.h>

struct cursor {
    const char *at;
    const char *end;
    int depth_limit;
    int depth; /* arrays and objects around the cursor */
    struct json_shape shape;
};

static bool check_value(struct cursor *cursor);

static bool is_next(const struct cursor *cursor, char byte) {
    return cursor->at < cursor->end && *cursor->at == byte;
}

static bool take(struct cursor *cursor, char byte) {
    bool there = is_next(cursor, byte);

    cursor->at += there;
    return there;
}

static bool take_text(struct cursor *cursor, const char *text) {
    size_t length = strlen(text);

    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, text, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

static void skip_space(struct cursor *cursor) {
    while (is_next(cursor, ' ') || is_next(cursor, '\n') || is_next(cursor, '\r') ||
           is_next(cursor, '\t'))
        cursor->at++;
}

static bool take_digits(struct cursor *cursor) {
    const char *start = cursor->at;

    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9')
        cursor->at++;
    return cursor->at > start;
}

static bool check_number(struct cursor *cursor) {
    take(cursor, '-');
    if (!take(cursor, '0') && !take_digits(cursor))
        return false;
    if (take(cursor, '.') && !take_digits(cursor))
        return false;
    if (!take(cursor, 'e') && !take(cursor, 'E'))
        return true;
    if (!take(cursor, '+'))
        take(cursor, '-');
    return take_digits(cursor);
}

static bool is_hex(char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F');
}

/* Behind the backslash. A lone surrogate is grammatical; json-c makes it U+FFFD. */
static bool check_escape(struct cursor *cursor) {
    if (cursor->at == cursor->end)
        return false;
    char kind = *cursor->at++;
    if (kind != 'u')
        return kind != '\0' && strchr("\"\\/bfnrt", kind) != NULL;
    for (int digit = 0; digit < 4; digit++)
        if (cursor->at == cursor->end || !is_hex(*cursor->at++))
            return false;
    return true;
}

/* ASCII that stands for itself in a string. */
static bool is_plain(unsigned char byte) {
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

static void skip_plain(struct cursor *cursor) {
    const char *at = cursor->at;

    while (at < cursor->end && is_plain((unsigned char)*at))
        at++;
    cursor->at = at;
}

static bool check_string(struct cursor *cursor) {
    if (!take(cursor, '"'))
        return false;
    for (;;) {
        skip_plain(cursor);
        if (take(cursor, '"'))
            return true;
        if (take(cursor, '\\')) {
            if (!check_escape(cursor))
                return false;
            continue;
        }
        size_t length = slice_utf8_sequence(
            (struct slice){.data = cursor->at, .size = (size_t)(cursor->end - cursor->at)});
        /* What is left of ASCII here is a control character. */
        if (length < 2)
            return false;
        cursor->at += length;
    }
}

static bool check_array(struct cursor *cursor) {
    skip_space(cursor);
    if (take(cursor, ']'))
        return true;
    do {
        if (!check_value(cursor))
            return false;
    } while (take(cursor, ','));
    return take(cursor, ']');
}

static bool check_object(struct cursor *cursor) {
    skip_space(cursor);
    if (take(cursor, '}'))
        return true;
    do {
        skip_space(cursor);
        if (!check_string(cursor))
            return false;
        skip_space(cursor);
        if (!take(cursor, ':') || !check_value(cursor))
            return false;
    } while (take(cursor, ','));
    return take(cursor, '}');
}

static bool check_container(struct cursor *cursor) {
    if (cursor->depth == cursor->depth_limit)
        return false;
    if (++cursor->depth > cursor->shape.depth)
        cursor->shape.depth = cursor->depth;
    bool is_object = *cursor->at++ == '{';
    cursor->shape.object_count += is_object;
    bool valid = is_object ? check_object(cursor) : check_array(cursor);
    cursor->depth--;
    return valid;
}

/* The value with the white space on both of its sides. */
static bool check_value(struct cursor *cursor) {
    bool valid = false;

    cursor->shape.value_count++;
    skip_space(cursor);
    switch (cursor->at < cursor->end ? *cursor->at : '\0') {
    case '"':
        valid = check_string(cursor);
        break;
    case '{':
    case '[':
        valid = check_container(cursor);
        break;
    case 't':
        valid = take_text(cursor, "true");
        break;
    case 'f':
        valid = take_text(cursor, "false");
        break;
    case 'n':
        valid = take_text(cursor, "null");
        break;
    default:
        valid = check_number(cursor);
    }
    skip_space(cursor);
    return valid;
}

bool json_check(struct slice text, int depth_limit, struct json_shape *shape) {
    if (text.size == 0)
        return false;
    struct cursor cursor = {
        .at = text.data, .end = text.data + text.size, .depth_limit = depth_limit};
    if (!check_value(&cursor) || cursor.at < cursor.end)
        return false;
    if (shape != NULL)
        *shape = cursor.shape;
    return true;
}
