#include "common/base/slice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct slice slice_of(const char *text) {
    return (struct slice){.data = text, .size = text == NULL ? 0 : strlen(text)};
}

bool slice_equal(struct slice a, struct slice b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool slice_is(struct slice slice, const char *text) {
    return slice_equal(slice, slice_of(text));
}

bool slice_is_ignoring_case(struct slice slice, const char *text) {
    return slice.size == strlen(text) &&
           (slice.size == 0 || strncasecmp(slice.data, text, slice.size) == 0);
}

struct slice header_find(const struct header *headers, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(headers[i].name, name) == 0)
            return headers[i].value;
    return (struct slice){0};
}

bool slice_to_int64(struct slice slice, long long *out) {
    char text[24];
    char *end = NULL;

    if (slice.size == 0 || slice.size >= sizeof text)
        return false;
    if (slice.data[0] != '-' && (slice.data[0] < '0' || slice.data[0] > '9'))
        return false;
    memcpy(text, slice.data, slice.size);
    text[slice.size] = '\0';
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && end == text + slice.size;
}

size_t slice_utf8_sequence(struct slice slice) {
    const unsigned char *at = (const unsigned char *)slice.data;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    size_t length = 0;

    if (slice.size == 0)
        return 0;
    if (at[0] < 0x80)
        return 1;
    if (at[0] >= 0xC2 && at[0] <= 0xDF)
        length = 2;
    else if (at[0] >= 0xE0 && at[0] <= 0xEF)
        length = 3;
    else if (at[0] >= 0xF0 && at[0] <= 0xF4)
        length = 4;
    if (length == 0 || slice.size < length)
        return 0;
    if (at[0] == 0xE0)
        low = 0xA0;
    else if (at[0] == 0xED)
        high = 0x9F;
    else if (at[0] == 0xF0)
        low = 0x90;
    else if (at[0] == 0xF4)
        high = 0x8F;
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (at[i] < 0x80 || at[i] > 0xBF)
            return 0;
    return length;
}

size_t slice_utf8_prefix(struct slice slice, size_t limit_bytes) {
    if (slice.size <= limit_bytes)
        return slice.size;
    size_t size = limit_bytes;
    while (size > 0 && ((unsigned char)slice.data[size] & 0xC0) == 0x80)
        size--;
    return size;
}

size_t slice_utf8_characters(struct slice slice, size_t count) {
    size_t at = 0;

    for (; count > 0 && at < slice.size; count--)
        at += slice_utf8_sequence((struct slice){.data = slice.data + at, .size = slice.size - at});
    return at;
}
