#include "common/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *checked(void *block) {
    static const char message[] =
        "{\"level\":\"error\",\"event\":\"out_of_memory\",\"reason\":\"the process ends; "
        "the queue repeats what was not committed\"}\n";

    if (block == NULL) {
        ssize_t ignored = write(STDERR_FILENO, message, sizeof message - 1);
        (void)ignored;
        abort();
    }
    return block;
}

void *memory_new(size_t size) {
    return checked(calloc(1, size == 0 ? 1 : size));
}

void *memory_new_array(size_t count, size_t member_size) {
    return checked(calloc(count == 0 ? 1 : count, member_size == 0 ? 1 : member_size));
}

void *memory_resize(void *block, size_t size) {
    return checked(realloc(block, size == 0 ? 1 : size));
}

char *memory_copy_slice(struct slice slice) {
    char *copy = checked(malloc(slice.size + 1));

    if (slice.size > 0)
        memcpy(copy, slice.data, slice.size);
    copy[slice.size] = '\0';
    return copy;
}

char *memory_copy_text(const char *text) {
    return memory_copy_slice(slice_of(text));
}

void memory_wipe(void *block, size_t size) {
    explicit_bzero(block, size);
}

void memory_free_secret(char *secret) {
    if (secret != NULL)
        memory_wipe(secret, strlen(secret));
    free(secret);
}
