#include "common/base/log.h"

#include "common/base/buffer.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const level_names[] = {"error", "warning", "info", "debug"};

/* The log sink: the only global there is. */
static struct {
    const char *program;
    bool plain;
    _Atomic int level;
} sink = {.program = "columba", .level = LOG_LEVEL_INFO};

void log_open(const char *program, enum log_level level) {
    sink.program = program;
    sink.plain = false;
    atomic_store(&sink.level, (int)level);
}

void log_open_plain(const char *program, enum log_level level) {
    log_open(program, level);
    sink.plain = true;
}

bool log_enabled(enum log_level level) {
    return (int)level <= atomic_load_explicit(&sink.level, memory_order_relaxed);
}

static void append_time(struct buffer *line) {
    struct timespec now;
    struct tm utc;
    char text[32];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    buffer_append_format(line, "{\"time\":\"%s.%03ldZ\"", text, now.tv_nsec / 1000000);
}

static void append_text(struct buffer *line, const char *name, struct slice text) {
    buffer_append_format(line, ",\"%s\":\"", name);
    buffer_append_json_escaped(line, text);
    buffer_append_byte(line, '"');
}

static bool is_sentence(const struct log_field *field) {
    return field->text.data != NULL &&
           (strcmp(field->name, "reason") == 0 || strcmp(field->name, "detail") == 0);
}

static void write_json(enum log_level level, const char *event, const struct log_field *fields,
                       struct buffer *line) {
    append_time(line);
    append_text(line, "level", slice_of(level_names[level]));
    append_text(line, "program", slice_of(sink.program));
    append_text(line, "event", slice_of(event));
    for (const struct log_field *field = fields; field->name != NULL; field++) {
        if (field->name[0] == '\0')
            continue;
        if (field->text.data != NULL)
            append_text(line, field->name, field->text);
        else
            buffer_append_format(line, ",\"%s\":%lld", field->name, (long long)field->number);
    }
    buffer_append_byte(line, '}');
}

/* The sentence first, then what it is about. Escaped, so that nothing reaches into the terminal. */
static void write_plain(enum log_level level, const char *event, const struct log_field *fields,
                        struct buffer *line) {
    const char *before = " (";

    buffer_append_format(line, "%s: %s: %s", sink.program, level_names[level], event);
    for (const struct log_field *field = fields; field->name != NULL; field++)
        if (is_sentence(field)) {
            buffer_append_text(line, ": ");
            buffer_append_json_escaped(line, field->text);
        }
    for (const struct log_field *field = fields; field->name != NULL; field++) {
        if (field->name[0] == '\0' || is_sentence(field))
            continue;
        buffer_append_format(line, "%s%s ", before, field->name);
        if (field->text.data != NULL)
            buffer_append_json_escaped(line, field->text);
        else
            buffer_append_format(line, "%lld", (long long)field->number);
        before = ", ";
    }
    buffer_append_text(line, before[0] == ',' ? ")" : "");
}

void log_write(enum log_level level, const char *event, const struct log_field *fields) {
    struct buffer line = {0};

    if (!log_enabled(level))
        return;
    (sink.plain ? write_plain : write_json)(level, event, fields, &line);
    buffer_append_byte(&line, '\n');
    /* A log that cannot be written must not stop the pushes. */
    ssize_t ignored = write(STDERR_FILENO, line.data, line.size);
    (void)ignored;
    buffer_free(&line);
}
