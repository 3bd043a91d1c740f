/* An HTTP request and its answer as plain data, for those who decide and those who send. */
#ifndef COLUMBA_BASE_HTTP_H
#define COLUMBA_BASE_HTTP_H

#include "common/base/slice.h"

#include <stdbool.h>

enum { HTTP_HEADERS_MAX = 16 };

/* All of it borrowed from whoever made it. The method is POST: nothing else is ever sent. */
struct http_request {
    const char *url; /* absolute */
    struct header headers[HTTP_HEADERS_MAX];
    size_t header_count;
    struct slice body;
};

/* Adds a header, unless its value is empty. No request has more than HTTP_HEADERS_MAX. */
static inline void http_request_add(struct http_request *request, const char *name,
                                    struct slice value) {
    if (value.size > 0)
        request->headers[request->header_count++] = (struct header){name, value};
}

/* Borrowed; valid during the callback that carries it. */
struct http_response {
    int status;
    struct slice retry_after; /* the header's text, empty when absent */
    struct slice date;        /* likewise */
    struct slice body;        /* at most what the sender was told to keep */
    bool is_cut;              /* its connection or its time ended before it did */
};

#endif
