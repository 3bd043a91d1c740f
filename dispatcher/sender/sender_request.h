/* A request that outlives its maker, in one block and in the form libcurl reads. */
#ifndef COLUMBA_SENDER_REQUEST_H
#define COLUMBA_SENDER_REQUEST_H

#include "common/base/http.h"

#include <curl/curl.h>

struct sender_request {
    const char *url;
    bool fresh;
    struct slice body;
    const struct curl_slist *headers; /* NULL when there are none */
};

/* Release with free(). */
struct sender_request *sender_request_copy(const struct http_request *request, bool fresh);

/* scheme://host:port as written: the start of the URL up to its path. */
struct slice sender_request_origin(const struct sender_request *request);

#endif
