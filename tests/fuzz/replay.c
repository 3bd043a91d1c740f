/* Stands in for libFuzzer where it is not there: runs the target once over every file of the
 * folders named on the command line. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* In memory of just the file's size, so that a sanitizer sees a byte read behind it. */
static bool replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    bool done = false;
    long size = -1;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        goto out;
    size = ftell(file);
    if (size < 0 || fseek(file, 0, SEEK_SET) != 0)
        goto out;
    bytes = malloc((size_t)size + (size == 0));
    if (bytes == NULL || fread(bytes, 1, (size_t)size, file) != (size_t)size)
        goto out;
    LLVMFuzzerTestOneInput(bytes, (size_t)size);
    done = true;
out:
    if (!done)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    free(bytes);
    if (file != NULL)
        fclose(file);
    return done;
}

static bool replay_folder(const char *folder, size_t *count) {
    DIR *directory = opendir(folder);
    struct dirent *entry = NULL;
    char path[4096];
    bool done = directory != NULL;

    if (directory == NULL)
        fprintf(stderr, "%s: %s\n", folder, strerror(errno));
    while (done && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        done = length > 0 && (size_t)length < sizeof path && replay_file(path);
        *count += done;
    }
    if (directory != NULL)
        closedir(directory);
    return done;
}

int main(int argc, char **argv) {
    size_t count = 0;

    for (int i = 1; i < argc; i++)
        if (!replay_folder(argv[i], &count))
            return EXIT_FAILURE;
    printf("%zu inputs\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
