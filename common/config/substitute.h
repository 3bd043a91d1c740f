/* The environment inside the configuration: ${NAME}, ${NAME:-default}, and $$ for one dollar. */
#ifndef COLUMBA_CONFIG_SUBSTITUTE_H
#define COLUMBA_CONFIG_SUBSTITUTE_H

#include "common/base/buffer.h"
#include "common/base/error.h"

/* Appends the text with every variable replaced, once: what a variable holds is not looked at
 * again. The default counts when the variable is unset or empty. A dollar before anything but `{`
 * and `$` stands for itself. False for a variable that is unset, and for a brace that is not closed
 * or holds no name; the error never holds a variable's value. */
bool substitute_environment(struct slice text, struct buffer *out, struct error *error);

#endif
