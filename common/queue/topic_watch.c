#include "common/queue/topic_watch.h"

#include "common/base/log.h"
#include "common/base/loop_ev.h"
#include "common/base/memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* Who is sound may be changed by somebody at any time. */
enum { ASK_TIMEOUT_MS = 5000, ASK_AGAIN_MS = 60000, LOOK_AGAIN_MS = 600000 };

struct topic_watch {
    const struct config *config; /* the thread's while it asks */
    const struct config *next;   /* to ask by, once it has; NULL: none */
    enum topic_scope scope;
    const char *lanes[CONFIG_LIST_MAX];
    size_t lane_count;
    struct timer *again;
    struct wakeup *answered;
    pthread_t thread;
    bool asking;
    bool known;
    struct topic_report report;
    /* The thread's, until it is joined. */
    bool asked;
    struct topic_report answer;
    struct error error;
};

static void *ask(void *context) {
    struct topic_watch *watch = context;

    watch->asked = topics_inspect(watch->config, watch->lanes, watch->lane_count, ASK_TIMEOUT_MS,
                                  &watch->answer, &watch->error);
    wakeup_ring(watch->answered);
    return NULL;
}

/* The next one at or behind i that is wrong and matters; NULL when there is none. */
static const struct topic_state *next_fault(const struct topic_report *report,
                                            enum topic_scope scope, size_t *i) {
    for (; report != NULL && *i < report->count; (*i)++) {
        const struct topic_state *topic = &report->topics[*i];
        bool matters = scope == TOPIC_SCOPE_ALL || topic->role == TOPIC_PUSH;
        if (matters && topic->fault[0] != '\0') {
            (*i)++;
            return topic;
        }
    }
    return NULL;
}

static void log_faults(const struct topic_watch *watch) {
    const struct topic_state *topic = NULL;
    size_t i = 0;

    while ((topic = next_fault(&watch->report, watch->scope, &i)) != NULL)
        log_warning("topic", log_text("topic", topic->name), log_text("reason", topic->fault));
}

void topic_watch_write(const struct topic_report *report, enum topic_scope scope,
                       struct buffer *out) {
    const struct topic_state *topic = NULL;
    const char *separator = "";
    size_t i = 0;

    buffer_append_format(out, "{\"known\":%s,\"required\":false,\"faults\":[",
                         report != NULL ? "true" : "false");
    while ((topic = next_fault(report, scope, &i)) != NULL) {
        buffer_append_format(out, "%s{\"topic\":\"", separator);
        buffer_append_json_escaped(out, slice_of(topic->name));
        buffer_append_text(out, "\",\"fault\":\"");
        buffer_append_json_escaped(out, slice_of(topic->fault));
        buffer_append_text(out, "\"}");
        separator = ",";
    }
    buffer_append_text(out, "]}");
}

static void on_answered(void *context) {
    struct topic_watch *watch = context;

    pthread_join(watch->thread, NULL);
    watch->asking = false;
    if (watch->asked) {
        if (watch->known)
            topic_report_free(&watch->report);
        watch->report = watch->answer;
        watch->known = true;
        log_faults(watch);
    } else {
        log_warning("topics", log_text("reason", watch->error.text));
    }
    bool is_sound = watch->asked && watch->report.sound;
    timer_start(watch->again, watch->next != NULL ? 0 : is_sound ? LOOK_AGAIN_MS : ASK_AGAIN_MS);
}

static void take_next(struct topic_watch *watch) {
    if (watch->next == NULL)
        return;
    config_release(watch->config);
    watch->config = watch->next;
    watch->next = NULL;
    watch->lane_count = topic_lanes(watch->config, watch->lanes, CONFIG_LIST_MAX);
}

static void begin(void *context) {
    struct topic_watch *watch = context;
    sigset_t all;
    sigset_t before;

    take_next(watch);
    if (watch->lane_count == 0)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    watch->asking = pthread_create(&watch->thread, NULL, ask, watch) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!watch->asking)
        timer_start(watch->again, ASK_AGAIN_MS);
}

struct topic_watch *topic_watch_open(struct loop *loop, const struct config *config,
                                     enum topic_scope scope) {
    struct topic_watch *watch = memory_new(sizeof *watch);

    watch->next = config_hold(config);
    watch->scope = scope;
    watch->again = timer_new(loop, begin, watch);
    watch->answered = wakeup_new(loop, on_answered, watch);
    begin(watch);
    return watch;
}

void topic_watch_configure(struct topic_watch *watch, const struct config *config) {
    config_release(watch->next);
    watch->next = config_hold(config);
    if (!watch->asking)
        timer_start(watch->again, 0);
}

void topic_watch_close(struct topic_watch *watch) {
    if (watch == NULL)
        return;
    if (watch->asking) {
        pthread_join(watch->thread, NULL);
        if (watch->asked)
            topic_report_free(&watch->answer);
    }
    if (watch->known)
        topic_report_free(&watch->report);
    wakeup_free(watch->answered);
    timer_free(watch->again);
    config_release(watch->next);
    config_release(watch->config);
    free(watch);
}

const struct topic_report *topic_watch_report(const struct topic_watch *watch) {
    return watch->known ? &watch->report : NULL;
}
