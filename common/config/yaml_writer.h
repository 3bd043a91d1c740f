/* YAML as text, one line for each value, that remembers for each line which line of another file it
 * was made from. */
#ifndef COLUMBA_CONFIG_YAML_WRITER_H
#define COLUMBA_CONFIG_YAML_WRITER_H

#include "common/base/buffer.h"
#include "common/config/yaml.h"

/* Zero-initialised is empty and valid. */
struct yaml_writer {
    struct buffer text;
    size_t *lines; /* for struct yaml_source */
    size_t line_count;
    size_t line_room;
    unsigned depth;
};

/* Wipes the text: secrets may be in it. */
void yaml_writer_free(struct yaml_writer *writer);

/* Forgets what was written since the writer was copied. */
void yaml_writer_rewind(struct yaml_writer *writer, const struct yaml_writer *before);

/* A comment of one line; an empty line when there is nothing to say. */
void yaml_writer_comment(struct yaml_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* `key:`, and what is written until the close belongs to it. line is where it comes from. */
void yaml_writer_open(struct yaml_writer *writer, const char *key, size_t line);
void yaml_writer_close(struct yaml_writer *writer);

/* `key: value` with a value that is YAML already. */
void yaml_writer_raw(struct yaml_writer *writer, const char *key, const char *value, size_t line);

/* `key: "text"`, whatever is in the text, with every dollar doubled. */
void yaml_writer_text(struct yaml_writer *writer, const char *key, const char *text, size_t line);

/* `- "text"`, the same as an item of the list that is open. */
void yaml_writer_item(struct yaml_writer *writer, const char *text, size_t line);

enum yaml_words {
    YAML_WORDS_OURS,   /* variables of the environment stay what they are */
    YAML_WORDS_LITERAL /* a dollar is a dollar, and yes, no, on and off are booleans: YAML 1.1 */
};

/* `key: ` and the node with everything in it. */
void yaml_writer_node(struct yaml_writer *writer, const char *key, const struct yaml_node *node,
                      enum yaml_words words);

#endif
