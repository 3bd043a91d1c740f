/* A homeserver, byte by byte. */
#ifndef COLUMBA_TESTS_INGRESS_CLIENT_H
#define COLUMBA_TESTS_INGRESS_CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/buffer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* No test needs all of it. */
#pragma GCC diagnostic ignored "-Wunused-function"

enum { CLIENT_PATIENCE_MS = 20000 };

struct reply {
    int status; /* 0 when the connection closed without one */
    struct buffer head;
    struct buffer body;
};

static void reply_free(struct reply *reply) {
    buffer_free(&reply->head);
    buffer_free(&reply->body);
    *reply = (struct reply){0};
}

static int client_connect(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {.tv_sec = CLIENT_PATIENCE_MS / 1000};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(client >= 0);
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    return client;
}

/* False when the other side has closed. */
static bool client_send(int client, struct slice bytes) {
    while (bytes.size > 0) {
        ssize_t sent = send(client, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes.data += sent;
        bytes.size -= (size_t)sent;
    }
    return true;
}

/* The value of a header of the reply, or "" when there is none. */
static const char *reply_header(struct reply *reply, const char *name, char *out, size_t size) {
    char wanted[64];
    const char *line = buffer_text(&reply->head);

    snprintf(wanted, sizeof wanted, "\r\n%s: ", name);
    const char *at = strcasestr(line, wanted);
    out[0] = '\0';
    if (at != NULL) {
        at += strlen(wanted);
        snprintf(out, size, "%.*s", (int)strcspn(at, "\r"), at);
    }
    return out;
}

/* One byte at a time, so that what follows stays for the next reply. False when it closed. */
static bool client_receive_byte(int client, struct buffer *out) {
    char byte = 0;

    if (recv(client, &byte, 1, 0) != 1)
        return false;
    buffer_append_byte(out, byte);
    return true;
}

/* Skips a 100; the caller releases the reply. */
static struct reply client_receive(int client) {
    struct reply reply = {0};
    char length[32];
    long long size = 0;
    long long status = 0;

    do {
        buffer_clear(&reply.head);
        while (reply.head.size < 4 ||
               memcmp(reply.head.data + reply.head.size - 4, "\r\n\r\n", 4) != 0)
            if (!client_receive_byte(client, &reply.head))
                return reply;
    } while (strncmp(buffer_text(&reply.head), "HTTP/1.1 100", 12) == 0);
    assert_true(slice_to_int64((struct slice){.data = reply.head.data + 9, .size = 3}, &status));
    reply.status = (int)status;
    assert_true(slice_to_int64(
        slice_of(reply_header(&reply, "Content-Length", length, sizeof length)), &size));
    while (reply.body.size < (size_t)size)
        if (!client_receive_byte(client, &reply.body))
            break;
    return reply;
}

static void write_post(struct buffer *out, const char *more_headers, struct slice body) {
    buffer_append_format(out,
                         "POST /_matrix/push/v1/notify HTTP/1.1\r\nHost: gateway\r\n"
                         "Content-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n",
                         more_headers, body.size);
    buffer_append(out, body);
}

static void client_post(int client, const char *body) {
    struct buffer request = {0};

    write_post(&request, "", slice_of(body));
    assert_true(client_send(client, buffer_slice(&request)));
    buffer_free(&request);
}

/* Nothing to read now. */
static bool client_hears_nothing(int client) {
    char byte = 0;

    return recv(client, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* Whether the other side closes without a word more. */
static bool client_is_closed(int client) {
    char byte = 0;
    ssize_t got = recv(client, &byte, 1, 0);

    return got == 0 || (got < 0 && errno == ECONNRESET);
}

static void assert_reply(int client, int status, const char *body) {
    struct reply reply = client_receive(client);

    assert_int_equal(reply.status, status);
    assert_string_equal(buffer_text(&reply.body), body);
    reply_free(&reply);
}

/* A body of one device. */
#define ONE_DEVICE(app_id, pushkey)                                                                \
    "{\"notification\":{\"event_id\":\"$e\",\"devices\":[{\"app_id\":\"" app_id                    \
    "\",\"pushkey\":\"" pushkey "\"}]}}"

#define NOTHING_REJECTED "{\"rejected\":[]}"

#endif
