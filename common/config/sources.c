#include "common/config/sources.h"

#include "common/base/memory.h"
#include "common/config/file.h"

#include <stdlib.h>
#include <string.h>

static void digest_file(struct source *source, struct slice content, bool was_read) {
    memset(source->digest, 0, sizeof source->digest);
    if (was_read)
        hash_sha256(&content, 1, source->digest);
}

static struct source *find(const struct sources *sources, const char *path) {
    for (size_t i = 0; i < sources->count; i++)
        if (strcmp(sources->items[i].path, path) == 0)
            return &sources->items[i];
    return NULL;
}

bool sources_read(struct sources *sources, const char *path, size_t limit_bytes, struct buffer *out,
                  struct error *error) {
    const size_t size_before = out->size;
    const bool done = file_read(path, limit_bytes, out, error);

    if (sources == NULL || find(sources, path) != NULL)
        return done;
    sources->items = memory_resize(sources->items, (sources->count + 1) * sizeof *sources->items);
    struct source *source = &sources->items[sources->count++];
    *source = (struct source){.path = memory_copy_text(path), .limit_bytes = limit_bytes};
    const size_t size = out->size - size_before;
    digest_file(source,
                (struct slice){.data = size == 0 ? "" : out->data + size_before, .size = size},
                done);
    return done;
}

bool sources_is_another(struct source *source) {
    unsigned char before[HASH_SHA256_BYTES];
    struct buffer content = {0};
    struct error error;

    memcpy(before, source->digest, sizeof before);
    const bool was_read = file_read(source->path, source->limit_bytes, &content, &error);
    digest_file(source, buffer_slice(&content), was_read);
    buffer_free_secret(&content);
    return memcmp(before, source->digest, sizeof before) != 0;
}

void sources_move(struct sources *to, struct sources *from) {
    sources_free(to);
    *to = *from;
    *from = (struct sources){0};
}

void sources_copy(struct sources *to, const struct sources *from) {
    sources_free(to);
    to->items = memory_new_array(from->count, sizeof *to->items);
    to->count = from->count;
    for (size_t i = 0; i < from->count; i++) {
        to->items[i] = from->items[i];
        to->items[i].path = memory_copy_text(from->items[i].path);
    }
}

void sources_free(struct sources *sources) {
    for (size_t i = 0; i < sources->count; i++)
        free(sources->items[i].path);
    free(sources->items);
    *sources = (struct sources){0};
}
