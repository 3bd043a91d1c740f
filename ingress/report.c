#include "ingress/report.h"

#include "common/queue/topic_watch.h"
#include "ingress/answer.h"
#include "ingress/instruments.h"

static const char *boolean(bool value) {
    return value ? "true" : "false";
}

struct totals {
    size_t connected;
    size_t available;
};

static struct totals count(const struct report *report) {
    struct totals totals = {0};

    for (size_t i = 0; i < report->worker_count; i++) {
        totals.connected += report->workers[i].queue_connected;
        totals.available += report->workers[i].redis_available;
    }
    return totals;
}

static bool append_parts(const struct report *report, struct buffer *out) {
    struct totals totals = count(report);
    bool ready = totals.connected > 0 && !report->draining;

    buffer_append_format(out, "{\"ready\":%s,\"draining\":%s,", boolean(ready),
                         boolean(report->draining));
    buffer_append_format(out, "\"queue\":{\"connected\":%s,\"required\":true,\"workers\":%zu},",
                         boolean(totals.connected > 0), totals.connected);
    buffer_append_format(out, "\"redis\":{\"available\":%s,\"required\":false,\"workers\":%zu},",
                         boolean(totals.available > 0), totals.available);
    buffer_append_text(out, "\"topics\":");
    topic_watch_write(report->topics, TOPIC_SCOPE_PUSH, out);
    if (report->reload != NULL) {
        buffer_append_text(out, ",\"config\":");
        config_reload_write(report->reload, out);
    }
    return ready;
}

bool report_ready(const struct report *report, struct buffer *out) {
    bool ready = append_parts(report, out);

    buffer_append_text(out, "}\n");
    return ready;
}

static void append_answers(const struct report *report, struct buffer *out) {
    buffer_append_text(out, ",\"answers\":{");
    for (size_t kind = 0; kind < ANSWER_KIND_COUNT; kind++) {
        const char *name = answer_form((enum answer_kind)kind)->name;
        double sum = 0;
        for (size_t i = 0; i < report->worker_count; i++)
            sum += metrics_value(report->metrics[i], INSTRUMENT_REQUESTS, (const char *[]){name});
        buffer_append_format(out, "%s\"%s\":%.0f", kind > 0 ? "," : "", name, sum);
    }
    buffer_append_byte(out, '}');
}

static void append_workers(const struct report *report, struct buffer *out) {
    buffer_append_text(out, ",\"workers\":[");
    for (size_t i = 0; i < report->worker_count; i++) {
        const struct worker_status *worker = &report->workers[i];
        buffer_append_format(out,
                             "%s{\"stage\":\"%s\",\"queue_connected\":%s,\"redis_available\":%s,"
                             "\"connections\":%zu,\"waiting_requests\":%zu,\"waiting_bytes\":%zu}",
                             i > 0 ? "," : "", worker_stage_name(worker->stage),
                             boolean(worker->queue_connected), boolean(worker->redis_available),
                             worker->connections, worker->waiting_requests, worker->waiting_bytes);
    }
    buffer_append_byte(out, ']');
}

void report_status(const struct report *report, struct buffer *out) {
    append_parts(report, out);
    buffer_append_format(out, ",\"program\":\"columba-ingress\",\"version\":\"%s\"",
                         COLUMBA_VERSION);
    buffer_append_format(out, ",\"uptime_seconds\":%lld", (long long)(report->uptime_ms / 1000));
    append_answers(report, out);
    append_workers(report, out);
    buffer_append_text(out, "}\n");
}
