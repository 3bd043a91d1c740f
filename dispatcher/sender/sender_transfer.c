#include "dispatcher/sender/sender_transfer.h"

#include "common/base/buffer.h"
#include "common/base/memory.h"
#include "dispatcher/sender/sender_outcome.h"
#include "dispatcher/sender/sender_route.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    BODY_LIMIT_BYTES = 64 * 1024,
    BODY_KEPT_BYTES = 4 * 1024, /* an idle handle holds no more than this */
    HEADER_LIMIT_BYTES = 64,    /* an HTTP date has 29 */
    CONNECT_TIMEOUT_MS = 10 * 1000,
    KEEPALIVE_IDLE_SECONDS = 30,
    KEEPALIVE_INTERVAL_SECONDS = 10,
    KEEPALIVE_PROBE_COUNT = 3,
};

struct kept_header {
    char text[HEADER_LIMIT_BYTES];
    size_t size;
};

struct sender_transfer {
    CURL *easy;
    struct sender_route by;
    sender_transfer_admit *admit;
    void *owner;
    unsigned unacknowledged_limit_ms;
    bool multiplexes;
    bool begun;
    curl_off_t connection; /* that it began on; libcurl counts from 0 */
    bool refused;
    bool deferred;
    bool body_is_cut;
    struct kept_header retry_after;
    struct kept_header date;
    struct buffer body;
    char detail[CURL_ERROR_SIZE];
};

/* What is longer than anybody reads ends the transfer, so that no host can pour without end. */
static size_t on_body(char *data, size_t size, size_t count, void *context) {
    struct sender_transfer *transfer = context;
    size_t room = BODY_LIMIT_BYTES - transfer->body.size;
    size_t arrived = size * count;

    transfer->body_is_cut = arrived > room;
    buffer_append(&transfer->body,
                  (struct slice){.data = data, .size = transfer->body_is_cut ? room : arrived});
    return transfer->body_is_cut ? CURL_WRITEFUNC_ERROR : arrived;
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Keeps the value if the line is this header and the value fits. */
static void keep_header(struct kept_header *kept, const char *name, struct slice line) {
    size_t name_size = strlen(name);

    if (line.size <= name_size || line.data[name_size] != ':' ||
        !slice_is_ignoring_case((struct slice){.data = line.data, .size = name_size}, name))
        return;
    struct slice value = {.data = line.data + name_size + 1, .size = line.size - name_size - 1};
    while (value.size > 0 && is_blank(value.data[0])) {
        value.data++;
        value.size--;
    }
    while (value.size > 0 && is_blank(value.data[value.size - 1]))
        value.size--;
    if (value.size > sizeof kept->text)
        return;
    memcpy(kept->text, value.data, value.size);
    kept->size = value.size;
}

static size_t on_header(char *data, size_t size, size_t count, void *context) {
    struct sender_transfer *transfer = context;
    struct slice line = {.data = data, .size = size * count};

    if (line.size >= 5 && memcmp(line.data, "HTTP/", 5) == 0) {
        /* An interim response (1xx) has headers of its own. */
        transfer->retry_after.size = 0;
        transfer->date.size = 0;
    }
    keep_header(&transfer->retry_after, "retry-after", line);
    keep_header(&transfer->date, "date", line);
    return line.size;
}

static long information(const struct sender_transfer *transfer, CURLINFO name) {
    long value = 0;

    curl_easy_getinfo(transfer->easy, name, &value);
    return value;
}

static bool is_admitted(struct sender_transfer *transfer) {
    curl_easy_getinfo(transfer->easy, CURLINFO_CONN_ID, &transfer->connection);
    return transfer->admit(transfer->owner, transfer->connection,
                           information(transfer, CURLINFO_NUM_CONNECTS) > 0);
}

/* libcurl sends a request again by itself when a connection that had served before dies under it,
 * whether or not the provider may have acted. It comes by here each time, so the second time is
 * where that ends. It reports no read error before it when the stream was refused, or lay above the
 * last one of a GOAWAY; over HTTP/1.1 it reports none for a connection just closed either. */
static int on_request(void *context, char *remote_address, char *local_address, int remote_port,
                      int local_port) {
    struct sender_transfer *transfer = context;

    (void)remote_address;
    (void)local_address;
    (void)remote_port;
    (void)local_port;
    if (!transfer->begun) {
        transfer->deferred = !is_admitted(transfer);
        transfer->begun = !transfer->deferred;
        return transfer->begun ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
    }
    transfer->refused = transfer->multiplexes && transfer->detail[0] == '\0';
    return CURL_PREREQFUNC_ABORT;
}

/* Keep-alive does not probe while sent bytes wait for their acknowledgement; the kernel would then
 * hold a dead connection for a quarter of an hour. */
static int on_socket(void *context, curl_socket_t descriptor, curlsocktype purpose) {
    const struct sender_transfer *transfer = context;

    (void)purpose;
    setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &transfer->unacknowledged_limit_ms,
               sizeof transfer->unacknowledged_limit_ms);
    return CURL_SOCKOPT_OK;
}

static void set_for_good(struct sender_transfer *transfer, int64_t timeout_ms) {
    CURL *easy = transfer->easy;

    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "columba/" COLUMBA_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* Giving up a transfer must not wait for its resolver thread. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(timeout_ms < CONNECT_TIMEOUT_MS ? timeout_ms : CONNECT_TIMEOUT_MS));
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_SECONDS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_INTERVAL_SECONDS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPCNT, (long)KEEPALIVE_PROBE_COUNT);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->detail);
}

struct sender_transfer *sender_transfer_new(const struct route *route,
                                            struct sender_addresses *addresses,
                                            sender_transfer_admit *admit, int64_t timeout_ms) {
    struct sender_transfer *transfer = memory_new(sizeof *transfer);

    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL)
        abort();
    transfer->by = (struct sender_route){.route = route, .addresses = addresses};
    transfer->admit = admit;
    transfer->unacknowledged_limit_ms = (unsigned)timeout_ms;
    set_for_good(transfer, timeout_ms);
    sender_route_set(&transfer->by, transfer->easy);
    return transfer;
}

void sender_transfer_free(struct sender_transfer *transfer) {
    curl_easy_cleanup(transfer->easy);
    buffer_free(&transfer->body);
    free(transfer);
}

void sender_transfer_prepare(struct sender_transfer *transfer, const struct sender_request *request,
                             bool multiplexes, void *owner) {
    CURL *easy = transfer->easy;

    transfer->multiplexes = multiplexes;
    transfer->owner = owner;
    sender_route_begin(&transfer->by, request->url);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.data);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
}

void sender_transfer_clear(struct sender_transfer *transfer) {
    transfer->begun = false;
    transfer->refused = false;
    transfer->deferred = false;
    transfer->body_is_cut = false;
    transfer->retry_after.size = 0;
    transfer->date.size = 0;
    transfer->detail[0] = '\0';
    buffer_clear(&transfer->body);
    if (transfer->body.capacity > BODY_KEPT_BYTES)
        buffer_free(&transfer->body);
}

CURL *sender_transfer_handle(struct sender_transfer *transfer) {
    return transfer->easy;
}

void *sender_transfer_owner(CURL *easy) {
    struct sender_transfer *transfer = NULL;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    return transfer->owner;
}

bool sender_transfer_deferred(const struct sender_transfer *transfer) {
    return transfer->deferred;
}

bool sender_transfer_multiplexed(const struct sender_transfer *transfer) {
    return information(transfer, CURLINFO_HTTP_VERSION) >= CURL_HTTP_VERSION_2_0;
}

static struct slice header_value(const struct kept_header *header) {
    return (struct slice){.data = header->size == 0 ? NULL : header->text, .size = header->size};
}

/* Whether a proxy stands between, and has not led to the host. */
static bool is_tunnelless(const struct sender_transfer *transfer) {
    long status = information(transfer, CURLINFO_HTTP_CONNECTCODE);

    return transfer->by.route->proxy != NULL && (status < 200 || status >= 300);
}

void sender_transfer_outcome(const struct sender_transfer *transfer, CURLcode code, bool timed_out,
                             struct sender_outcome *out) {
    long status = information(transfer, CURLINFO_RESPONSE_CODE);
    bool is_whole = (code == CURLE_OK && !timed_out) || transfer->body_is_cut;
    bool is_success = transfer->begun && status >= 200 && status < 300;

    *out = (struct sender_outcome){.result = SENDER_ANSWERED};
    /* A success that was cut off behind its headers is one still, if these say it all. */
    if (is_whole || is_success) {
        out->response = (struct http_response){.status = (int)status,
                                               .retry_after = header_value(&transfer->retry_after),
                                               .date = header_value(&transfer->date),
                                               .body = buffer_slice(&transfer->body),
                                               .is_cut = !is_whole};
        return;
    }
    struct sender_failure failure = {.code = code,
                                     .forbidden = transfer->by.is_forbidden,
                                     .busy = transfer->by.is_busy,
                                     .tunnelless = is_tunnelless(transfer),
                                     .begun = transfer->begun,
                                     .written = information(transfer, CURLINFO_REQUEST_SIZE) > 0,
                                     .refused = transfer->refused,
                                     .timed_out = timed_out};
    out->result = sender_outcome_judge(&failure, &out->reason);
    if (sender_outcome_is_of_connection(&failure))
        out->broken_connection = (uint64_t)transfer->connection + 1;
    out->detail = transfer->detail[0] != '\0' ? transfer->detail : curl_easy_strerror(code);
}
