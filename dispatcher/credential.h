/* The credentials that providers ask for: cached, signed or fetched once for all who need them,
 * renewed ahead of time. Key files are read for them and for nobody else; what is signed and what a
 * token endpoint answers is decided in providers/, by the table in credential_kinds.c. */
#ifndef COLUMBA_DISPATCHER_CREDENTIAL_H
#define COLUMBA_DISPATCHER_CREDENTIAL_H

#include "common/base/loop.h"
#include "common/push/app.h"
#include "dispatcher/sender.h"

struct credentials;

struct credentials *credentials_new(struct loop *loop, struct sender *sender);

/* Whoever still waits is not called back. The sender is closed before it, or in the same turn. */
void credentials_free(struct credentials *credentials);

enum credential_result {
    CREDENTIAL_READY,
    CREDENTIAL_LATER,  /* the token endpoint is away or busy: wait and ask again */
    CREDENTIAL_BROKEN, /* key file or project are wrong: only an operator can mend it */
};

struct credential {
    struct slice authorization; /* a header value; empty for an app whose provider needs none */
    bool is_of_old_key; /* the key was replaced since, and what is made with it not here yet */
};

/* The credential is borrowed for the call, and empty unless READY; then reason is not set. */
typedef void credential_fetched(void *context, enum credential_result result,
                                const struct credential *credential, const char *reason);

/* Lets go of what no app of these, and nobody who waits, has a use for any more. */
void credentials_keep(struct credentials *credentials, const struct apps *apps);

/* A token of the app that is good for at least another ten seconds, without waiting: true, and
 * *out valid until the next call of this module. The audience is what the provider's row says of
 * the device; empty where it says nothing. */
bool credential_cached(struct credentials *credentials, const struct app *app,
                       struct slice audience, struct credential *out);

/* For an app that credential_cached has nothing for. Calls back exactly once, never within this
 * call. All who ask meanwhile share one fetch. After a failure the next attempt starts no sooner
 * than a second later; who asks before gets that answer. */
void credential_fetch(struct credentials *credentials, const struct app *app, struct slice audience,
                      credential_fetched *fetched, void *context);

/* The provider called this value stale. It is forgotten, unless a newer one is already there, or it
 * is one of APNs and younger than twenty minutes: that is an alarm about the clock. */
void credential_forget(struct credentials *credentials, const struct app *app,
                       struct slice audience, struct slice authorization);

/* How far our wall clock is ahead of the brokers', by which tokens are made out from now on if it
 * is more than providers bear. Those made out before are forgotten then. */
void credentials_set_clock_lead(struct credentials *credentials, int64_t lead_ms);

#endif
