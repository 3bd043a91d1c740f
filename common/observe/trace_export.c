#include "common/observe/trace_export.h"

#include "common/base/curl_loop.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/observe/trace_retry.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    FLUSH_MS = 2000,
    BACKOFF_MS = 1000,
    TIMEOUT_MS = 10 * 1000,
    LAST_TIMEOUT_MS = 1000,
    TRIES_MAX = 5, /* of one batch */
    ANSWER_LIMIT_BYTES = 4096,
};

enum export_state { EXPORT_UNTRIED, EXPORT_WORKS, EXPORT_FAILS };

struct trace_export {
    struct loop *loop;
    struct trace_counters counters;
    char *service;
    char *instance;
    char *endpoint;
    int64_t flush_ms;
    int64_t backoff_ms;
    struct trace *trace;
    struct curl_loop *multi;
    struct timer *due;
    CURL *easy;
    struct curl_slist *headers;
    struct curl_slist *next_headers; /* of a newer configuration; NULL: none */
    enum export_state state;
    bool is_sending;
    unsigned tries;    /* of the batch that is lent */
    unsigned failures; /* in a row */
    struct buffer request;
    struct buffer answer;
    char detail[CURL_ERROR_SIZE];
};

static void enter(struct trace_export *export, enum export_state state, int status) {
    char reason[32] = "no answer";

    if (export->state == state)
        return;
    export->state = state;
    if (status > 0)
        snprintf(reason, sizeof reason, "status %d", status);
    if (state == EXPORT_WORKS)
        log_info("trace_export", log_text("state", "works"),
                 log_text("endpoint", export->endpoint));
    else
        log_warning("trace_export", log_text("state", "fails"),
                    log_text("endpoint", export->endpoint), log_text("reason", reason),
                    log_text("detail", export->detail[0] == '\0' ? NULL : export->detail));
}

static void count_dropped(struct trace_export *export, const char *reason, int64_t count) {
    metrics_add(export->counters.metrics, export->counters.dropped, (const char *const[]){reason},
                count);
}

/* What is not there until something happens hides the first time from rate(). */
static void show_counters(struct trace_export *export) {
    static const char *const reasons[] = {"queue_full", "refused", "unavailable"};

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        count_dropped(export, reasons[i], 0);
}

/* ---- One batch ---- */

static size_t on_answer(char *data, size_t size, size_t count, void *context) {
    struct trace_export *export = context;
    size_t room = ANSWER_LIMIT_BYTES - export->answer.size;
    size_t arrived = size * count;

    buffer_append(&export->answer,
                  (struct slice){.data = data, .size = arrived < room ? arrived : room});
    return arrived;
}

/* Not while a request has them. */
static void renew_headers(struct trace_export *export) {
    if (export->next_headers == NULL)
        return;
    curl_easy_setopt(export->easy, CURLOPT_HTTPHEADER, export->next_headers);
    curl_slist_free_all(export->headers);
    export->headers = export->next_headers;
    export->next_headers = NULL;
}

/* False: nothing waits. */
static bool prepare(struct trace_export *export) {
    const struct trace_resource resource = {export->service, export->instance};
    const struct trace_batch *batch = trace_lend(export->trace);

    if (batch == NULL)
        return false;
    renew_headers(export);
    buffer_clear(&export->answer);
    buffer_clear(&export->request);
    trace_encode_request(&resource, buffer_slice(&batch->spans), &export->request);
    export->detail[0] = '\0';
    curl_easy_setopt(export->easy, CURLOPT_POSTFIELDS, export->request.data);
    curl_easy_setopt(export->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) export->request.size);
    return true;
}

static struct slice asked_delay(struct trace_export *export) {
    struct curl_header *header = NULL;

    if (curl_easy_header(export->easy, "Retry-After", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return (struct slice){0};
    return slice_of(header->value);
}

static void take(struct trace_export *export, int64_t count) {
    int64_t rejected = trace_retry_rejected(buffer_slice(&export->answer));

    rejected = rejected < count ? rejected : count;
    count_dropped(export, "refused", rejected);
    metrics_add(export->counters.metrics, export->counters.exported, NULL, count - rejected);
}

/* Returns whether the collector has answered for good: the batch is done with. */
static bool conclude(struct trace_export *export, CURLcode code) {
    int64_t count = (int64_t)trace_lend(export->trace)->count;
    long status = 0;

    if (code == CURLE_OK)
        curl_easy_getinfo(export->easy, CURLINFO_RESPONSE_CODE, &status);
    enum trace_verdict verdict = trace_retry_judge((int)status);
    enter(export, verdict == TRACE_TAKEN ? EXPORT_WORKS : EXPORT_FAILS, (int)status);
    export->failures = verdict == TRACE_REPEAT ? export->failures + 1 : 0;
    if (verdict == TRACE_TAKEN)
        take(export, count);
    else if (verdict == TRACE_REFUSED)
        count_dropped(export, "refused", count);
    else if (++export->tries < TRIES_MAX)
        return false;
    else
        count_dropped(export, "unavailable", count);
    export->tries = 0;
    trace_forget(export->trace);
    buffer_free(&export->request);
    return verdict != TRACE_REPEAT;
}

/* ---- When ---- */

static void wait_for_more(struct trace_export *export) {
    if (export->failures == 0 && trace_is_batch_full(export->trace))
        timer_start(export->due, 0);
    else if (!timer_is_running(export->due))
        timer_start(export->due, export->flush_ms);
}

static void on_waits(void *context) {
    struct trace_export *export = context;

    if (!export->is_sending)
        wait_for_more(export);
}

static void on_due(void *context) {
    struct trace_export *export = context;

    if (export->is_sending || !prepare(export))
        return;
    export->is_sending = true;
    curl_loop_add(export->multi, export->easy);
}

static void on_ended(void *context, CURL *easy, CURLcode code) {
    struct trace_export *export = context;
    uint32_t random = 0;

    (void)easy;
    export->is_sending = false;
    if (conclude(export, code)) {
        wait_for_more(export);
        return;
    }
    loop_random(export->loop, &random, sizeof random);
    timer_start(export->due, trace_retry_delay_ms(export->failures, export->backoff_ms,
                                                  asked_delay(export), random));
}

/* ---- The whole ---- */

static bool add_header(struct curl_slist **headers, const char *name, const char *value) {
    struct buffer line = {0};

    buffer_append_format(&line, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(*headers, buffer_text(&line));
    buffer_free_secret(&line);
    if (longer != NULL)
        *headers = longer;
    return longer != NULL;
}

/* NULL: there is no memory. */
static struct curl_slist *make_headers(const char *authorization) {
    struct curl_slist *headers = NULL;

    if (add_header(&headers, "Content-Type", "application/json") &&
        add_header(&headers, "Expect", "") &&
        (authorization == NULL || add_header(&headers, "Authorization", authorization)))
        return headers;
    curl_slist_free_all(headers);
    return NULL;
}

static bool set_for_good(struct trace_export *export, const char *authorization) {
    CURL *easy = export->easy;

    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_URL, export->endpoint);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "columba/" COLUMBA_VERSION);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, export);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, export->detail);
    export->headers = make_headers(authorization);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, export->headers);
    return export->headers != NULL;
}

bool trace_export_open(const struct trace_export_parts *parts, struct trace_export **out,
                       struct error *error) {
    *out = NULL;
    if (parts->config->endpoint == NULL)
        return true;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(error, ERROR_SYSTEM, "tracing: libcurl does not start");
    struct trace_export *export = memory_new(sizeof *export);
    export->loop = parts->loop;
    export->counters = parts->counters;
    export->service = memory_copy_text(parts->resource.service);
    export->instance = memory_copy_text(parts->resource.instance);
    export->endpoint = memory_copy_text(parts->config->endpoint);
    export->flush_ms = parts->flush_ms > 0 ? parts->flush_ms : FLUSH_MS;
    export->backoff_ms = parts->backoff_ms > 0 ? parts->backoff_ms : BACKOFF_MS;
    export->trace = trace_new(parts->loop, &parts->counters, on_waits, export);
    export->multi = curl_loop_new(parts->loop, 1, on_ended, export);
    export->due = timer_new(parts->loop, on_due, export);
    export->easy = curl_easy_init();
    show_counters(export);
    if (export->easy == NULL || !set_for_good(export, parts->config->authorization)) {
        trace_export_close(export);
        return error_set(error, ERROR_SYSTEM, "tracing: libcurl does not start");
    }
    *out = export;
    return true;
}

void trace_export_configure(struct trace_export *export, const struct tracing_config *config) {
    if (export == NULL)
        return;
    curl_slist_free_all(export->next_headers);
    export->next_headers = make_headers(config->authorization);
}

struct trace *trace_export_trace(struct trace_export *export) {
    return export == NULL ? NULL : export->trace;
}

bool trace_export_try(const struct tracing_config *config, int64_t timeout_ms,
                      struct error *error) {
    static const char no_spans[] = "{\"resourceSpans\":[]}";
    struct trace_export export = {.endpoint = config->endpoint};
    CURLcode code = CURLE_FAILED_INIT;
    long status = 0;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(error, ERROR_SYSTEM, "libcurl does not start");
    export.easy = curl_easy_init();
    if (export.easy != NULL && set_for_good(&export, config->authorization)) {
        curl_easy_setopt(export.easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
        curl_easy_setopt(export.easy, CURLOPT_POSTFIELDS, no_spans);
        code = curl_easy_perform(export.easy);
        curl_easy_getinfo(export.easy, CURLINFO_RESPONSE_CODE, &status);
    }
    curl_easy_cleanup(export.easy);
    curl_slist_free_all(export.headers);
    buffer_free(&export.answer);
    curl_global_cleanup();
    if (code != CURLE_OK)
        return error_set(error, ERROR_UNAVAILABLE, "%s does not answer: %s", config->endpoint,
                         export.detail[0] != '\0' ? export.detail : curl_easy_strerror(code));
    return trace_retry_judge((int)status) == TRACE_TAKEN ||
           error_set(error, ERROR_REFUSED, "%s answers with status %ld", config->endpoint, status);
}

static void stop_sending(struct trace_export *export) {
    if (export->is_sending)
        curl_loop_remove(export->multi, export->easy);
    export->is_sending = false;
    timer_stop(export->due);
}

void trace_export_flush(struct trace_export *export) {
    if (export == NULL)
        return;
    stop_sending(export);
    curl_easy_setopt(export->easy, CURLOPT_TIMEOUT_MS, (long)LAST_TIMEOUT_MS);
    while (export->failures == 0 && prepare(export))
        conclude(export, curl_easy_perform(export->easy));
}

void trace_export_close(struct trace_export *export) {
    if (export == NULL)
        return;
    stop_sending(export);
    curl_loop_free(export->multi);
    curl_easy_cleanup(export->easy);
    curl_slist_free_all(export->headers);
    curl_slist_free_all(export->next_headers);
    timer_free(export->due);
    trace_free(export->trace);
    buffer_free(&export->request);
    buffer_free(&export->answer);
    free(export->service);
    free(export->instance);
    free(export->endpoint);
    free(export);
    curl_global_cleanup();
}
