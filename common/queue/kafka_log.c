#include "common/queue/kafka_log.h"

#include "common/base/log.h"

#include <string.h>

/* FNV-1a over everything that is not a digit. */
static uint64_t line_hash(struct slice text) {
    uint64_t hash = 14695981039346656037U;

    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] >= '0' && text.data[i] <= '9')
            continue;
        hash = (hash ^ (unsigned char)text.data[i]) * 1099511628211U;
    }
    return hash == 0 ? 1 : hash;
}

bool kafka_log_admit(struct kafka_log *log, struct slice text, int64_t now_ms, int64_t *repeats) {
    uint64_t line = line_hash(text);
    size_t at = 0;

    for (size_t i = 0; i < KAFKA_LOG_LINES; i++) {
        if (log->recent[i].line == line) {
            at = i;
            break;
        }
        if (log->recent[i].written_ms < log->recent[at].written_ms)
            at = i;
    }
    if (log->recent[at].line != line) {
        log->recent[at].line = line;
        log->recent[at].repeats = 0;
    } else if (now_ms - log->recent[at].written_ms < KAFKA_LOG_QUIET_MS) {
        log->recent[at].repeats++;
        return false;
    }
    *repeats = log->recent[at].repeats;
    log->recent[at].repeats = 0;
    log->recent[at].written_ms = now_ms;
    return true;
}

static void write_line(struct kafka_log *log, enum log_level level, const char *event,
                       const char *kind, const char *text, int64_t now_ms) {
    int64_t repeats;

    if (!log_enabled(level) || !kafka_log_admit(log, slice_of(text), now_ms, &repeats))
        return;
    log_with(level, event, log_text("kind", kind), log_text("reason", text),
             repeats > 0 ? log_number("repeats", repeats) : log_text(NULL, NULL));
}

/* syslog's levels. */
static enum log_level level_of(int syslog_level) {
    if (syslog_level <= 3)
        return LOG_LEVEL_ERROR;
    if (syslog_level == 4)
        return LOG_LEVEL_WARNING;
    return syslog_level <= 6 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

/* The operator's properties go to producers and consumers alike, and each ignores some. The
 * embedded broker calls itself too old to be told not to make topics. */
static bool is_beside_the_point(const char *facility) {
    return strcmp(facility, "CONFWARN") == 0 || strcmp(facility, "AUTOCREATE") == 0;
}

void kafka_log_line(struct kafka_log *log, rd_kafka_event_t *event, int64_t now_ms) {
    const char *facility;
    const char *text;
    int syslog_level;

    if (rd_kafka_event_log(event, &facility, &text, &syslog_level) != 0)
        return;
    if (is_beside_the_point(facility))
        syslog_level = 7;
    write_line(log, level_of(syslog_level), "kafka", facility, text, now_ms);
}

void kafka_log_error(struct kafka_log *log, rd_kafka_event_t *event, int64_t now_ms) {
    static const rd_kafka_resp_err_t logged[] = {
        RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__SSL,
        RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR__TIMED_OUT};
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);

    for (size_t i = 0; i < sizeof logged / sizeof logged[0]; i++) {
        if (logged[i] == code)
            return;
    }
    write_line(log, LOG_LEVEL_WARNING, "kafka_error", rd_kafka_err2name(code),
               rd_kafka_event_error_string(event), now_ms);
}
