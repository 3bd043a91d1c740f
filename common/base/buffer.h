/* Bytes that grow at the end. */
#ifndef COLUMBA_BASE_BUFFER_H
#define COLUMBA_BASE_BUFFER_H

#include "common/base/slice.h"

/* Zero-initialised is empty and valid. */
struct buffer {
    char *data;
    size_t size;
    size_t capacity;
};

/* Empty and valid afterwards. */
void buffer_free(struct buffer *buffer);

/* The same for a secret: its bytes are overwritten before. */
void buffer_free_secret(struct buffer *buffer);

/* Forgets the content, keeps the memory. */
void buffer_clear(struct buffer *buffer);

void buffer_append(struct buffer *buffer, struct slice slice);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_byte(struct buffer *buffer, char byte);
void buffer_append_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends the text as the inside of a JSON string: quotes, backslashes and control bytes escaped,
 * bytes that are not UTF-8 replaced by U+FFFD. */
void buffer_append_json_escaped(struct buffer *buffer, struct slice text);

/* The same as a whole JSON string, with its quotes. */
void buffer_append_json_text(struct buffer *buffer, struct slice text);

/* The content; valid until the next change. */
struct slice buffer_slice(const struct buffer *buffer);

/* The content as a C string; valid until the next change. */
const char *buffer_text(struct buffer *buffer);

#endif
