/* Memory that is given out piece by piece and taken back all at once. */
#ifndef COLUMBA_BASE_ARENA_H
#define COLUMBA_BASE_ARENA_H

#include "common/base/slice.h"

struct arena;

/* first_bytes is the size of the first block; later blocks double. */
struct arena *arena_new(size_t first_bytes);
void arena_free(struct arena *arena);

/* Takes everything back; keeps the first block. Pieces given out before are invalid. */
void arena_reset(struct arena *arena);

/* Zeroed, aligned for any type, valid until reset or free. */
void *arena_allocate(struct arena *arena, size_t size);

/* A terminated copy of the bytes; the returned slice does not count the terminator. */
struct slice arena_copy(struct arena *arena, struct slice slice);

/* A formatted, terminated text. */
struct slice arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Bytes held from the system, for accounts. */
size_t arena_footprint_bytes(const struct arena *arena);

#endif
