/* Headers from any producer. An input is a header a line, name=value. */
#include "tests/fuzz/fuzz.h"

#include "common/base/memory.h"
#include "common/push/record.h"

#include <string.h>

/* Fills headers from the text, whose first `=` of each line it makes a NUL. */
static size_t split(char *text, size_t size, struct header headers[RECORD_HEADERS_MAX]) {
    size_t count = 0;

    for (size_t at = 0; at < size && count < RECORD_HEADERS_MAX;) {
        char *line = text + at;
        char *newline = memchr(line, '\n', size - at);
        size_t length = newline == NULL ? size - at : (size_t)(newline - line);
        char *equals = memchr(line, '=', length);
        at += length + 1;
        if (equals == NULL)
            continue;
        *equals = '\0';
        headers[count++] = (struct header){
            .name = line,
            .value = {.data = equals + 1, .size = length - (size_t)(equals + 1 - line)}};
    }
    return count;
}

static void require_same(const struct record_meta *a, const struct record_meta *b) {
    fuzz_require(a->version == b->version);
    fuzz_require(a->accepted_ms == b->accepted_ms);
    fuzz_require(a->attempt == b->attempt);
    fuzz_require(strcmp(a->id, b->id) == 0);
    fuzz_require(a->is_traced == b->is_traced);
    fuzz_require(!a->is_traced || memcmp(&a->trace, &b->trace, sizeof a->trace) == 0);
    fuzz_require(strcmp(a->reason, b->reason) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = memory_copy_slice(fuzz_input(data, size));
    struct header headers[RECORD_HEADERS_MAX];
    struct record_scratch scratch;
    struct record_meta meta;
    struct record_meta again;

    record_meta_read(headers, split(text, size, headers), &meta);
    fuzz_require(meta.version >= 1 && meta.accepted_ms >= 0 && meta.attempt >= 0);
    size_t count = record_meta_write(&meta, &scratch, headers);
    fuzz_require(count >= 1 && count <= RECORD_HEADERS_MAX);
    record_meta_read(headers, count, &again);
    require_same(&meta, &again);
    free(text);
    return 0;
}
