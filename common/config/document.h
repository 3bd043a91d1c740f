/* A file as a tree in Columba's words, in whichever words it is written. */
#ifndef COLUMBA_CONFIG_DOCUMENT_H
#define COLUMBA_CONFIG_DOCUMENT_H

#include "common/config/yaml_writer.h"

/* Zero-initialised is empty and valid. */
struct document {
    struct yaml_tree *tree;
    struct yaml_tree *origin; /* what the tree was made from: a file of Sygnal's; else NULL */
};

/* Errors name the lines of the file itself. sources is where files are noted that the tree's
 * readers read. On failure there is nothing to close. */
bool document_open(const char *name, struct slice text, struct sources *sources,
                   struct document *out, struct error *error);

/* Says in the log what is odd but not wrong: for when the whole file is known to be sound. */
void document_log_warnings(const struct document *document);

void document_close(struct document *document);

/* Appends what a file of Sygnal's means, in Columba's words, with what is not taken over in
 * comments. An error for any other file. */
bool document_import(const char *name, struct slice text, struct yaml_writer *out,
                     struct error *error);

#endif
