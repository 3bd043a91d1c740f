#include "ingress/service.h"

#include "common/base/listener.h"
#include "common/base/loop_ev.h"
#include "common/base/memory.h"
#include "common/config/reload.h"
#include "common/config/watch.h"
#include "common/observe/admin.h"
#include "common/observe/process_metrics.h"
#include "common/queue/topic_watch.h"
#include "ingress/instruments.h"
#include "ingress/report.h"
#include "ingress/worker.h"

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EXIT_ABORTED = 1, INSTANCE_SIZE = HOST_NAME_MAX + 24 };

struct service {
    const struct program *program;
    const char *path;
    const struct config *config;
    struct loop *loop;
    struct wakeup *worker_stopped;
    struct admin *admin;
    struct topic_watch *topics;
    struct config_reload *reload;
    struct metrics *metrics; /* of the process; those of the requests are the workers' */
    struct worker **workers;
    size_t worker_count;
    size_t opened;
    size_t started;
    int port;
    char instance[INSTANCE_SIZE];
    bool draining;
    int64_t started_ms;
};

static size_t core_count(void) {
    cpu_set_t cores;

    if (sched_getaffinity(0, sizeof cores, &cores) != 0)
        return 1;
    return (size_t)CPU_COUNT(&cores);
}

/* Unique in the fleet: pods have names of their own, and processes of one host numbers. */
static void name_instance(struct service *service) {
    char host[HOST_NAME_MAX + 1] = "";

    gethostname(host, sizeof host - 1);
    snprintf(service->instance, sizeof service->instance, "%s-%ld", host, (long)getpid());
}

/* Each connection needs a descriptor. */
static void raise_descriptor_limit(const struct config *config) {
    enum { OTHERS = 256 };
    struct rlimit limit;
    rlim_t wanted = (rlim_t)config->ingress.connection_limit + OTHERS;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < wanted)
        log_warning("few_descriptors", log_number("limit", (int64_t)limit.rlim_max),
                    log_number("wanted", (int64_t)wanted));
}

static void fill_report(const struct service *service, struct worker_status *statuses,
                        const struct metrics **sets, struct report *out) {
    for (size_t i = 0; i < service->worker_count; i++) {
        statuses[i] = worker_status(service->workers[i]);
        sets[i] = worker_metrics(service->workers[i]);
    }
    *out = (struct report){
        .draining = service->draining,
        .uptime_ms = loop_monotonic_ms(service->loop) - service->started_ms,
        .workers = statuses,
        .metrics = sets,
        .worker_count = service->worker_count,
        .reload = service->reload,
        .topics = topic_watch_report(service->topics),
    };
}

static bool say(struct service *service, struct buffer *out, bool whole_status) {
    struct worker_status *statuses = memory_new_array(service->worker_count, sizeof *statuses);
    const struct metrics **sets = memory_new_array(service->worker_count, sizeof *sets);
    struct report report;
    bool ready = true;

    fill_report(service, statuses, sets, &report);
    if (whole_status)
        report_status(&report, out);
    else
        ready = report_ready(&report, out);
    free(sets);
    free(statuses);
    return ready;
}

static bool say_ready(void *context, struct buffer *out) {
    return say(context, out, false);
}

static void say_status(void *context, struct buffer *out) {
    say(context, out, true);
}

static void update_config_metrics(const struct service *service) {
    struct config_reload_report report = config_reload_report(service->reload);

    metrics_set(service->metrics, INSTRUMENT_CONFIG_RELOADS, (const char *[]){"taken"},
                (double)report.taken_count);
    metrics_set(service->metrics, INSTRUMENT_CONFIG_RELOADS, (const char *[]){"refused"},
                (double)report.refused_count);
    metrics_set(service->metrics, INSTRUMENT_CONFIG_FAILED, NULL, report.has_failed);
    metrics_set(service->metrics, INSTRUMENT_CONFIG_LOADED, NULL, (double)report.loaded_ms / 1000);
}

static void say_metrics(void *context, struct buffer *out) {
    struct service *service = context;
    const struct metrics **sets = memory_new_array(service->worker_count + 1, sizeof *sets);

    for (size_t i = 0; i < service->worker_count; i++)
        sets[i] = worker_metrics(service->workers[i]);
    sets[service->worker_count] = service->metrics;
    update_config_metrics(service);
    metrics_write(sets, service->worker_count + 1, out);
    process_metrics_write(out);
    free(sets);
}

static const struct admin_source admin_source = {say_ready, say_metrics, say_status};

static void on_stop_signal(void *context) {
    struct service *service = context;

    if (service->draining) {
        log_warning("aborted", log_text("reason", "a second signal"));
        _exit(EXIT_ABORTED);
    }
    service->draining = true;
    metrics_set(service->metrics, INSTRUMENT_DRAINING, NULL, 1);
    log_info("draining", log_number("drain_delay_ms", service->config->ingress.drain_delay_ms));
    for (size_t i = 0; i < service->started; i++)
        worker_drain(service->workers[i]);
}

static void on_hang_up(void *context) {
    struct service *service = context;

    if (service->reload != NULL)
        config_reload_now(service->reload);
}

/* Workers that were told later publish by the older one for a moment, which is as if the push had
 * come a moment earlier. */
static void on_taken(void *context, const struct config *config) {
    struct service *service = context;

    for (size_t i = 0; i < service->started; i++)
        worker_configure(service->workers[i], config);
    topic_watch_configure(service->topics, config);
}

static struct config_reload *open_reload(struct service *service) {
    return config_reload_open(&(struct config_reload_parts){.loop = service->loop,
                                                            .program = service->program,
                                                            .path = service->path,
                                                            .config = service->config,
                                                            .period_ms = CONFIG_WATCH_PERIOD_MS,
                                                            .taken = on_taken,
                                                            .context = service});
}

static void on_worker_stopped(void *context) {
    struct service *service = context;

    for (size_t i = 0; i < service->started; i++)
        if (worker_status(service->workers[i]).stage != WORKER_STOPPED)
            return;
    loop_stop(service->loop);
}

/* So many for each address. */
static size_t workers_of_address(const struct config *config) {
    return config->ingress.workers > 0 ? (size_t)config->ingress.workers : core_count();
}

static bool open_listeners(const struct service *service, int *listeners, struct error *error) {
    const struct text_list *addresses = &service->config->ingress.listen;
    const size_t each = workers_of_address(service->config);
    size_t opened = 0;

    for (size_t i = 0; i < addresses->count; i++) {
        if (!listeners_open(addresses->items[i], listeners + opened, each, error)) {
            while (opened > 0)
                close(listeners[--opened]);
            return false;
        }
        opened += each;
    }
    return true;
}

static bool open_workers(struct service *service, struct error *error) {
    int *listeners = memory_new_array(service->worker_count, sizeof *listeners);
    bool opened = open_listeners(service, listeners, error);

    if (opened)
        service->port = listener_port(listeners[0]);
    for (size_t i = 0; opened && i < service->worker_count; i++) {
        struct worker_parts parts = {.config = service->config,
                                     .index = i,
                                     .instance = service->instance,
                                     .worker_count = service->worker_count,
                                     .stopped = service->worker_stopped};
        service->workers[i] = worker_open_take(&parts, listeners[i], error);
        opened = service->workers[i] != NULL;
        for (size_t rest = i + 1; !opened && rest < service->worker_count; rest++)
            close(listeners[rest]);
        service->opened += opened;
    }
    free(listeners);
    return opened;
}

static bool start(struct service *service, struct error *error) {
    if (!open_workers(service, error))
        return false;
    service->topics = topic_watch_open(service->loop, service->config, TOPIC_SCOPE_PUSH);
    service->admin = admin_open(service->loop, service->config->ingress.admin_listen, &admin_source,
                                service, error);
    if (service->admin == NULL)
        return false;
    for (; service->started < service->worker_count; service->started++)
        if (!worker_start(service->workers[service->started], error))
            return false;
    service->reload = open_reload(service);
    metrics_set(service->metrics, INSTRUMENT_DRAINING, NULL, 0);
    metrics_set(service->metrics, INSTRUMENT_BUILD_INFO, (const char *[]){COLUMBA_VERSION}, 1);
    return true;
}

static void service_close(struct service *service) {
    admin_close(service->admin);
    config_reload_close(service->reload);
    topic_watch_close(service->topics);
    for (size_t i = 0; i < service->opened; i++)
        worker_close(service->workers[i]);
    free(service->workers);
    metrics_free(service->metrics);
    wakeup_free(service->worker_stopped);
    loop_free(service->loop);
}

static void join_workers(struct service *service) {
    for (size_t i = 0; i < service->started; i++)
        worker_join(service->workers[i]);
}

static void log_ready(const struct service *service) {
    const struct text_list *addresses = &service->config->ingress.listen;
    struct buffer listen = {0};

    for (size_t i = 0; i < addresses->count; i++)
        buffer_append_format(&listen, "%s%s", i == 0 ? "" : ", ", addresses->items[i]);
    log_info("ready", log_text("version", COLUMBA_VERSION),
             log_slice("listen", buffer_slice(&listen)), log_number("port", service->port),
             log_text("admin_listen", service->config->ingress.admin_listen),
             log_number("admin_port", admin_port(service->admin)),
             log_number("workers", (int64_t)service->worker_count));
    buffer_free(&listen);
}

bool service_run(const struct program *program, const char *path, const struct config *config,
                 struct error *error) {
    struct service service = {.program = program,
                              .path = path,
                              .config = config,
                              .worker_count =
                                  workers_of_address(config) * config->ingress.listen.count};

    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit(config);
    name_instance(&service);
    service.loop = loop_new();
    service.started_ms = loop_monotonic_ms(service.loop);
    loop_on_signal(service.loop, SIGTERM, on_stop_signal, &service);
    loop_on_signal(service.loop, SIGINT, on_stop_signal, &service);
    loop_on_signal(service.loop, SIGHUP, on_hang_up, &service);
    service.worker_stopped = wakeup_new(service.loop, on_worker_stopped, &service);
    service.workers = memory_new_array(service.worker_count, sizeof(struct worker *));
    service.metrics = instruments_new();

    bool started = start(&service, error);
    if (!started) {
        for (size_t i = 0; i < service.started; i++)
            worker_drain(service.workers[i]);
        join_workers(&service);
    } else {
        log_ready(&service);
        loop_run(service.loop);
        join_workers(&service);
        log_info("stopped", log_text("reason", "drained"));
    }
    service_close(&service);
    return started;
}
