#include "ingress/connections.h"

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

static void end(struct connections *connections, struct connection_link *link,
                enum connection_end reason) {
    detach(link);
    append(connections, link, CONNECTION_ENDED, link->since_ms);
    connections->owner->end(connections->context, link, reason);
}

void connections_add(struct connections *connections, struct connection_link *link,
                     int64_t now_ms) {
    append(connections, link, CONNECTION_READING, now_ms);
    connections->count++;
    struct connection_link *idle = oldest(connections, CONNECTION_IDLE);
    if (connections->count >= connections->limit && idle != NULL)
        end(connections, idle, CONNECTION_END_ROOM);
}

void connections_remove(struct connections *connections, struct connection_link *link) {
    detach(link);
    connections->count--;
}

void connections_enter(struct connections *connections, struct connection_link *link,
                       enum connection_phase phase, int64_t now_ms) {
    if (link->phase == CONNECTION_ENDED || link->phase == phase)
        return;
    detach(link);
    append(connections, link, phase, now_ms);
    link->received_bytes = 0;
}

static void end_overdue(struct connections *connections, enum connection_phase phase,
                        int64_t before_ms, enum connection_end reason) {
    struct connection_link *link = oldest(connections, phase);

    while (link != NULL && link->since_ms <= before_ms) {
        end(connections, link, reason);
        link = oldest(connections, phase);
    }
}

/* The HTTP library tells of a request only when its first line is whole. What a connection has
 * received is first looked at when a sweep finds it idle: a busy one never costs a system call. */
static void notice_dribbles(struct connections *connections, int64_t now_ms) {
    struct connection_link *head = &connections->heads[CONNECTION_IDLE];

    for (struct connection_link *link = head->next, *next; link != head; link = next) {
        uint64_t bytes = connections->owner->received_bytes(connections->context, link);
        bool known = link->received_bytes > 0;

        next = link->next;
        if (!known)
            link->received_bytes = bytes;
        else if (bytes > link->received_bytes)
            connections_enter(connections, link, CONNECTION_READING, now_ms);
    }
}

void connections_sweep(struct connections *connections, int64_t now_ms) {
    int64_t slow_ms = now_ms - connections->read_timeout_ms;

    end_overdue(connections, CONNECTION_READING, slow_ms, CONNECTION_END_SLOW);
    end_overdue(connections, CONNECTION_ANSWERING, slow_ms, CONNECTION_END_SLOW);
    notice_dribbles(connections, now_ms);
    end_overdue(connections, CONNECTION_IDLE, now_ms - connections->idle_timeout_ms,
                CONNECTION_END_IDLE);
}

void connections_end_idle(struct connections *connections) {
    struct connection_link *link = NULL;

    while ((link = oldest(connections, CONNECTION_IDLE)) != NULL)
        end(connections, link, CONNECTION_END_DRAIN);
}

const char *connection_end_name(enum connection_end reason) {
    static const char *const names[] = {
        [CONNECTION_END_IDLE] = "idle",
        [CONNECTION_END_SLOW] = "slow",
        [CONNECTION_END_ROOM] = "room",
        [CONNECTION_END_DRAIN] = "drain",
    };

    return names[reason];
}
