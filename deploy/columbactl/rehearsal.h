/* Does by hand what a dispatcher does before its first push: gets the credential of each app, and
 * reaches its provider, with the dispatcher's own parts, since others would prove nothing. Blocks.
 */
#ifndef COLUMBA_CTL_REHEARSAL_H
#define COLUMBA_CTL_REHEARSAL_H

#include "common/config/config.h"
#include "dispatcher/credential.h"

enum { REHEARSAL_TEXT_SIZE = 200, REHEARSAL_ORIGIN_SIZE = 256 };

struct rehearsal_app {
    const struct app *app;
    bool needs_credential;
    bool has_answer; /* of the credential */
    enum credential_result credential;
    char credential_reason[REHEARSAL_TEXT_SIZE];

    char origin[REHEARSAL_ORIGIN_SIZE]; /* "": each pushkey has a host of its own */
    bool is_reached;                    /* it answered, whatever it said */
    char reach_reason[REHEARSAL_TEXT_SIZE];
};

/* One entry for each app that is not retired, released with free(). */
bool rehearsal_run(const struct config *config, int64_t timeout_ms, struct rehearsal_app **out,
                   size_t *count, struct error *error);

#endif
