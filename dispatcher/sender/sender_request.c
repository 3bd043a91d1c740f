#include "dispatcher/sender/sender_request.h"

#include "common/base/memory.h"

#include <string.h>

struct block {
    struct sender_request request;
    struct curl_slist headers[HTTP_HEADERS_MAX];
    char bytes[];
};

static char *append(char **at, struct slice slice) {
    char *start = *at;

    if (slice.size > 0)
        memcpy(start, slice.data, slice.size);
    *at += slice.size;
    return start;
}

static char *append_terminated(char **at, struct slice slice) {
    char *start = append(at, slice);

    *(*at)++ = '\0';
    return start;
}

/* libcurl takes "name: value", and "name;" for a header without a value. A line break in a value
 * would begin a header of its own. */
static char *append_header(char **at, const struct header *header) {
    char *start = append(at, slice_of(header->name));

    append(at, slice_of(header->value.size > 0 ? ": " : ";"));
    char *value = append_terminated(at, header->value);
    for (size_t i = 0; i < header->value.size; i++)
        if ((unsigned char)value[i] < ' ')
            value[i] = ' ';
    return start;
}

struct sender_request *sender_request_copy(const struct http_request *request, bool fresh) {
    size_t size = strlen(request->url) + 1 + request->body.size + 1;
    for (size_t i = 0; i < request->header_count; i++)
        size += strlen(request->headers[i].name) + 2 + request->headers[i].value.size + 1;

    struct block *block = memory_new(sizeof *block + size);
    char *at = block->bytes;
    block->request.url = append_terminated(&at, slice_of(request->url));
    block->request.fresh = fresh;
    block->request.body =
        (struct slice){.data = append_terminated(&at, request->body), request->body.size};
    for (size_t i = 0; i < request->header_count; i++) {
        block->headers[i].data = append_header(&at, &request->headers[i]);
        block->headers[i].next = i + 1 < request->header_count ? &block->headers[i + 1] : NULL;
    }
    block->request.headers = request->header_count == 0 ? NULL : block->headers;
    return &block->request;
}

struct slice sender_request_origin(const struct sender_request *request) {
    const char *host = strstr(request->url, "://");

    host = host == NULL ? request->url : host + 3;
    return (struct slice){.data = request->url,
                          .size = (size_t)(host - request->url) + strcspn(host, "/?#")};
}
