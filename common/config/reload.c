#include "common/config/reload.h"

#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/config/change.h"
#include "common/config/watch.h"

#include <stdlib.h>

struct config_reload {
    struct config_reload_parts parts;
    const struct config *started;
    const struct config *current;
    struct config_watch *watch;
    struct config_reload_report report;
    struct error reason;         /* of the last refusal */
    struct buffer needs_restart; /* keys, comma-separated */
};

static void refuse(struct config_reload *reload, const struct error *error) {
    reload->report.has_failed = true;
    reload->report.refused_count++;
    reload->reason = *error;
    log_error("config_refused", log_text("reason", error->text),
              log_text("detail", "the configuration taken before stays"));
}

static void take(struct config_reload *reload, const struct config *next) {
    const char *section = reload->parts.program->section;
    const struct config *before = reload->current;

    buffer_clear(&reload->needs_restart);
    change_restart_keys(reload->started, next, section, &reload->needs_restart);
    change_keep_traffic(before, next);
    reload->current = next;
    reload->report.has_failed = false;
    reload->report.taken_count++;
    reload->report.loaded_ms = loop_wall_ms(reload->parts.loop);
    log_open(reload->parts.program->name, next->log_level);
    log_info("config_taken", log_number("apps", (int64_t)next->apps.count));
    if (reload->needs_restart.size > 0)
        log_warning("config_needs_restart", log_text("keys", buffer_text(&reload->needs_restart)),
                    log_text("detail", "what they say holds after a restart"));
    reload->parts.taken(reload->parts.context, next);
    config_release(before);
}

void config_reload_now(struct config_reload *reload) {
    const struct program *program = reload->parts.program;
    struct sources seen = {0};
    struct error error = {0};
    struct config *next = config_load_watched(reload->parts.path, !program->sends, &seen, &error);

    config_watch_set(reload->watch, next != NULL ? &next->sources : &seen);
    sources_free(&seen);
    if (next != NULL && change_check(reload->current, next, program->section,
                                     loop_wall_ms(reload->parts.loop), &error)) {
        take(reload, next);
        return;
    }
    config_release(next);
    refuse(reload, &error);
}

static void on_changed(void *context) {
    config_reload_now(context);
}

struct config_reload *config_reload_open(const struct config_reload_parts *parts) {
    struct config_reload *reload = memory_new(sizeof *reload);

    reload->parts = *parts;
    reload->started = config_hold(parts->config);
    reload->current = config_hold(parts->config);
    reload->report.loaded_ms = loop_wall_ms(parts->loop);
    reload->watch = config_watch_open(parts->loop, &parts->config->sources, parts->period_ms,
                                      on_changed, reload);
    return reload;
}

void config_reload_close(struct config_reload *reload) {
    if (reload == NULL)
        return;
    config_watch_close(reload->watch);
    config_release(reload->current);
    config_release(reload->started);
    buffer_free(&reload->needs_restart);
    free(reload);
}

const struct config *config_reload_current(const struct config_reload *reload) {
    return reload->current;
}

struct config_reload_report config_reload_report(const struct config_reload *reload) {
    return reload->report;
}

static void write_text(const char *name, struct slice text, struct buffer *out) {
    buffer_append_format(out, ",\"%s\":", name);
    if (text.size == 0) {
        buffer_append_text(out, "null");
        return;
    }
    buffer_append_byte(out, '"');
    buffer_append_json_escaped(out, text);
    buffer_append_byte(out, '"');
}

void config_reload_write(const struct config_reload *reload, struct buffer *out) {
    buffer_append_format(out, "{\"loaded_at_ms\":%lld,\"failed\":%s",
                         (long long)reload->report.loaded_ms,
                         reload->report.has_failed ? "true" : "false");
    write_text("reason", slice_of(reload->report.has_failed ? reload->reason.text : ""), out);
    write_text("needs_restart", buffer_slice(&reload->needs_restart), out);
    buffer_append_byte(out, '}');
}
