/* The table of commands as a script that lets a shell complete them. Pure. */
#ifndef COLUMBA_CTL_COMPLETION_H
#define COLUMBA_CTL_COMPLETION_H

#include "deploy/columbactl/invocation.h"

/* For bash, zsh or fish; false for another shell. */
bool completion_write(const char *shell, const struct command *commands, size_t count,
                      struct buffer *out);

#endif
