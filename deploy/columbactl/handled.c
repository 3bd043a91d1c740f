#include "deploy/columbactl/handled.h"

#include "common/base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void insert(struct handled *handled, size_t at, struct handled_range range) {
    handled->ranges =
        memory_resize(handled->ranges, (handled->count + 1) * sizeof *handled->ranges);
    memmove(&handled->ranges[at + 1], &handled->ranges[at],
            (handled->count - at) * sizeof *handled->ranges);
    handled->ranges[at] = range;
    handled->count++;
}

static void remove_at(struct handled *handled, size_t at) {
    handled->count--;
    memmove(&handled->ranges[at], &handled->ranges[at + 1],
            (handled->count - at) * sizeof *handled->ranges);
}

/* Lets next pass the ranges that it has reached. */
static void settle(struct handled *handled) {
    while (handled->count > 0 && handled->ranges[0].from <= handled->next) {
        if (handled->ranges[0].to >= handled->next)
            handled->next = handled->ranges[0].to + 1;
        remove_at(handled, 0);
    }
}

/* A number of digits at *text, which is moved behind it. */
static bool take_number(const char **text, int64_t *out) {
    size_t length = strspn(*text, "0123456789");
    long long number;

    if (length == 0 || length > 18 ||
        !slice_to_int64((struct slice){.data = *text, .size = length}, &number))
        return false;
    *text += length;
    *out = number;
    return true;
}

static bool read_note(struct handled *handled, int64_t offset, const char *note) {
    int64_t last = offset;

    while (*note != '\0') {
        struct handled_range range;
        if (!take_number(&note, &range.from))
            return false;
        range.to = range.from;
        if (*note == '-' && (note++, !take_number(&note, &range.to)))
            return false;
        if (*note != '\0' && (*note++ != ',' || *note == '\0'))
            return false;
        range.from += offset;
        range.to += offset;
        if (range.from <= last || range.to < range.from)
            return false;
        last = range.to;
        insert(handled, handled->count, range);
    }
    return true;
}

void handled_read(int64_t offset, const char *note, int64_t start, struct handled *out) {
    *out = (struct handled){.next = offset > start ? offset : start};
    if (offset >= 0 && !read_note(out, offset, note))
        out->count = 0;
    settle(out);
}

void handled_free(struct handled *handled) {
    free(handled->ranges);
    *handled = (struct handled){0};
}

bool handled_has(const struct handled *handled, int64_t offset) {
    if (offset < handled->next)
        return true;
    for (size_t i = 0; i < handled->count; i++)
        if (handled->ranges[i].from <= offset && offset <= handled->ranges[i].to)
            return true;
    return false;
}

void handled_add(struct handled *handled, int64_t offset) {
    size_t at = 0;

    if (handled_has(handled, offset))
        return;
    while (at < handled->count && handled->ranges[at].to + 1 < offset)
        at++;
    if (at < handled->count && handled->ranges[at].to + 1 == offset)
        handled->ranges[at].to = offset;
    else
        insert(handled, at, (struct handled_range){offset, offset});
    if (at + 1 < handled->count && handled->ranges[at + 1].from <= handled->ranges[at].to + 1) {
        handled->ranges[at].to = handled->ranges[at + 1].to;
        remove_at(handled, at + 1);
    }
    settle(handled);
}

void handled_write(const struct handled *handled, struct buffer *out) {
    for (size_t i = 0; i < handled->count; i++) {
        const struct handled_range *range = &handled->ranges[i];
        buffer_append_format(out, "%s%" PRId64, i == 0 ? "" : ",", range->from - handled->next);
        if (range->to > range->from)
            buffer_append_format(out, "-%" PRId64, range->to - handled->next);
    }
}
