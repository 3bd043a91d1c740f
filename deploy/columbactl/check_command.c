#include "common/observe/trace_export.h"
#include "deploy/columbactl/check.h"
#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/fleet.h"
#include "deploy/columbactl/report.h"
#include "deploy/columbactl/session.h"

#include <stdlib.h>

enum { REHEARSAL_TIMEOUT_MS = 15 * 1000 };

static void ask_brokers(const struct session *session, struct check *check) {
    struct topic_report report;
    struct error error;

    if (!topics_inspect(session->config, session->lanes, session->lane_count, SESSION_TIMEOUT_MS,
                        &report, &error)) {
        check_add(check, CHECK_WRONG, "brokers",
                  "%s: see queue.brokers, queue.properties and "
                  "firewalls",
                  error.text);
        return;
    }
    check_add(check, CHECK_OK, "brokers", "%s answer", session->config->queue.brokers);
    check_topics(check, &report);
    topic_report_free(&report);
}

static void ask_redis(struct session *session, struct check *check) {
    struct inspect_members members = {0};
    struct inspect_server server;
    struct fleet fleet;
    struct error error;

    session->redis = inspect_open(&session->config->redis, SESSION_REDIS_TIMEOUT_MS, &error);
    if (session->redis == NULL || !inspect_server(session->redis, &server, &error) ||
        !inspect_members(session->redis, &members, &error)) {
        check_add(check, CHECK_WRONG, "redis", "%s", error.text);
        return;
    }
    check_redis(check, &server);
    fleet_read(&members, report_now_ms(), &fleet);
    check_fleet(check, &fleet, session->lanes, session->lane_count);
    fleet_free(&fleet);
    inspect_members_free(&members);
}

static void ask_collector(const struct session *session, int64_t timeout_ms, struct check *check) {
    const struct tracing_config *tracing = &session->config->tracing;
    struct error error;

    if (tracing->endpoint == NULL)
        return;
    if (trace_export_try(tracing, timeout_ms, &error))
        check_add(check, CHECK_OK, "collector", "%s takes spans", tracing->endpoint);
    else
        check_add(check, CHECK_WRONG, "collector",
                  "%s: see tracing.endpoint and tracing.authorization; pushes go on without",
                  error.text);
}

static void rehearse(const struct session *session, int64_t timeout_ms, struct check *check) {
    struct rehearsal_app *apps;
    struct error error;
    size_t count;

    if (rehearsal_run(session->config, timeout_ms, &apps, &count, &error)) {
        for (size_t i = 0; i < count; i++)
            check_app(check, &apps[i]);
        free(apps);
    } else {
        check_add(check, CHECK_WRONG, "provider", "%s", error.text);
    }
}

enum command_status check_command_run(const struct invocation *invocation, struct buffer *out,
                                      struct error *error) {
    struct check check = {0};
    struct session session;
    struct error keys = {0};
    int64_t timeout_ms;
    bool has_keys = session_open_with_keys(invocation, &session, &keys);
    bool success =
        (has_keys || session_open(invocation, &session, error)) &&
        invocation_duration(invocation, OPTION_TIMEOUT, REHEARSAL_TIMEOUT_MS, &timeout_ms, error);
    enum command_status status = COMMAND_USAGE;

    if (success) {
        check_add(&check, CHECK_OK, "configuration", "%s: apps: %zu, lanes: %zu",
                  invocation->config_path, session.config->apps.count, session.lane_count);
        ask_brokers(&session, &check);
        ask_redis(&session, &check);
        ask_collector(&session, timeout_ms, &check);
        /* Only who sends has the keys: elsewhere that is said, and the rest is checked. */
        if (has_keys)
            rehearse(&session, timeout_ms, &check);
        else
            check_add(&check, CHECK_WRONG, "credential", "%s", keys.text);
        check_write(&check, invocation->json, out);
        status = check_is_sound(&check) ? COMMAND_OK : COMMAND_WRONG;
    }
    check_free(&check);
    session_close(&session);
    return status;
}
