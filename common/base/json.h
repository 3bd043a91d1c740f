/* Reading json-c trees the way Matrix needs it: a null is an absent field, a value of another type
 * than expected is absent too, and nothing here fails. Slices point into the tree. */
#ifndef COLUMBA_BASE_JSON_H
#define COLUMBA_BASE_JSON_H

#include "common/base/buffer.h"
#include "common/base/json_check.h"

#include <json-c/json.h>
#include <stdint.h>

/* Parses what json_check allows. NULL when it does not; a JSON null is reported by *is_null (which
 * may be NULL). Of members with one name the last counts, lone surrogates become U+FFFD, integers
 * beyond 64 bits the nearest that fits, and a name ends at a NUL in it. The caller releases the
 * tree with json_object_put(). */
struct json_object *json_parse(struct slice text, int depth_limit, bool *is_null);

/* The second half of json_parse, for who looks at the shape in between: builds the tree of a text
 * that json_check has passed. */
struct json_object *json_build(struct slice text, const struct json_shape *shape, bool *is_null);

/* About how much memory the tree of that text takes: up to 270 times the text, so that who counts
 * bytes of texts has not bounded memory. */
size_t json_footprint_bytes(struct slice text, const struct json_shape *shape);

/* The member of that name, NULL when absent, null, or when object is not an object. */
struct json_object *json_member(struct json_object *object, const char *name);

/* Members of one type; the empty slice with data NULL, NULL, or false when absent or of another. */
struct slice json_member_text(struct json_object *object, const char *name);
struct json_object *json_member_object(struct json_object *object, const char *name);
struct json_object *json_member_array(struct json_object *object, const char *name);

/* Whether the member is there and true. */
bool json_member_is_true(struct json_object *object, const char *name);

/* An integer, a float (cut towards zero) or a string of digits, as homeservers send counts. */
bool json_member_integer(struct json_object *object, const char *name, int64_t *out);

/* A string value's bytes; the empty slice with data NULL when it is not a string. */
struct slice json_text(struct json_object *value);

/* Appends the value as compact JSON in unescaped UTF-8. */
void json_write(struct json_object *value, struct buffer *out);

/* Appends `,"name":value` for each member that left_out, which ends with NULL, does not name:
 * nothing when it is no object. */
void json_write_members(struct json_object *object, const char *const *left_out,
                        struct buffer *out);

/* Appends `,"name":`. */
void json_write_name(const char *name, struct buffer *out);

/* Makes one object of the members written since out had start bytes, each with its comma before. */
void json_close_object(size_t start, struct buffer *out);

/* Like json_write with the members of every object in the byte order of their names: equal values
 * give equal bytes. */
void json_write_sorted(struct json_object *value, struct buffer *out);

#endif
