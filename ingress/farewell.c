#include "ingress/farewell.h"

#include "common/base/loop_ev.h"
#include "common/base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FAREWELL_MS = 2000, FAREWELL_LIMIT = 64, CHUNK_BYTES = 16384, CHUNKS_AT_ONCE = 8 };

struct guest {
    struct guest *next;
    struct farewell *farewell;
    int socket;
    struct readable *readable;
    struct timer *timer;
};

struct farewell {
    struct loop *loop;
    struct guest *list;
    size_t count;
    loop_callback *emptied;
    void *context;
};

struct farewell *farewell_new(struct loop *loop, loop_callback *emptied, void *context) {
    struct farewell *farewell = memory_new(sizeof *farewell);

    farewell->loop = loop;
    farewell->emptied = emptied;
    farewell->context = context;
    return farewell;
}

static void guest_free(struct guest *guest) {
    timer_free(guest->timer);
    readable_free(guest->readable);
    close(guest->socket);
    free(guest);
}

void farewell_free(struct farewell *farewell) {
    if (farewell == NULL)
        return;
    while (farewell->list != NULL) {
        struct guest *guest = farewell->list;
        farewell->list = guest->next;
        guest_free(guest);
    }
    free(farewell);
}

static void finish(void *context) {
    struct guest *guest = context;
    struct farewell *farewell = guest->farewell;
    struct guest **link = &farewell->list;

    while (*link != guest)
        link = &(*link)->next;
    *link = guest->next;
    guest_free(guest);
    farewell->count--;
    if (farewell->count == 0)
        farewell->emptied(farewell->context);
}

static void on_readable(void *context) {
    struct guest *guest = context;
    char chunk[CHUNK_BYTES];

    for (int i = 0; i < CHUNKS_AT_ONCE; i++) {
        ssize_t got = recv(guest->socket, chunk, sizeof chunk, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) {
            finish(guest);
            return;
        }
    }
}

void farewell_keep(struct farewell *farewell, int socket) {
    int copy = farewell->count < FAREWELL_LIMIT ? dup(socket) : -1;

    if (copy < 0)
        return;
    shutdown(copy, SHUT_WR);
    struct guest *guest = memory_new(sizeof *guest);
    guest->farewell = farewell;
    guest->socket = copy;
    guest->readable = readable_new(farewell->loop, copy, on_readable, guest);
    guest->timer = timer_new(farewell->loop, finish, guest);
    timer_start(guest->timer, FAREWELL_MS);
    guest->next = farewell->list;
    farewell->list = guest;
    farewell->count++;
}

size_t farewell_count(const struct farewell *farewell) {
    return farewell->count;
}
