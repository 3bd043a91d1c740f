#include "common/observe/admin.h"

#include "common/base/listener.h"
#include "common/base/memory.h"
#include "common/base/mhd_loop.h"
#include "common/observe/status_page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECTION_LIMIT = 64, IDLE_SECONDS = 10 };

struct admin {
    const struct admin_source *source;
    void *context;
    struct MHD_Daemon *daemon;
    struct mhd_loop *driver;
    int port;
};

struct page {
    const char *path;
    const char *content_type;
    /* Returns the HTTP status. */
    unsigned (*write)(const struct admin *admin, struct buffer *out);
};

static unsigned write_health(const struct admin *admin, struct buffer *out) {
    (void)admin;
    buffer_append_text(out, "{\"status\":\"ok\"}");
    return MHD_HTTP_OK;
}

static unsigned write_ready(const struct admin *admin, struct buffer *out) {
    return admin->source->ready(admin->context, out) ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned write_metrics(const struct admin *admin, struct buffer *out) {
    admin->source->metrics(admin->context, out);
    return MHD_HTTP_OK;
}

static unsigned write_status(const struct admin *admin, struct buffer *out) {
    admin->source->status(admin->context, out);
    return MHD_HTTP_OK;
}

static unsigned write_page(const struct admin *admin, struct buffer *out) {
    (void)admin;
    buffer_append(out, (struct slice){.data = (const char *)status_page, .size = status_page_size});
    return MHD_HTTP_OK;
}

static const struct page pages[] = {
    {"/", "text/html; charset=utf-8", write_page},
    {"/health", "application/json", write_health},
    {"/ready", "application/json", write_ready},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", write_metrics},
    {"/status", "application/json", write_status},
};

static const struct page *find_page(const char *path) {
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (strcmp(path, pages[i].path) == 0)
            return &pages[i];
    return NULL;
}

/* Takes the body. */
static enum MHD_Result respond_take(struct MHD_Connection *connection, unsigned status,
                                    const char *content_type, struct buffer *body) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->size, body->data, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result queued = MHD_NO;

    if (response == NULL) {
        buffer_free(body);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Content-Security-Policy",
                            "default-src 'none'; style-src 'unsafe-inline'; script-src "
                            "'unsafe-inline'; connect-src 'self'; img-src data:");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **seen) {
    static int seen_mark;
    const struct admin *admin = context;
    const struct page *page = find_page(path);
    const char *content_type = "application/json";
    unsigned status = MHD_HTTP_NOT_FOUND;
    struct buffer body = {0};

    (void)version;
    (void)upload;
    /* The first call only announces the headers; a body, which nobody asked for, is passed over. */
    if (*seen == NULL || *upload_size > 0) {
        *seen = &seen_mark;
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        status = MHD_HTTP_METHOD_NOT_ALLOWED;
        buffer_append_text(&body, "{\"error\":\"only GET and HEAD\"}");
    } else if (page == NULL) {
        buffer_append_text(&body, "{\"error\":\"try /, /health, /ready, /metrics or /status\"}");
    } else {
        status = page->write(admin, &body);
        content_type = page->content_type;
    }
    return respond_take(connection, status, content_type, &body);
}

struct admin *admin_open(struct loop *loop, const char *listen, const struct admin_source *source,
                         void *context, struct error *error) {
    struct admin *admin = NULL;
    int descriptor = -1;

    if (!listeners_open(listen, &descriptor, 1, error)) {
        error_prefix(error, "admin_listen");
        return NULL;
    }
    admin = memory_new(sizeof *admin);
    admin->source = source;
    admin->context = context;
    admin->port = listener_port(descriptor);
    admin->daemon =
        MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, admin, MHD_OPTION_LISTEN_SOCKET,
                         descriptor, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTION_LIMIT,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_END);
    if (admin->daemon == NULL) {
        error_set(error, ERROR_SYSTEM, "admin_listen: cannot serve %s: %s", listen,
                  strerror(errno));
        close(descriptor);
        free(admin);
        return NULL;
    }
    admin->driver = mhd_loop_new(loop, admin->daemon);
    return admin;
}

void admin_close(struct admin *admin) {
    if (admin == NULL)
        return;
    mhd_loop_free(admin->driver);
    MHD_stop_daemon(admin->daemon);
    free(admin);
}

int admin_port(const struct admin *admin) {
    return admin->port;
}
