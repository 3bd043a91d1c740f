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

void buffer_append_json_escaped(struct buffer *buffer, struct slice text) {
    static const char short_forms[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                       ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    const unsigned char *bytes = (const unsigned char *)text.data;

    for (size_t i = 0; i < text.size;) {
        unsigned char byte = bytes[i];
        size_t length =
            slice_utf8_sequence((struct slice){.data = text.data + i, .size = text.size - i});
        if (length == 0) {
            buffer_append_text(buffer, "\xEF\xBF\xBD");
            length = 1;
        } else if (byte < sizeof short_forms && short_forms[byte] != 0) {
            buffer_append_byte(buffer, '\\');
            buffer_append_byte(buffer, short_forms[byte]);
        } else if (byte < 0x20 || byte == 0x7F) {
            buffer_append_format(buffer, "\\u%04x", byte);
        } else {
            buffer_append(buffer, (struct slice){.data = text.data + i, .size = length});
        }
        i += length;
    }
}

struct slice buffer_slice(const struct buffer *buffer) {
    return (struct slice){.data = buffer->data, .size = buffer->size};
}

const char *buffer_text(struct buffer *buffer) {
    reserve(buffer, 1);
    buffer->data[buffer->size] = '\0';
    return buffer->data;
}
