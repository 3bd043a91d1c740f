#include "deploy/columbactl/session.h"

#include "common/queue/topics.h"

#include <string.h>

static bool open_take(struct config *config, struct session *out) {
    *out = (struct session){.config = config};
    if (config != NULL)
        out->lane_count = topic_lanes(config, out->lanes, SESSION_LANE_LIMIT);
    return config != NULL;
}

bool session_open(const struct invocation *invocation, struct session *out, struct error *error) {
    return open_take(config_load_without_keys(invocation->config_path, error), out);
}

bool session_open_with_keys(const struct invocation *invocation, struct session *out,
                            struct error *error) {
    return open_take(config_load(invocation->config_path, error), out);
}

bool session_open_redis(const struct invocation *invocation, struct session *out,
                        struct error *error) {
    if (!session_open(invocation, out, error))
        return false;
    out->redis = inspect_open(&out->config->redis, SESSION_REDIS_TIMEOUT_MS, error);
    return out->redis != NULL;
}

void session_close(struct session *session) {
    inspect_close(session->redis);
    if (session->config != NULL)
        config_release(session->config);
    *session = (struct session){0};
}

bool session_select_lane(struct session *session, const char *lane, struct error *error) {
    struct buffer known = {0};

    for (size_t i = 0; i < session->lane_count; i++) {
        if (strcmp(session->lanes[i], lane) == 0) {
            session->lanes[0] = session->lanes[i];
            session->lane_count = 1;
            buffer_free(&known);
            return true;
        }
        buffer_append_format(&known, "%s%s", i == 0 ? "" : ", ", session->lanes[i]);
    }
    error_set(error, ERROR_CONFIG, "there is no lane \"%s\"; the configuration has: %s", lane,
              buffer_text(&known));
    buffer_free(&known);
    return false;
}

const struct app *session_app(const struct session *session, const char *app_id,
                              struct error *error) {
    const struct app *app = apps_find(&session->config->apps, slice_of(app_id));

    if (app == NULL)
        error_set(error, ERROR_CONFIG,
                  "no app of the configuration serves \"%s\"; see columbactl config check", app_id);
    else if (app->kind == PROVIDER_RETIRED)
        error_set(error, ERROR_CONFIG,
                  "the app %s is retired: its pushkeys are rejected, and "
                  "nothing is sent to them",
                  app->pattern);
    else
        return app;
    return NULL;
}
