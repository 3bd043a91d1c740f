/* A file with a secret: read whole, and looked at again to see whether it is another one by now. */
#ifndef COLUMBA_DISPATCHER_KEY_FILE_H
#define COLUMBA_DISPATCHER_KEY_FILE_H

#include "common/base/buffer.h"
#include "common/base/error.h"

#include <sys/stat.h>

enum { KEY_FILE_BYTES_MAX = 64 * 1024 };

/* What a file is known again by; zero-initialised it is that of no file. */
struct key_file_identity {
    dev_t device;
    ino_t inode;
    off_t size_bytes;
    struct timespec modified;
};

/* Appends the content of a regular file; out is the caller's to wipe. */
bool key_file_read(const char *path, struct buffer *out, struct key_file_identity *identity,
                   struct error *error);

/* As the file is now; that of no file where there is none. */
struct key_file_identity key_file_identify(const char *path);

/* Whether the path leads to another file, or another content, than it did. */
bool key_file_has_changed(const char *path, const struct key_file_identity *identity);

#endif
