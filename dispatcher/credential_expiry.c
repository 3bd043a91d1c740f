#include "dispatcher/credential_expiry.h"

#include "common/base/log.h"
#include "common/base/memory.h"
#include "dispatcher/instruments.h"
#include "dispatcher/key_file.h"
#include "dispatcher/providers/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HOUR_MS = 3600 * 1000, LOOKS_A_DAY = 24, WARNED_AHEAD_DAYS = 30 };

static const double day_ms = 24.0 * HOUR_MS;

struct credential_expiry {
    struct loop *loop;
    struct metrics *metrics;
    struct timer *hourly;
    const struct config *config;
    unsigned look_count;
};

static bool read_end(const struct route *route, int64_t *ends_ms, struct error *error) {
    struct key_file_identity identity;
    struct buffer content = {0};
    bool done = key_file_read(route->certificate_file, &content, &identity, error);

    if (done) {
        done = certificate_ends_ms(buffer_slice(&content), route_has_pkcs12(route),
                                   route->certificate_password, ends_ms, error) ||
               error_prefix(error, "%s", route->certificate_file);
    }
    buffer_free_secret(&content);
    return done;
}

static void log_end(const struct app *app, double days_left) {
    const bool is_over = days_left <= 0;

    if (days_left > WARNED_AHEAD_DAYS)
        return;
    log_with(is_over ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
             is_over ? "credential_expired" : "credential_expires",
             log_text("app_id", app->pattern), log_number("days_left", (int64_t)days_left),
             log_text("file", app->route.certificate_file),
             log_text("detail", "put a new one in its place: it is taken without a restart"));
}

/* What cannot be read is as good as over. */
static void look_at(struct credential_expiry *expiry, const struct app *app, bool is_told) {
    struct error error = {0};
    int64_t ends_ms = 0;
    double days_left = 0;

    if (read_end(&app->route, &ends_ms, &error)) {
        days_left = (double)(ends_ms - loop_wall_ms(expiry->loop)) / day_ms;
        if (is_told)
            log_end(app, days_left);
    } else if (is_told) {
        log_error("credential_unreadable", log_text("app_id", app->pattern),
                  log_text("detail", error.text));
    }
    metrics_set(expiry->metrics, DISPATCHER_CREDENTIAL_DAYS, (const char *const[]){app->pattern},
                days_left);
}

/* What is only opened when a push needs it is missed while there is time to mend it. */
static void look_at_files(const struct app *app) {
    const char *const paths[] = {app->apns.key_file, app->fcm.service_account_file,
                                 app->webpush.vapid_key_file, app->route.ca_file};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const int descriptor =
            paths[i] == NULL ? -1 : open(paths[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (descriptor >= 0)
            close(descriptor);
        else if (paths[i] != NULL)
            log_error("credential_unreadable", log_text("app_id", app->pattern),
                      log_text("file", paths[i]), log_text("detail", strerror(errno)));
    }
}

static void look(void *context) {
    struct credential_expiry *expiry = context;
    const struct apps *apps = &expiry->config->apps;
    const bool is_told = expiry->look_count++ % LOOKS_A_DAY == 0;

    for (size_t i = 0; i < apps->count; i++) {
        if (apps->list[i].route.certificate_file != NULL)
            look_at(expiry, &apps->list[i], is_told);
        if (is_told)
            look_at_files(&apps->list[i]);
    }
    timer_start(expiry->hourly, HOUR_MS);
}

struct credential_expiry *credential_expiry_new(struct loop *loop, struct metrics *metrics) {
    struct credential_expiry *expiry = memory_new(sizeof *expiry);

    expiry->loop = loop;
    expiry->metrics = metrics;
    expiry->hourly = timer_new(loop, look, expiry);
    return expiry;
}

void credential_expiry_free(struct credential_expiry *expiry) {
    if (expiry == NULL)
        return;
    timer_free(expiry->hourly);
    config_release(expiry->config);
    free(expiry);
}

void credential_expiry_configure(struct credential_expiry *expiry, const struct config *config) {
    const struct config *before = expiry->config;

    expiry->config = config_hold(config);
    config_release(before);
    expiry->look_count = 0;
    look(expiry);
}
