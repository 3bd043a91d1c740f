/* The table of commands as text: what --help shows, and the man page. Pure. */
#ifndef COLUMBA_CTL_MANUAL_H
#define COLUMBA_CTL_MANUAL_H

#include "deploy/columbactl/invocation.h"

/* Every command in a line. */
void manual_write_help(const struct command *commands, size_t count, struct buffer *out);

/* One command with its notes and its options. */
void manual_write_command(const struct command *command, struct buffer *out);

/* A page for man(1). */
void manual_write_page(const struct command *commands, size_t count, struct buffer *out);

#endif
