#include "deploy/columbactl/id_set.h"

#include "common/base/hash.h"
#include "common/base/memory.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 1024 };

/* Where it is, or would be. At least half of the slots are empty. */
static uint64_t *slot_of(const struct id_set *set, uint64_t key) {
    size_t at = (size_t)key & (set->capacity - 1);

    while (set->slots[at] != 0 && set->slots[at] != key)
        at = (at + 1) & (set->capacity - 1);
    return &set->slots[at];
}

static void grow(struct id_set *set) {
    struct id_set larger = {.capacity = set->capacity == 0 ? FIRST_CAPACITY : set->capacity * 2,
                            .count = set->count};

    larger.slots = memory_new_array(larger.capacity, sizeof *larger.slots);
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slots[i] != 0)
            *slot_of(&larger, set->slots[i]) = set->slots[i];
    free(set->slots);
    *set = larger;
}

bool id_set_add(struct id_set *set, struct slice id) {
    uint64_t key = hash_table_key(id);
    uint64_t *slot;

    key += key == 0 ? 1 : 0;
    if (set->count * 2 >= set->capacity)
        grow(set);
    slot = slot_of(set, key);
    if (*slot == key)
        return false;
    *slot = key;
    set->count++;
    return true;
}

void id_set_free(struct id_set *set) {
    free(set->slots);
    *set = (struct id_set){0};
}
