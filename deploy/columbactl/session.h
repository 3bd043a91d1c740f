/* What most commands begin with: the configuration, its lanes, and Redis. */
#ifndef COLUMBA_CTL_SESSION_H
#define COLUMBA_CTL_SESSION_H

#include "common/state/inspect.h"
#include "deploy/columbactl/invocation.h"

enum { SESSION_LANE_LIMIT = 64, SESSION_TIMEOUT_MS = 10 * 1000, SESSION_REDIS_TIMEOUT_MS = 3000 };

struct session {
    struct config *config;
    const char *lanes[SESSION_LANE_LIMIT];
    size_t lane_count;
    struct inspect *redis; /* NULL unless asked for */
};

/* Without the keys that only sending takes. False when the configuration is wrong. Released with
 * session_close in any case. */
bool session_open(const struct invocation *invocation, struct session *out, struct error *error);
/* With them, which only who sends has. */
bool session_open_with_keys(const struct invocation *invocation, struct session *out,
                            struct error *error);
bool session_open_redis(const struct invocation *invocation, struct session *out,
                        struct error *error);
void session_close(struct session *session);

/* Leaves the lane of that name alone; false, naming those there are, when there is none. */
bool session_select_lane(struct session *session, const char *lane, struct error *error);

/* The app that serves this app_id, if it is not retired; an error names what to look at. */
const struct app *session_app(const struct session *session, const char *app_id,
                              struct error *error);

#endif
