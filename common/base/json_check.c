#include "common/base/json_check.h"

#include <string.h>

struct cursor {
    const char *at;
    const char *end;
};

static bool check_value(struct cursor *cursor, int depth_left);

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

static bool check_string(struct cursor *cursor) {
    if (!take(cursor, '"'))
        return false;
    while (cursor->at < cursor->end) {
        unsigned char byte = (unsigned char)*cursor->at;
        if (byte >= 0x80) {
            size_t length = slice_utf8_sequence(
                (struct slice){.data = cursor->at, .size = (size_t)(cursor->end - cursor->at)});
            if (length == 0)
                return false;
            cursor->at += length;
            continue;
        }
        if (byte < 0x20)
            return false;
        cursor->at++;
        if (byte == '"')
            return true;
        if (byte == '\\' && !check_escape(cursor))
            return false;
    }
    return false;
}

static bool check_array(struct cursor *cursor, int depth_left) {
    skip_space(cursor);
    if (take(cursor, ']'))
        return true;
    do {
        if (!check_value(cursor, depth_left))
            return false;
    } while (take(cursor, ','));
    return take(cursor, ']');
}

static bool check_object(struct cursor *cursor, int depth_left) {
    skip_space(cursor);
    if (take(cursor, '}'))
        return true;
    do {
        skip_space(cursor);
        if (!check_string(cursor))
            return false;
        skip_space(cursor);
        if (!take(cursor, ':') || !check_value(cursor, depth_left))
            return false;
    } while (take(cursor, ','));
    return take(cursor, '}');
}

/* The value with the white space on both of its sides. */
static bool check_value(struct cursor *cursor, int depth_left) {
    bool valid = false;

    skip_space(cursor);
    if (is_next(cursor, '"'))
        valid = check_string(cursor);
    else if (take(cursor, '{'))
        valid = depth_left > 0 && check_object(cursor, depth_left - 1);
    else if (take(cursor, '['))
        valid = depth_left > 0 && check_array(cursor, depth_left - 1);
    else if (is_next(cursor, 't'))
        valid = take_text(cursor, "true");
    else if (is_next(cursor, 'f'))
        valid = take_text(cursor, "false");
    else if (is_next(cursor, 'n'))
        valid = take_text(cursor, "null");
    else
        valid = check_number(cursor);
    skip_space(cursor);
    return valid;
}

bool json_check(struct slice text, int depth_limit) {
    if (text.size == 0)
        return false;
    struct cursor cursor = {.at = text.data, .end = text.data + text.size};
    return check_value(&cursor, depth_limit) && cursor.at == cursor.end;
}
