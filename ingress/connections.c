#include "ingress/connections.h"

enum { SLOW_MS = 1000 };

void connections_init(struct connections *connections, const struct connection_owner *owner,
                      void *context) {
    *connections = (struct connections){.owner = owner, .context = context};
    for (size_t i = 0; i < CONNECTION_PHASE_COUNT; i++) {
        struct connection_link *head = &connections->heads[i];
        head->previous = head->next = head;
    }
}

static void append(struct connections *connections, struct connection_link *link,
                   enum connection_phase phase, int64_t now_ms) {
    struct connection_link *head = &connections->heads[phase];

    link->phase = phase;
    link->since_ms = now_ms;
    link->previous = head->previous;
    link->next = head;
    link->received_bytes = 0;
    link->previous->next = head->previous = link;
}

static void detach(struct connection_link *link) {
    link->previous->next = link->next;
    link->next->previous = link->previous;
}

/* NULL when there is none. */
static struct connection_link *oldest(struct connections *connections,
                                      enum connection_phase phase) {
    struct connection_link *head = &connections->heads[phase];

    return head->next == head ? NULL : head->next;
}

/* What is still on its way from the caller may arrive, in the time of any request. */
static void end(struct connections *connections, struct connection_link *link,
                enum connection_end reason, int64_t now_ms) {
    detach(link);
    append(connections, link, CONNECTION_READING, now_ms);
    link->ended = true;
    connections->owner->end(connections->context, link, reason);
}

void connections_end_slowest(struct connections *connections, int64_t now_ms) {
    struct connection_link *slowest = oldest(connections, CONNECTION_READING);

    if (slowest != NULL && !slowest->ended && now_ms - slowest->since_ms >= SLOW_MS)
        end(connections, slowest, CONNECTION_END_SHARE, now_ms);
}

/* When full, nobody can come in and ask for room: it is made ahead. */
static void make_room(struct connections *connections, int64_t now_ms) {
    struct connection_link *idle = oldest(connections, CONNECTION_IDLE);

    if (connections->count < connections->limit)
        return;
    if (idle != NULL)
        end(connections, idle, CONNECTION_END_ROOM, now_ms);
    else
        connections_end_slowest(connections, now_ms);
}

void connections_add(struct connections *connections, struct connection_link *link,
                     int64_t now_ms) {
    append(connections, link, CONNECTION_READING, now_ms);
    connections->count++;
    make_room(connections, now_ms);
}

void connections_remove(struct connections *connections, struct connection_link *link) {
    detach(link);
    connections->count--;
}

void connections_enter(struct connections *connections, struct connection_link *link,
                       enum connection_phase phase, int64_t now_ms) {
    if (link->phase == phase)
        return;
    detach(link);
    append(connections, link, phase, now_ms);
}

static void end_overdue(struct connections *connections, enum connection_phase phase,
                        int64_t time_ms, enum connection_end reason, int64_t now_ms) {
    struct connection_link *link = oldest(connections, phase);

    while (link != NULL && now_ms - link->since_ms >= time_ms) {
        end(connections, link, reason, now_ms);
        link = oldest(connections, phase);
    }
}

/* The HTTP library tells of a request only when its first line is whole, and misses the end of a
 * stream that comes together with data. A connection is looked at only when a sweep finds it: a
 * busy one never costs a system call. */
static void look_after(struct connections *connections, enum connection_phase phase,
                       int64_t now_ms) {
    struct connection_link *head = &connections->heads[phase];

    for (struct connection_link *link = head->next, *next; link != head; link = next) {
        struct connection_sight sight = connections->owner->look(connections->context, link);
        bool dribbles = link->received_bytes > 0 && sight.received_bytes > link->received_bytes;

        next = link->next;
        if (sight.closed && !link->ended)
            end(connections, link, CONNECTION_END_GONE, now_ms);
        else if (dribbles && phase == CONNECTION_IDLE)
            connections_enter(connections, link, CONNECTION_READING, now_ms);
        else
            link->received_bytes = sight.received_bytes;
    }
}

void connections_sweep(struct connections *connections, int64_t now_ms) {
    int64_t read_ms = connections->read_timeout_ms;

    end_overdue(connections, CONNECTION_READING, read_ms, CONNECTION_END_SLOW, now_ms);
    end_overdue(connections, CONNECTION_ANSWERING, read_ms, CONNECTION_END_SLOW, now_ms);
    look_after(connections, CONNECTION_READING, now_ms);
    look_after(connections, CONNECTION_IDLE, now_ms);
    end_overdue(connections, CONNECTION_IDLE, connections->idle_timeout_ms, CONNECTION_END_IDLE,
                now_ms);
    make_room(connections, now_ms);
}

void connections_end_idle(struct connections *connections, int64_t now_ms) {
    struct connection_link *link = NULL;

    while ((link = oldest(connections, CONNECTION_IDLE)) != NULL)
        end(connections, link, CONNECTION_END_DRAIN, now_ms);
}

const char *connection_end_name(enum connection_end reason) {
    static const char *const names[] = {
        [CONNECTION_END_GONE] = "gone",   [CONNECTION_END_IDLE] = "idle",
        [CONNECTION_END_SLOW] = "slow",   [CONNECTION_END_ROOM] = "room",
        [CONNECTION_END_SHARE] = "share", [CONNECTION_END_DRAIN] = "drain",
    };

    return names[reason];
}
