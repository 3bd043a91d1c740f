#include "common/base/json.h"

#include "common/base/memory.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct json_object *json_build(struct slice text, const struct json_shape *shape, bool *is_null) {
    struct json_object *tree = NULL;
    bool built = false;
    /* json-c counts the value inside the innermost container as a level of its own, and clears a
     * stack for all that it is allowed. */
    struct json_tokener *tokener =
        text.size <= INT_MAX ? json_tokener_new_ex(shape->depth + 1) : NULL;

    if (tokener != NULL) {
        tree = json_tokener_parse_ex(tokener, text.data, (int)text.size);
        /* A number or literal at the very end is finished only by what follows it. */
        if (json_tokener_get_error(tokener) == json_tokener_continue)
            tree = json_tokener_parse_ex(tokener, "", 1);
        built = json_tokener_get_error(tokener) == json_tokener_success;
        json_tokener_free(tokener);
    }
    if (is_null != NULL)
        *is_null = built && tree == NULL;
    return tree;
}

struct json_object *json_parse(struct slice text, int depth_limit, bool *is_null) {
    struct json_shape shape;

    if (json_check(text, depth_limit, &shape))
        return json_build(text, &shape, is_null);
    if (is_null != NULL)
        *is_null = false;
    return NULL;
}

size_t json_footprint_bytes(struct slice text, const struct json_shape *shape) {
    /* An object is born with a table for sixteen members; any other value is at most a member of
     * one that has grown. */
    enum { OBJECT_BYTES = 800, VALUE_BYTES = 200 };

    return shape->object_count * OBJECT_BYTES +
           (shape->value_count - shape->object_count) * VALUE_BYTES + text.size;
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

bool json_member_is_true(struct json_object *object, const char *name) {
    struct json_object *value = json_member(object, name);

    return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
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

static bool is_any_of(const char *name, const char *const *names) {
    for (; *names != NULL; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

void json_write_name(const char *name, struct buffer *out) {
    buffer_append_text(out, ",\"");
    buffer_append_json_escaped(out, slice_of(name));
    buffer_append_text(out, "\":");
}

void json_write_members(struct json_object *object, const char *const *left_out,
                        struct buffer *out) {
    struct json_object_iter each;

    if (object == NULL || !json_object_is_type(object, json_type_object))
        return;
    json_object_object_foreachC(object, each) {
        if (is_any_of(each.key, left_out))
            continue;
        json_write_name(each.key, out);
        json_write(each.val, out);
    }
}

void json_close_object(size_t start, struct buffer *out) {
    if (out->size == start)
        buffer_append_byte(out, '{');
    else
        out->data[start] = '{';
    buffer_append_byte(out, '}');
}

struct member {
    const char *name;
    struct json_object *value;
};

static int compare_members(const void *a, const void *b) {
    return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static void write_text(struct slice text, struct buffer *out) {
    buffer_append_byte(out, '"');
    buffer_append_json_escaped(out, text);
    buffer_append_byte(out, '"');
}

static void write_object_sorted(struct json_object *object, struct buffer *out) {
    struct member *members =
        memory_new_array((size_t)json_object_object_length(object), sizeof *members);
    struct json_object_iter each;
    size_t count = 0;

    json_object_object_foreachC(object, each) members[count++] =
        (struct member){.name = each.key, .value = each.val};
    qsort(members, count, sizeof *members, compare_members);
    buffer_append_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        write_text(slice_of(members[i].name), out);
        buffer_append_byte(out, ':');
        json_write_sorted(members[i].value, out);
    }
    buffer_append_byte(out, '}');
    free(members);
}

static void write_array_sorted(struct json_object *array, struct buffer *out) {
    size_t count = json_object_array_length(array);

    buffer_append_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        json_write_sorted(json_object_array_get_idx(array, i), out);
    }
    buffer_append_byte(out, ']');
}

void json_write_sorted(struct json_object *value, struct buffer *out) {
    if (json_object_is_type(value, json_type_object))
        write_object_sorted(value, out);
    else if (json_object_is_type(value, json_type_array))
        write_array_sorted(value, out);
    else if (json_object_is_type(value, json_type_string))
        write_text(json_text(value), out);
    else
        json_write(value, out);
}
