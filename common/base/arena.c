#include "common/base/arena.h"

#include "common/base/memory.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *previous;
    size_t used;
    size_t capacity;
    alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *last;
    size_t footprint_bytes;
};

static struct block *add_block(struct arena *arena, size_t capacity) {
    struct block *block = memory_resize(NULL, sizeof *block + capacity);

    block->previous = arena->last;
    block->used = 0;
    block->capacity = capacity;
    arena->last = block;
    arena->footprint_bytes += sizeof *block + capacity;
    return block;
}

struct arena *arena_new(size_t first_bytes) {
    struct arena *arena = memory_new(sizeof *arena);

    add_block(arena, first_bytes);
    return arena;
}

static void drop_blocks_after_first(struct arena *arena) {
    while (arena->last->previous != NULL) {
        struct block *block = arena->last;
        arena->last = block->previous;
        arena->footprint_bytes -= sizeof *block + block->capacity;
        free(block);
    }
}

void arena_free(struct arena *arena) {
    if (arena == NULL)
        return;
    drop_blocks_after_first(arena);
    free(arena->last);
    free(arena);
}

void arena_reset(struct arena *arena) {
    drop_blocks_after_first(arena);
    arena->last->used = 0;
}

void *arena_allocate(struct arena *arena, size_t size) {
    const size_t alignment = alignof(max_align_t);
    size_t rounded = (size + alignment - 1) / alignment * alignment;
    struct block *block = arena->last;

    if (block->capacity - block->used < rounded) {
        size_t doubled = block->capacity * 2;
        block = add_block(arena, doubled > rounded ? doubled : rounded);
    }
    void *piece = block->bytes + block->used;
    block->used += rounded;
    memset(piece, 0, size);
    return piece;
}

struct slice arena_copy(struct arena *arena, struct slice slice) {
    char *copy = arena_allocate(arena, slice.size + 1);

    if (slice.size > 0)
        memcpy(copy, slice.data, slice.size);
    return (struct slice){.data = copy, .size = slice.size};
}

struct slice arena_format(struct arena *arena, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    size_t size = length < 0 ? 0 : (size_t)length;
    char *text = arena_allocate(arena, size + 1);
    va_start(arguments, format);
    vsnprintf(text, size + 1, format, arguments);
    va_end(arguments);
    return (struct slice){.data = text, .size = size};
}

size_t arena_footprint_bytes(const struct arena *arena) {
    return arena->footprint_bytes;
}
