/* Which records of a partition have been handled: all before a commit, and some behind it, which
 * are kept as a note beside the commit. Pure. */
#ifndef COLUMBA_CTL_HANDLED_H
#define COLUMBA_CTL_HANDLED_H

#include "common/base/buffer.h"
#include "common/base/error.h"

#include <stdint.h>

struct handled_range {
    int64_t from;
    int64_t to; /* the last one */
};

struct handled {
    int64_t next;                 /* the first that is not handled */
    struct handled_range *ranges; /* behind next, ascending, with gaps between them */
    size_t count;
};

/* As it was written; start is where the log begins by now. offset -1 is no commit; a note that
 * cannot be read is none. Released with handled_free. */
void handled_read(int64_t offset, const char *note, int64_t start, struct handled *out);
void handled_free(struct handled *handled);

bool handled_has(const struct handled *handled, int64_t offset);
void handled_add(struct handled *handled, int64_t offset);

/* The note, relative to next: "2,5-7". */
void handled_write(const struct handled *handled, struct buffer *out);

#endif
