/* A sender that keeps what it is given until a test answers: it stands in for the real one by
 * defining all of sender.h. */
#ifndef COLUMBA_TESTS_FAKE_SENDER_H
#define COLUMBA_TESTS_FAKE_SENDER_H

#include "common/base/memory.h"
#include "dispatcher/sender.h"

#include <stdlib.h>

struct sender {
    size_t sent_count;
    /* The request that waits; one at a time is what these tests allow. */
    bool is_waiting;
    char *url;
    char *body;
    char *content_type;
    struct route route;
    bool fresh;
    sender_done *done;
    void *context;
};

static inline void fake_sender_forget(struct sender *sender) {
    free(sender->url);
    free(sender->body);
    free(sender->content_type);
    route_release(&sender->route);
    sender->url = sender->body = sender->content_type = NULL;
    sender->is_waiting = false;
}

static inline void fake_sender_finish(struct sender *sender, const struct sender_outcome *outcome) {
    fake_sender_forget(sender);
    sender->done(sender->context, outcome);
}

static inline void fake_sender_answer(struct sender *sender, int status, const char *body) {
    const struct sender_outcome outcome = {
        .result = SENDER_ANSWERED,
        .response = {.status = status, .body = slice_of(body)},
    };

    fake_sender_finish(sender, &outcome);
}

struct sender *sender_open(struct loop *loop, const struct dispatcher_config *config,
                           struct error *error) {
    (void)loop;
    (void)config;
    (void)error;
    return memory_new(sizeof(struct sender));
}

void sender_close(struct sender *sender) {
    if (sender != NULL)
        fake_sender_forget(sender);
    free(sender);
}

void sender_send(struct sender *sender, const struct http_request *request,
                 const struct route *route, bool fresh, sender_done *done, void *context) {
    if (sender->is_waiting)
        abort();
    sender->sent_count++;
    sender->is_waiting = true;
    sender->url = memory_copy_text(request->url);
    sender->body = memory_copy_slice(request->body);
    sender->content_type =
        memory_copy_slice(header_find(request->headers, request->header_count, "content-type"));
    sender->route = route_copy(route);
    sender->fresh = fresh;
    sender->done = done;
    sender->context = context;
}

size_t sender_in_flight(const struct sender *sender) {
    return sender->is_waiting ? 1 : 0;
}

#endif
