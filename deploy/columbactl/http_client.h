/* One HTTP request and its answer; blocks. */
#ifndef COLUMBA_CTL_HTTP_CLIENT_H
#define COLUMBA_CTL_HTTP_CLIENT_H

#include "common/base/buffer.h"
#include "common/base/error.h"

#include <stdint.h>

struct http_reply {
    int64_t status;
    struct buffer body; /* at most 1 MiB of it; the caller frees it */
};

/* A GET, or with a body (not NULL) a POST of JSON. False when there is no answer in that time. */
bool http_client_ask(const char *url, const struct slice *body, int64_t timeout_ms,
                     struct http_reply *out, struct error *error);

#endif
