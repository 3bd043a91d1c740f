/* What a test's program writes to standard error, as text. */
#ifndef COLUMBA_TESTS_CAPTURE_H
#define COLUMBA_TESTS_CAPTURE_H

#include "common/base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct capture {
    FILE *file;
    int kept;
};

static inline struct capture capture_start(void) {
    struct capture capture = {.file = tmpfile(), .kept = dup(STDERR_FILENO)};

    if (capture.file == NULL || capture.kept < 0 || dup2(fileno(capture.file), STDERR_FILENO) < 0)
        abort();
    return capture;
}

/* Appends what was written since the start. */
static inline void capture_stop(struct capture *capture, struct buffer *out) {
    char chunk[4096];
    size_t got = 0;

    dup2(capture->kept, STDERR_FILENO);
    close(capture->kept);
    rewind(capture->file);
    while ((got = fread(chunk, 1, sizeof chunk, capture->file)) > 0)
        buffer_append(out, (struct slice){.data = chunk, .size = got});
    fclose(capture->file);
}

#endif
