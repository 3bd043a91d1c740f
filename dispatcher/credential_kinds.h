/* The kinds of credentials: what each hangs on, how its key file is read, and whether it is signed
 * here or asked for at a token endpoint. One row for each. Pure. */
#ifndef COLUMBA_DISPATCHER_CREDENTIAL_KINDS_H
#define COLUMBA_DISPATCHER_CREDENTIAL_KINDS_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/push/app.h"

#include <stdint.h>

enum { CREDENTIAL_TEXTS = 3, CREDENTIAL_AUDIENCES_MAX = 4096 };

/* What the credential of an app hangs on: apps that agree in all of it share one. */
struct credential_source {
    const char *key_path;                /* NULL: no file */
    const char *texts[CREDENTIAL_TEXTS]; /* the kind's own; secrets may be among them */
    const char *missing;                 /* what has to be configured; NULL when nothing */
};

struct credential_ask {
    const void *key;
    const struct credential_source *source;
    struct slice audience;
    int64_t now_ms; /* wall clock */
};

struct credential_kind_row {
    /* False when this app needs none. */
    bool (*source)(const struct app *app, struct credential_source *out);

    /* The content of the key file. All NULL where there is none. key_remark appends what an
     * operator may want to know of a key that works. */
    void *(*key_read)(struct slice text, struct error *error);
    void (*key_free)(void *key);
    void (*key_remark)(const void *key, const struct credential_source *source, struct buffer *out);

    /* Signed here: appends the header's value. Or asked for: url and form of the request; what
     * comes back is for oauth_answer_read. One of the two is NULL. */
    bool (*sign)(const struct credential_ask *ask, struct buffer *authorization,
                 struct error *error);
    bool (*request)(const struct credential_ask *ask, const char **url, struct buffer *form,
                    struct error *error);

    /* Of what is signed here. */
    int64_t lifetime_ms;
    int64_t refresh_ms; /* its age when a new one is signed */
    int64_t least_ms;   /* until that age it is kept, whatever a provider says of it */

    size_t audiences_max;
};

/* NULL when the app needs no credential; else *source, which points into the app. */
const struct credential_kind_row *credential_kind_of(const struct app *app,
                                                     struct credential_source *source);

bool credential_source_equal(const struct credential_source *a, const struct credential_source *b);

/* A copy with texts of its own; release it with credential_source_release, which wipes it. */
struct credential_source credential_source_copy(const struct credential_source *source);
void credential_source_release(struct credential_source *source);

#endif
