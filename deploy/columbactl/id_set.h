/* Which ids were met before, by 64 bits of each: 16 bytes an id at most. Pure. */
#ifndef COLUMBA_CTL_ID_SET_H
#define COLUMBA_CTL_ID_SET_H

#include "common/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins as all zero. */
struct id_set {
    uint64_t *slots; /* 0 is an empty one */
    size_t capacity; /* a power of two */
    size_t count;
};

/* False when it was there. */
bool id_set_add(struct id_set *set, struct slice id);
void id_set_free(struct id_set *set);

#endif
