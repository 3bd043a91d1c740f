#include "common/config/yaml_writer.h"

#include "common/base/memory.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INDENT = 2, COMMENT_SIZE = 512, FIRST_ROOM = 64 };

void yaml_writer_free(struct yaml_writer *writer) {
    buffer_free_secret(&writer->text);
    free(writer->lines);
    *writer = (struct yaml_writer){0};
}

/* ---- Characters ---- */

/* What a reader of YAML refuses to see although it is UTF-8, or takes for a line break. */
static bool is_unprintable(const unsigned char *at, size_t size) {
    static const struct {
        unsigned char first, second, low, high;
    } three[] = {{0xe2, 0x80, 0xa8, 0xa9}, {0xef, 0xbb, 0xbf, 0xbf}, {0xef, 0xbf, 0xbe, 0xbf}};

    if (at[0] == 0x7f || (size >= 2 && at[0] == 0xc2 && at[1] < 0xa0))
        return true;
    for (size_t i = 0; size >= 3 && i < sizeof three / sizeof three[0]; i++)
        if (at[0] == three[i].first && at[1] == three[i].second && at[2] >= three[i].low &&
            at[2] <= three[i].high)
            return true;
    return false;
}

/* In place: a question mark for each byte of what a comment may not have, cut characters too. */
static void make_printable(char *text) {
    struct slice left = slice_of(text);

    while (left.size > 0) {
        size_t size = slice_utf8_sequence(left);
        bool is_bad = size == 0 || iscntrl((unsigned char)*left.data) ||
                      is_unprintable((const unsigned char *)left.data, left.size);
        size += size == 0 ? 1 : 0;
        if (is_bad)
            memset(text + (left.data - text), '?', size);
        left = (struct slice){.data = left.data + size, .size = left.size - size};
    }
}

/* ---- Lines ---- */

static void begin_line(struct yaml_writer *writer, size_t line) {
    if (writer->line_count == writer->line_room) {
        writer->line_room = writer->line_room == 0 ? FIRST_ROOM : 2 * writer->line_room;
        writer->lines = memory_resize(writer->lines, writer->line_room * sizeof *writer->lines);
    }
    writer->lines[writer->line_count++] = line;
    for (unsigned i = 0; i < writer->depth * INDENT; i++)
        buffer_append_byte(&writer->text, ' ');
}

static void end_line(struct yaml_writer *writer) {
    buffer_append_byte(&writer->text, '\n');
}

void yaml_writer_rewind(struct yaml_writer *writer, const struct yaml_writer *before) {
    writer->text.size = before->text.size;
    writer->line_count = before->line_count;
    writer->depth = before->depth;
}

void yaml_writer_comment(struct yaml_writer *writer, const char *format, ...) {
    char text[COMMENT_SIZE];
    unsigned depth = writer->depth;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    make_printable(text);
    if (text[0] == '\0')
        writer->depth = 0;
    begin_line(writer, 1);
    writer->depth = depth;
    buffer_append_format(&writer->text, "%s%s", text[0] == '\0' ? "" : "# ", text);
    end_line(writer);
}

/* ---- Texts ---- */

/* As the code point that it is: one, two or three bytes, as above. Gives how many. */
static size_t append_code_point(const unsigned char *at, struct buffer *out) {
    unsigned point = at[0];
    size_t size = 1;

    if (at[0] >= 0xe0) {
        point = (unsigned)((at[0] & 0x0f) << 12 | (at[1] & 0x3f) << 6 | (at[2] & 0x3f));
        size = 3;
    } else if (at[0] >= 0xc0) {
        point = (unsigned)((at[0] & 0x1f) << 6 | (at[1] & 0x3f));
        size = 2;
    }
    buffer_append_format(out, "\\u%04x", point);
    return size;
}

static void append_quoted(struct yaml_writer *writer, const char *text, bool doubles_dollars) {
    size_t size = strlen(text);
    struct buffer *out = &writer->text;

    buffer_append_byte(out, '"');
    for (size_t i = 0; i < size; i++) {
        const unsigned char *at = (const unsigned char *)text + i;
        if (is_unprintable(at, size - i))
            i += append_code_point(at, out) - 1;
        else if (*at < 0x80)
            buffer_append_json_escaped(out, (struct slice){.data = text + i, .size = 1});
        else
            buffer_append_byte(out, text[i]);
        if (*at == '$' && doubles_dollars)
            buffer_append_byte(out, '$');
    }
    buffer_append_byte(out, '"');
}

/* Plain in one file is plain in the other, but for what only brackets around it allow. */
static bool stays_plain(const struct yaml_node *node) {
    size_t size = strlen(node->text);

    for (size_t i = 0; i < size; i++)
        if (is_unprintable((const unsigned char *)node->text + i, size - i))
            return false;
    return node->plain && size > 0 && node->text[size - 1] != ':' && strcmp(node->text, "-") != 0 &&
           strpbrk(node->text, "\n\"\\") == NULL;
}

static const char *boolean_of(const char *text) {
    static const struct {
        const char *word, *boolean;
    } words[] = {{"yes", "true"}, {"Yes", "true"},  {"YES", "true"},  {"on", "true"},
                 {"On", "true"},  {"ON", "true"},   {"no", "false"},  {"No", "false"},
                 {"NO", "false"}, {"off", "false"}, {"Off", "false"}, {"OFF", "false"}};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(text, words[i].word) == 0)
            return words[i].boolean;
    return text;
}

static void append_text_node(struct yaml_writer *writer, const struct yaml_node *node,
                             enum yaml_words words) {
    bool is_literal = words == YAML_WORDS_LITERAL;

    if (yaml_is_null(node)) {
        buffer_append_text(&writer->text, "null");
    } else if (!stays_plain(node)) {
        append_quoted(writer, node->text, is_literal);
    } else {
        for (const char *at = is_literal ? boolean_of(node->text) : node->text; *at != '\0'; at++) {
            buffer_append_byte(&writer->text, *at);
            if (*at == '$' && is_literal)
                buffer_append_byte(&writer->text, '$');
        }
    }
}

/* ---- Keys and values ---- */

/* A glob may be plain, as long as it does not begin like an alias. */
static void begin_key(struct yaml_writer *writer, const char *key, size_t line) {
    bool is_plain = isalpha((unsigned char)key[0]) || key[0] == '_';

    begin_line(writer, line);
    for (const char *at = key; *at != '\0'; at++)
        is_plain &= isalnum((unsigned char)*at) || strchr("_.-*?", *at) != NULL;
    if (is_plain)
        buffer_append_text(&writer->text, key);
    else
        append_quoted(writer, key, false);
    buffer_append_byte(&writer->text, ':');
}

void yaml_writer_open(struct yaml_writer *writer, const char *key, size_t line) {
    begin_key(writer, key, line);
    end_line(writer);
    writer->depth++;
}

void yaml_writer_close(struct yaml_writer *writer) {
    writer->depth--;
}

void yaml_writer_raw(struct yaml_writer *writer, const char *key, const char *value, size_t line) {
    begin_key(writer, key, line);
    buffer_append_format(&writer->text, " %s", value);
    end_line(writer);
}

void yaml_writer_text(struct yaml_writer *writer, const char *key, const char *text, size_t line) {
    begin_key(writer, key, line);
    buffer_append_byte(&writer->text, ' ');
    append_quoted(writer, text, true);
    end_line(writer);
}

void yaml_writer_item(struct yaml_writer *writer, const char *text, size_t line) {
    begin_line(writer, line);
    buffer_append_text(&writer->text, "- ");
    append_quoted(writer, text, true);
    end_line(writer);
}

/* What follows a key or a dash. */
static void write_value(struct yaml_writer *writer, const struct yaml_node *node,
                        enum yaml_words words) {
    if (node->kind == YAML_TEXT || node->count == 0) {
        buffer_append_byte(&writer->text, ' ');
        if (node->kind == YAML_TEXT)
            append_text_node(writer, node, words);
        else
            buffer_append_text(&writer->text, node->kind == YAML_MAP ? "{}" : "[]");
        end_line(writer);
        return;
    }
    end_line(writer);
    writer->depth++;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *child = &node->children[i];
        if (node->kind == YAML_MAP) {
            begin_key(writer, child->key, child->line);
        } else {
            begin_line(writer, child->line);
            buffer_append_byte(&writer->text, '-');
        }
        write_value(writer, child, words);
    }
    writer->depth--;
}

void yaml_writer_node(struct yaml_writer *writer, const char *key, const struct yaml_node *node,
                      enum yaml_words words) {
    begin_key(writer, key, node->line);
    write_value(writer, node, words);
}
