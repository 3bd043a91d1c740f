/* A borrowed run of bytes: not owned, not terminated, may hold any byte. */
#ifndef COLUMBA_BASE_SLICE_H
#define COLUMBA_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>

struct slice {
    const char *data; /* NULL only when size is 0 */
    size_t size;
};

/* A name and its bytes: an HTTP header or a header of a record. The name is a C string. */
struct header {
    const char *name;
    struct slice value;
};

/* The bytes of a C string without its terminator; NULL gives the empty slice. */
struct slice slice_of(const char *text);

bool slice_equal(struct slice a, struct slice b);

/* Compares with a C string. */
bool slice_is(struct slice slice, const char *text);

/* Compares ASCII letters without regard to case. */
bool slice_is_ignoring_case(struct slice slice, const char *text);

/* The value of the first header of that name (ASCII case ignored); the empty slice with data NULL
 * when absent. */
struct slice header_find(const struct header *headers, size_t count, const char *name);

/* Reads a whole slice as a decimal number; false when it is anything else or does not fit. */
bool slice_to_int64(struct slice slice, long long *out);

/* The length of the well-formed UTF-8 sequence (Unicode 15, table 3-7) that the slice begins with;
 * 0 when it does not begin with one. */
size_t slice_utf8_sequence(struct slice slice);

/* How many bytes of the slice make whole UTF-8 characters and are at most limit_bytes. */
size_t slice_utf8_prefix(struct slice slice, size_t limit_bytes);

/* How many bytes the first so many characters of well-formed UTF-8 take; all when there are fewer.
 */
size_t slice_utf8_characters(struct slice slice, size_t count);

#endif
