/* An OpenTelemetry collector that answers as it is told, in a thread of its own. */
#ifndef COLUMBA_TESTS_COLLECTOR_H
#define COLUMBA_TESTS_COLLECTOR_H

#include "common/base/buffer.h"
#include "common/base/memory.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

enum { COLLECTOR_REQUESTS_MAX = 64 };

/* Status 0: no answer ever comes. */
struct collector_answer {
    unsigned status;
    const char *body;
    const char *retry_after;
};

struct collector {
    struct MHD_Daemon *daemon;
    const struct collector_answer *answers; /* one for each request; the last one repeats */
    size_t answer_count;
    pthread_mutex_t lock;
    struct buffer bodies[COLLECTOR_REQUESTS_MAX];
    char authorization[64];
    char content_type[64];
    char path[64];
    struct MHD_Connection *hanging;
    atomic_size_t request_count;
    char endpoint[64];
};

static inline enum MHD_Result collector_respond(struct MHD_Connection *connection,
                                                const struct collector_answer *answer) {
    const char *body = answer->body == NULL ? "" : answer->body;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_PERSISTENT);

    if (answer->retry_after != NULL)
        MHD_add_response_header(response, "Retry-After", answer->retry_after);
    enum MHD_Result queued = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

static inline void collector_keep(char out[64], struct MHD_Connection *connection,
                                  const char *name) {
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

    snprintf(out, 64, "%s", value == NULL ? "" : value);
}

static inline enum MHD_Result collector_on_request(void *context, struct MHD_Connection *connection,
                                                   const char *path, const char *method,
                                                   const char *version, const char *upload,
                                                   size_t *upload_size, void **seen) {
    struct collector *collector = context;
    size_t number = atomic_load(&collector->request_count);

    (void)method;
    (void)version;
    if (*seen == NULL) {
        *seen = collector;
        return MHD_YES;
    }
    if (number >= COLLECTOR_REQUESTS_MAX)
        abort();
    if (*upload_size > 0) {
        pthread_mutex_lock(&collector->lock);
        buffer_append(&collector->bodies[number],
                      (struct slice){.data = upload, .size = *upload_size});
        pthread_mutex_unlock(&collector->lock);
        *upload_size = 0;
        return MHD_YES;
    }
    if (collector->hanging == connection)
        return MHD_NO;
    collector_keep(collector->authorization, connection, "Authorization");
    collector_keep(collector->content_type, connection, "Content-Type");
    snprintf(collector->path, sizeof collector->path, "%s", path);
    const struct collector_answer *answer =
        &collector
             ->answers[number < collector->answer_count ? number : collector->answer_count - 1];
    if (answer->status == 0) {
        collector->hanging = connection;
        MHD_suspend_connection(connection);
    }
    /* What was kept is there for who sees the new count. */
    atomic_fetch_add(&collector->request_count, 1);
    return answer->status == 0 ? MHD_YES : collector_respond(connection, answer);
}

static inline struct collector *collector_start(const struct collector_answer *answers,
                                                size_t answer_count) {
    struct collector *collector = memory_new(sizeof *collector);
    struct sockaddr_in address = {.sin_family = AF_INET};

    collector->answers = answers;
    collector->answer_count = answer_count;
    pthread_mutex_init(&collector->lock, NULL);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    collector->daemon =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                         collector_on_request, collector, MHD_OPTION_SOCK_ADDR,
                         (struct sockaddr *)&address, MHD_OPTION_END);
    assert_non_null(collector->daemon);
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(collector->daemon, MHD_DAEMON_INFO_BIND_PORT);
    snprintf(collector->endpoint, sizeof collector->endpoint, "http://127.0.0.1:%d/v1/traces",
             (int)info->port);
    return collector;
}

static inline void collector_stop(struct collector *collector) {
    if (collector->hanging != NULL)
        MHD_resume_connection(collector->hanging);
    MHD_stop_daemon(collector->daemon);
    for (size_t i = 0; i < COLLECTOR_REQUESTS_MAX; i++)
        buffer_free(&collector->bodies[i]);
    pthread_mutex_destroy(&collector->lock);
    free(collector);
}

/* How many spans a request had. */
static inline size_t collector_spans(struct collector *collector, size_t request) {
    size_t count = 0;

    pthread_mutex_lock(&collector->lock);
    for (const char *at = buffer_text(&collector->bodies[request]);
         (at = strstr(at, "\"spanId\"")) != NULL; at++)
        count++;
    pthread_mutex_unlock(&collector->lock);
    return count;
}

#endif
