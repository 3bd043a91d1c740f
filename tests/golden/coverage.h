/* Which shapes of a notify body the golden files of a folder have: every provider is shown what
 * becomes of each of them. */
#ifndef COLUMBA_TESTS_GOLDEN_COVERAGE_H
#define COLUMBA_TESTS_GOLDEN_COVERAGE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised is none. */
struct coverage {
    uint64_t seen; /* a bit for each shape */
    size_t count;
};

/* notify: the body that a homeserver sends, with one device. */
void coverage_note(struct coverage *coverage, struct json_object *notify);

/* Prints what is missing; true when nothing is. */
bool coverage_is_whole(const struct coverage *coverage);

#endif
