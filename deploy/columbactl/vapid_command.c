#include "common/base/base64.h"
#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/report.h"
#include "dispatcher/providers/jwt.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

/* Appends a new key as PEM (PKCS#8); out is the caller's to wipe. */
static bool generate(struct buffer *out, struct error *error) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *memory = BIO_new(BIO_s_secmem());
    char *text = NULL;
    long size = 0;
    bool success = key != NULL && memory != NULL &&
                   PEM_write_bio_PKCS8PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL) == 1;

    if (success)
        size = BIO_get_mem_data(memory, &text);
    if (size > 0)
        buffer_append(out, (struct slice){.data = text, .size = (size_t)size});
    EVP_PKEY_free(key);
    BIO_free(memory);
    return size > 0 || error_set(error, ERROR_SYSTEM, "OpenSSL makes no key");
}

/* A file that is there is somebody's key: it is left alone. */
static bool write_file(const char *path, struct slice text, struct error *error) {
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool success;

    if (file < 0)
        return error_set(error, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    success = write(file, text.data, text.size) == (ssize_t)text.size && fsync(file) == 0;
    if (!success)
        error_set(error, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    close(file);
    return success;
}

/* What browsers subscribe with: read back from the file's text by what the dispatcher reads with.
 */
static bool public_key(struct slice pem, struct buffer *out, struct error *error) {
    struct jwt_key *key = jwt_key_read_es256(pem, error);
    struct buffer point = {0};

    if (key == NULL)
        return false;
    jwt_key_write_public(key, &point);
    base64url_encode(buffer_slice(&point), out);
    buffer_free(&point);
    jwt_key_free(key);
    return true;
}

enum command_status vapid_command_generate(const struct invocation *invocation, struct buffer *out,
                                           struct error *error) {
    const char *path = invocation->arguments[0];
    struct buffer pem = {0};
    struct buffer name = {0};
    bool success = generate(&pem, error) && public_key(buffer_slice(&pem), &name, error) &&
                   write_file(path, buffer_slice(&pem), error);

    if (success && invocation->json) {
        struct json_object *whole = json_object_new_object();
        report_text(whole, "file", path);
        report_text(whole, "public_key", buffer_text(&name));
        report_end_take(whole, out);
    } else if (success) {
        buffer_append_format(out,
                             "%s has a new private key; only its owner may read it. In the "
                             "configuration of the app:\n\n"
                             "    vapid_private_key: %s\n\n"
                             "Browsers subscribe with the public key (applicationServerKey):\n\n"
                             "    %s\n",
                             path, path, buffer_text(&name));
    }
    buffer_free_secret(&pem);
    buffer_free(&name);
    return success ? COMMAND_OK : invocation_status_of(error);
}
