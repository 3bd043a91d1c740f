#include "common/base/buffer.h"

#include "common/base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct buffer *buffer, size_t more) {
    size_t wanted = buffer->size + more;

    if (wanted <= buffer->capacity)
        return;
    size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
    while (capacity < wanted)
        capacity *= 2;
    buffer->data = memory_resize(buffer->data, capacity);
    buffer->capacity = capacity;
}

void buffer_free(struct buffer *buffer) {
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_free_secret(struct buffer *buffer) {
    if (buffer->data != NULL)
        memory_wipe(buffer->data, buffer->capacity);
    buffer_free(buffer);
}

void buffer_clear(struct buffer *buffer) {
    buffer->size = 0;
}

void buffer_append(struct buffer *buffer, struct slice slice) {
    if (slice.size == 0)
        return;
    reserve(buffer, slice.size);
    memcpy(buffer->data + buffer->size, slice.data, slice.size);
    buffer->size += slice.size;
}

void buffer_append_text(struct buffer *buffer, const char *text) {
    buffer_append(buffer, slice_of(text));
}

void buffer_append_byte(struct buffer *buffer, char byte) {
    buffer_append(buffer, (struct slice){.data = &byte, .size = 1});
}

void buffer_append_format(struct buffer *buffer, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length <= 0)
        return;
    reserve(buffer, (size_t)length + 1);
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->size, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)length;
}

/* How many bytes from the start are written as they are. */
static size_t plain_run(struct slice text) {
    size_t size = 0;

    while (size < text.size) {
        unsigned char byte = (unsigned char)text.data[size];
        size_t length = 1;
        if (byte >= 0x80)
            length = slice_utf8_sequence(
                (struct slice){.data = text.data + size, .size = text.size - size});
        else if (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7F)
            break;
        if (length == 0)
            break;
        size += length;
    }
    return size;
}

static void append_special(struct buffer *buffer, unsigned char byte) {
    static const char short_forms[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                       ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};

    if (byte >= 0x80) {
        buffer_append_text(buffer, "\xEF\xBF\xBD");
    } else if (byte < sizeof short_forms && short_forms[byte] != 0) {
        buffer_append_byte(buffer, '\\');
        buffer_append_byte(buffer, short_forms[byte]);
    } else {
        buffer_append_format(buffer, "\\u%04x", byte);
    }
}

void buffer_append_json_escaped(struct buffer *buffer, struct slice text) {
    size_t at = 0;

    while (at < text.size) {
        struct slice rest = {.data = text.data + at, .size = text.size - at};
        size_t plain = plain_run(rest);
        buffer_append(buffer, (struct slice){.data = rest.data, .size = plain});
        at += plain;
        if (at < text.size)
            append_special(buffer, (unsigned char)text.data[at++]);
    }
}

void buffer_append_json_text(struct buffer *buffer, struct slice text) {
    buffer_append_byte(buffer, '"');
    buffer_append_json_escaped(buffer, text);
    buffer_append_byte(buffer, '"');
}

struct slice buffer_slice(const struct buffer *buffer) {
    return (struct slice){.data = buffer->data, .size = buffer->size};
}

const char *buffer_text(struct buffer *buffer) {
    reserve(buffer, 1);
    buffer->data[buffer->size] = '\0';
    return buffer->data;
}
