/* The log: one JSON object a line on standard error, with `time`, `level`, `event` and fields.
 * Never a pushkey, a token, a message's content or a secret: a pushkey appears as its hash. */
#ifndef COLUMBA_BASE_LOG_H
#define COLUMBA_BASE_LOG_H

#include "common/base/slice.h"

#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* The value is text where text.data is set, else the number. */
struct log_field {
    const char *name;
    struct slice text;
    int64_t number;
};

/* text NULL leaves the field out. */
static inline struct log_field log_text(const char *name, const char *text) {
    return (struct log_field){.name = text == NULL ? "" : name, .text = slice_of(text)};
}

static inline struct log_field log_slice(const char *name, struct slice text) {
    return (struct log_field){.name = text.data == NULL ? "" : name, .text = text};
}

static inline struct log_field log_number(const char *name, int64_t number) {
    return (struct log_field){.name = name, .number = number};
}

/* Names the program in every line and sets the lowest level written. Called once, at start. */
void log_open(const char *program, enum log_level level);

/* The same for a person at a terminal: "program: warning: event: reason (name value, …)". */
void log_open_plain(const char *program, enum log_level level);

bool log_enabled(enum log_level level);

/* fields end with a NULL name; an empty name is skipped. One write(2) a line, safe between threads.
 */
void log_write(enum log_level level, const char *event, const struct log_field *fields);

#define log_error(event, ...) log_with(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warning(event, ...) log_with(LOG_LEVEL_WARNING, event, __VA_ARGS__)
#define log_info(event, ...) log_with(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) log_with(LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define log_with(level, event, ...)                                                                \
    log_write(level, event, (const struct log_field[]){__VA_ARGS__, {.name = NULL}})

#endif
