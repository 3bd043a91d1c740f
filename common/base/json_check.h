/* Whether bytes are JSON. json-c alone cannot be asked: what its strict mode takes differs between
 * releases, from NaN and broken UTF-8 in one to no letter beyond ASCII in another. */
#ifndef COLUMBA_BASE_JSON_CHECK_H
#define COLUMBA_BASE_JSON_CHECK_H

#include "common/base/slice.h"

/* Whether the text is exactly one JSON value by the grammar of RFC 8259, in well-formed UTF-8
 * without a byte order mark, with at most depth_limit arrays and objects inside each other. On
 * success *depth (which may be NULL) is how many there are. */
bool json_check(struct slice text, int depth_limit, int *depth);

#endif
