/* Reads files whole: the configuration, and the secrets it names. */
#ifndef COLUMBA_CONFIG_FILE_H
#define COLUMBA_CONFIG_FILE_H

#include "common/base/buffer.h"
#include "common/base/error.h"

/* Appends the content. The error is the system's word alone ("No such file or directory"), or that
 * it is larger than the limit; out may then hold a part. */
bool file_read(const char *path, size_t limit_bytes, struct buffer *out, struct error *error);

#endif
