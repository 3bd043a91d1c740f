#include "dispatcher/key_file.h"

#include "common/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct key_file_identity identity_of(const struct stat *status) {
    return (struct key_file_identity){
        .device = status->st_dev,
        .inode = status->st_ino,
        .size_bytes = status->st_size,
        .modified = status->st_mtim,
    };
}

static bool read_all(int descriptor, const char *path, struct buffer *out, struct error *error) {
    char block[4096];
    ssize_t got = 0;

    do {
        got = read(descriptor, block, sizeof block);
        if (got > 0)
            buffer_append(out, (struct slice){.data = block, .size = (size_t)got});
    } while (out->size <= KEY_FILE_BYTES_MAX && (got > 0 || (got < 0 && errno == EINTR)));
    memory_wipe(block, sizeof block);
    if (got < 0)
        return error_set(error, ERROR_SYSTEM, "%s cannot be read: %s", path, strerror(errno));
    if (out->size > KEY_FILE_BYTES_MAX)
        return error_set(error, ERROR_CONFIG, "%s is larger than any key file", path);
    return true;
}

bool key_file_read(const char *path, struct buffer *out, struct key_file_identity *identity,
                   struct error *error) {
    struct stat status;
    bool done = false;
    /* Not blocking: somebody may have put a pipe there. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (descriptor < 0)
        return error_set(error, ERROR_SYSTEM, "%s cannot be opened: %s", path, strerror(errno));
    if (fstat(descriptor, &status) != 0) {
        error_set(error, ERROR_SYSTEM, "%s cannot be read: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(status.st_mode)) {
        error_set(error, ERROR_CONFIG, "%s is not a file", path);
        goto out;
    }
    *identity = identity_of(&status);
    done = read_all(descriptor, path, out, error);
out:
    close(descriptor);
    return done;
}

struct key_file_identity key_file_identify(const char *path) {
    struct stat status;

    return stat(path, &status) == 0 ? identity_of(&status) : (struct key_file_identity){0};
}

bool key_file_has_changed(const char *path, const struct key_file_identity *identity) {
    struct stat status;

    if (stat(path, &status) != 0)
        return true;
    return status.st_dev != identity->device || status.st_ino != identity->inode ||
           status.st_size != identity->size_bytes ||
           status.st_mtim.tv_sec != identity->modified.tv_sec ||
           status.st_mtim.tv_nsec != identity->modified.tv_nsec;
}
