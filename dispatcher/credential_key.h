/* The key that a credential is signed with, as its file has it: read when it is first needed, and
 * again when the file is another. One that is broken leaves the key that was read before. */
#ifndef COLUMBA_DISPATCHER_CREDENTIAL_KEY_H
#define COLUMBA_DISPATCHER_CREDENTIAL_KEY_H

#include "dispatcher/credential_kinds.h"

struct credential_key;

/* row and source outlive the key; app_id is for the log. */
struct credential_key *credential_key_new(const struct credential_kind_row *row,
                                          const struct credential_source *source,
                                          const char *app_id);
void credential_key_free(struct credential_key *key);

/* Looks at the file, and reads it if need be. False with an error that names the file when there is
 * no key to go on with. */
bool credential_key_look(struct credential_key *key, struct error *error);

/* What the row's key_read made; NULL before the first look. Valid until the next one. */
const void *credential_key_content(const struct credential_key *key);

/* Grows with every other key that is read; the same content in another file is the same key. */
unsigned credential_key_generation(const struct credential_key *key);

#endif
