/* A secret that stands in a file of its own, named by an option that ends in _file. */
#ifndef COLUMBA_CONFIG_SECRET_H
#define COLUMBA_CONFIG_SECRET_H

#include "common/base/buffer.h"
#include "common/config/yaml.h"

/* "_file" */
extern const char secret_suffix[];

/* Appends the content of the file that the node names, without one newline at its end. The file is
 * one of the sources of the node's text. */
bool secret_read(const struct yaml_node *node, struct buffer *out, struct error *error);

/* Wipes and frees. */
void secret_free(struct buffer *secret);

#endif
