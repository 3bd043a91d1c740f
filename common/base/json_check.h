/* Whether bytes are JSON. json-c alone cannot be asked: what its strict mode takes differs between
 * releases, from NaN and broken UTF-8 in one to no letter beyond ASCII in another. */
#ifndef COLUMBA_BASE_JSON_CHECK_H
#define COLUMBA_BASE_JSON_CHECK_H

#include "common/base/slice.h"

/* What a tree of the text is made of. */
struct json_shape {
    int depth; /* how many arrays and objects are inside each other at most */
    size_t object_count;
    size_t value_count; /* objects included */
};

/* Whether the text is exactly one JSON value by the grammar of RFC 8259, in well-formed UTF-8
 * without a byte order mark, with at most depth_limit arrays and objects inside each other. Fills
 * shape (which may be NULL) on success. */
bool json_check(struct slice text, int depth_limit, struct json_shape *shape);

#endif
