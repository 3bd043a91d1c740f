#include "common/base/json.h"

#include <limits.h>
#include <math.h>

struct json_object *json_parse(struct slice text, int depth_limit, bool *is_null) {
    struct json_tokener *tokener = json_tokener_new_ex(depth_limit);
    struct json_object *tree = NULL;
    bool whole = false;

    if (tokener != NULL && text.size <= INT_MAX) {
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8 |
                                            JSON_TOKENER_ALLOW_TRAILING_CHARS);
        tree = json_tokener_parse_ex(tokener, text.data, (int)text.size);
        enum json_tokener_error outcome = json_tokener_get_error(tokener);
        if (outcome == json_tokener_continue) {
            /* A number or literal at the very end is finished only by what follows it. */
            tree = json_tokener_parse_ex(tokener, "", 1);
            outcome = json_tokener_get_error(tokener);
            whole = outcome == json_tokener_success;
        } else if (outcome == json_tokener_success) {
            size_t end = json_tokener_get_parse_end(tokener);
            while (end < text.size && (text.data[end] == ' ' || text.data[end] == '\t' ||
                                       text.data[end] == '\n' || text.data[end] == '\r'))
                end++;
            whole = end == text.size;
        }
    }
    json_tokener_free(tokener);
    if (!whole) {
        json_object_put(tree);
        tree = NULL;
    }
    if (is_null != NULL)
        *is_null = whole && tree == NULL;
    return tree;
}

struct json_object *json_member(struct json_object *object, const char *name) {
    struct json_object *value = NULL;

    if (!json_object_is_type(object, json_type_object))
        return NULL;
    json_object_object_get_ex(object, name, &value);
    return value;
}

static struct json_object *member_of_type(struct json_object *object, const char *name,
                                          enum json_type type) {
    struct json_object *value = json_member(object, name);

    return json_object_is_type(value, type) && value != NULL ? value : NULL;
}

struct slice json_text(struct json_object *value) {
    if (value == NULL || !json_object_is_type(value, json_type_string))
        return (struct slice){0};
    return (struct slice){.data = json_object_get_string(value),
                          .size = (size_t)json_object_get_string_len(value)};
}

struct slice json_member_text(struct json_object *object, const char *name) {
    return json_text(json_member(object, name));
}

struct json_object *json_member_object(struct json_object *object, const char *name) {
    return member_of_type(object, name, json_type_object);
}

struct json_object *json_member_array(struct json_object *object, const char *name) {
    return member_of_type(object, name, json_type_array);
}

static bool integer_of_double(double number, int64_t *out) {
    if (!(fabs(number) < 9e15))
        return false;
    *out = (int64_t)number;
    return true;
}

bool json_member_integer(struct json_object *object, const char *name, int64_t *out) {
    struct json_object *value = json_member(object, name);
    long long number = 0;

    switch (json_object_get_type(value)) {
    case json_type_int:
        *out = json_object_get_int64(value);
        return true;
    case json_type_double:
        return integer_of_double(json_object_get_double(value), out);
    case json_type_string:
        if (!slice_to_int64(json_text(value), &number))
            return false;
        *out = number;
        return true;
    default:
        return false;
    }
}

void json_write(struct json_object *value, struct buffer *out) {
    size_t length = 0;
    const char *text = json_object_to_json_string_length(
        value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);

    buffer_append(out, (struct slice){.data = text, .size = length});
}
