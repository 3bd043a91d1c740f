#include "common/config/file.h"

#include "common/base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool file_read(const char *path, size_t limit_bytes, struct buffer *out, struct error *error) {
    FILE *file = fopen(path, "re");
    char chunk[4096];
    size_t size_before = out->size;
    size_t got = 0;
    bool done = true;

    if (file == NULL)
        return error_set(error, ERROR_SYSTEM, "%s", strerror(errno));
    /* What was read may be a secret: no copy of it stays in the library. */
    setvbuf(file, NULL, _IONBF, 0);
    while (done && (got = fread(chunk, 1, sizeof chunk, file)) > 0) {
        buffer_append(out, (struct slice){.data = chunk, .size = got});
        if (out->size - size_before > limit_bytes)
            done = error_set(error, ERROR_TOO_LARGE, "larger than %zu bytes", limit_bytes);
    }
    if (done && ferror(file))
        done = error_set(error, ERROR_SYSTEM, "%s", strerror(errno));
    memory_wipe(chunk, sizeof chunk);
    fclose(file);
    return done;
}
