#include "dispatcher/recent.h"

#include "common/base/hash.h"
#include "common/base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* An answer's share in the smoothed time is one of so many. */
enum { SMOOTHING = 8 };

struct host {
    char name[RECENT_TEXT_SIZE];
    uint64_t hash;
    uint64_t used; /* by recent's own count */
    size_t in_flight;
    uint64_t answers;
    uint64_t failures;
    int64_t smoothed_us;
};

struct failure {
    int64_t at_ms;
    enum outcome outcome;
    int64_t attempt;
    int code;
    char reason[RECENT_TEXT_SIZE];
    char app[RECENT_TEXT_SIZE];
    char id[RECENT_TEXT_SIZE];
    char pushkey[RECENT_TEXT_SIZE];
};

struct recent {
    uint64_t outcomes[OUTCOME_COUNT];
    struct host hosts[RECENT_HOSTS_MAX];
    size_t host_count;
    uint64_t uses;
    struct failure failures[RECENT_FAILURES_MAX];
    size_t failure_count; /* ever; the place of the next is its remainder */
};

struct recent *recent_new(void) {
    return memory_new(sizeof(struct recent));
}

void recent_free(struct recent *recent) {
    free(recent);
}

static void copy(char out[RECENT_TEXT_SIZE], struct slice text) {
    size_t size = slice_utf8_prefix(text, RECENT_TEXT_SIZE - 1);

    if (size > 0)
        memcpy(out, text.data, size);
    out[size] = '\0';
}

void recent_settled(struct recent *recent, const struct recent_ending *ending) {
    recent->outcomes[ending->outcome]++;
    if (ending->outcome == OUTCOME_DELIVERED || ending->outcome == OUTCOME_DROPPED)
        return;
    struct failure *failure = &recent->failures[recent->failure_count++ % RECENT_FAILURES_MAX];
    failure->at_ms = ending->at_ms;
    failure->outcome = ending->outcome;
    failure->attempt = ending->attempt;
    failure->code = ending->code;
    copy(failure->reason, slice_of(ending->reason));
    copy(failure->app, slice_of(ending->app));
    copy(failure->id, slice_of(ending->id));
    copy(failure->pushkey, slice_of(ending->pushkey));
}

/* https://host:port/path → host:port */
static struct slice host_of(const char *url) {
    const char *start = strstr(url, "://");

    start = start == NULL ? url : start + 3;
    return (struct slice){.data = start, .size = strcspn(start, "/?#")};
}

/* The one unused for longest that owes no answer; NULL when there is none. */
static struct host *evict(struct recent *recent) {
    struct host *oldest = NULL;

    if (recent->host_count < RECENT_HOSTS_MAX)
        return &recent->hosts[recent->host_count++];
    for (size_t i = 0; i < RECENT_HOSTS_MAX; i++) {
        struct host *host = &recent->hosts[i];
        if (host->in_flight == 0 && (oldest == NULL || host->used < oldest->used))
            oldest = host;
    }
    return oldest;
}

int recent_sent(struct recent *recent, const char *url) {
    struct slice name = host_of(url);
    uint64_t hash = hash_table_key(name);
    struct host *host = NULL;

    for (size_t i = 0; i < recent->host_count && host == NULL; i++)
        if (recent->hosts[i].hash == hash)
            host = &recent->hosts[i];
    if (host == NULL) {
        host = evict(recent);
        if (host == NULL)
            return -1;
        *host = (struct host){.hash = hash};
        copy(host->name, name);
    }
    host->used = ++recent->uses;
    host->in_flight++;
    return (int)(host - recent->hosts);
}

void recent_answered(struct recent *recent, int host_place, int64_t took_ms, bool failed) {
    if (host_place < 0)
        return;
    struct host *host = &recent->hosts[host_place];
    int64_t took_us = took_ms * 1000;
    host->in_flight--;
    host->smoothed_us = host->answers == 0
                            ? took_us
                            : host->smoothed_us + (took_us - host->smoothed_us) / SMOOTHING;
    host->answers++;
    host->failures += failed;
}

void recent_write_outcomes(const struct recent *recent, struct buffer *out) {
    for (int i = 0; i < OUTCOME_COUNT; i++)
        buffer_append_format(out, "%c\"%s\":%" PRIu64, i == 0 ? '{' : ',',
                             outcome_name((enum outcome)i), recent->outcomes[i]);
    buffer_append_byte(out, '}');
}

void recent_write_hosts(const struct recent *recent, struct buffer *out) {
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < recent->host_count; i++) {
        const struct host *host = &recent->hosts[i];
        buffer_append_text(out, i == 0 ? "{\"host\":" : ",{\"host\":");
        buffer_append_json_text(out, slice_of(host->name));
        buffer_append_format(out,
                             ",\"smoothed_ms\":%" PRId64 ",\"in_flight\":%zu,\"answers\":%" PRIu64
                             ",\"failures\":%" PRIu64 "}",
                             host->smoothed_us / 1000, host->in_flight, host->answers,
                             host->failures);
    }
    buffer_append_byte(out, ']');
}

static void write_failure(const struct failure *failure, struct buffer *out) {
    const struct {
        const char *name;
        const char *text;
    } texts[] = {
        {"outcome", outcome_name(failure->outcome)},
        {"reason", failure->reason},
        {"app", failure->app},
        {"id", failure->id},
        {"pushkey", failure->pushkey},
    };

    buffer_append_format(out, "{\"at\":%" PRId64 ",\"attempt\":%" PRId64 ",\"code\":%d",
                         failure->at_ms, failure->attempt, failure->code);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        buffer_append_format(out, ",\"%s\":", texts[i].name);
        buffer_append_json_text(out, slice_of(texts[i].text));
    }
    buffer_append_byte(out, '}');
}

void recent_write_failures(const struct recent *recent, struct buffer *out) {
    size_t kept = recent->failure_count < RECENT_FAILURES_MAX ? recent->failure_count
                                                              : (size_t)RECENT_FAILURES_MAX;

    buffer_append_byte(out, '[');
    for (size_t i = 1; i <= kept; i++) {
        if (i > 1)
            buffer_append_byte(out, ',');
        write_failure(&recent->failures[(recent->failure_count - i) % RECENT_FAILURES_MAX], out);
    }
    buffer_append_byte(out, ']');
}
