/* The fleet at a glance: what its dispatchers say of themselves now, beside what they said before.
 * Pure. */
#ifndef COLUMBA_CTL_TOP_H
#define COLUMBA_CTL_TOP_H

#include "deploy/columbactl/fleet.h"

/* before may be NULL: then there are no rates. */
void top_write(const struct fleet *before, const struct fleet *now, const char *const *lanes,
               size_t lane_count, int64_t now_ms, struct buffer *out);
void top_write_json(const struct fleet *now, struct buffer *out);

/* A page as a terminal of that size takes it, over the page before: cut at its right and at its
 * end, so that nothing wraps and nothing flickers. */
void top_fit(struct slice page, size_t columns, size_t rows, struct buffer *out);

#endif
