/* A golden file: JSON in which a long run of one character, or of a few, is written <<text*count>>,
 * so that a text of 1,024 bytes can be read and counted. */
#ifndef COLUMBA_GOLDEN_FILE_H
#define COLUMBA_GOLDEN_FILE_H

#include "common/base/buffer.h"

#include <json-c/json.h>

/* NULL, said on standard error, when the file cannot be read or is not JSON. The tree as written
 * goes to *written, with its runs; both are released with json_object_put(). */
struct json_object *golden_file_read(const char *path, struct json_object **written);

/* Writes the tree as people like to read it, runs shortened. */
bool golden_file_write(const char *path, struct json_object *written);

#endif
