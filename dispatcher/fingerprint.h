/* What an app shows its provider, as 16 digits: its configuration there, the content of its key
 * file and the way to the provider. Apps with another credential, before and after a rotation or in
 * another pod, differ. */
#ifndef COLUMBA_DISPATCHER_FINGERPRINT_H
#define COLUMBA_DISPATCHER_FINGERPRINT_H

#include "common/base/hash.h"
#include "common/push/app.h"
#include "common/push/gate_entry.h"
#include "dispatcher/key_file.h"

/* Zero-initialised it is none yet. */
struct fingerprint {
    struct key_file_identity identity;
    unsigned char file[HASH_SHA256_BYTES];
    char text[GATE_FINGERPRINT_SIZE];
};

/* The one file that the app's credential is made of, by its path; "" where there is none. Borrowed
 * from the app. */
const char *fingerprint_key_file(const struct app *app);

/* Looks at the key file, which is read only if it is another one. A file that cannot be read leaves
 * what was known of it. */
void fingerprint_look(struct fingerprint *fingerprint, const struct app *app);

#endif
