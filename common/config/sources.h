/* The files that a configuration was read from: its own, those of the secrets that it names, and
 * those that connections are made with. Each with a digest of what was in it then, so that it is
 * seen when it is another. */
#ifndef COLUMBA_CONFIG_SOURCES_H
#define COLUMBA_CONFIG_SOURCES_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/hash.h"

struct source {
    char *path;
    size_t limit_bytes;                      /* larger is as good as unreadable */
    unsigned char digest[HASH_SHA256_BYTES]; /* zeros: it could not be read */
};

/* Zero-initialised is none. */
struct sources {
    struct source *items;
    size_t count;
};

/* Reads a file as file_read does, and notes it, whether or not it could be read; a path that is
 * there already keeps its first digest. sources may be NULL: then nothing is noted. */
bool sources_read(struct sources *sources, const char *path, size_t limit_bytes, struct buffer *out,
                  struct error *error);

/* What *to had is freed; sources_move leaves *from empty. */
void sources_move(struct sources *to, struct sources *from);
void sources_copy(struct sources *to, const struct sources *from);
void sources_free(struct sources *sources);

/* Whether what is in the file is another content than that of the digest, which then becomes it. */
bool sources_is_another(struct source *source);

#endif
