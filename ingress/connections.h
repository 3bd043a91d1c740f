/* The open connections by what is awaited on them and since when, so that a caller who dribbles,
 * or takes up room without a request, is ended in time. Decides; the socket is its owner's. */
#ifndef COLUMBA_INGRESS_CONNECTIONS_H
#define COLUMBA_INGRESS_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum connection_phase {
    CONNECTION_IDLE,      /* between two requests */
    CONNECTION_READING,   /* a request arrives, or the first one is due */
    CONNECTION_WAITING,   /* the request waits for Redis or the queue: for us, not for the caller */
    CONNECTION_ANSWERING, /* the caller has to take the answer */
    CONNECTION_PHASE_COUNT
};

/* Embedded in whatever stands for a connection. */
struct connection_link {
    struct connection_link *previous;
    struct connection_link *next;
    enum connection_phase phase;
    bool ended; /* told to go: its owner asks for no further request */
    int64_t since_ms;
    uint64_t received_bytes; /* when a sweep last found it in this phase; 0 before */
};

/* Why a connection is ended. */
enum connection_end {
    CONNECTION_END_GONE,  /* the caller has closed its side, and nobody noticed */
    CONNECTION_END_IDLE,  /* idle for too long */
    CONNECTION_END_SLOW,  /* a request not here, or an answer not taken, in time */
    CONNECTION_END_ROOM,  /* the longest idle one when no more fit in */
    CONNECTION_END_SHARE, /* the slowest one when no more fit in, or no more bytes */
    CONNECTION_END_DRAIN, /* idle when the program ends */
};

/* What the system says of a connection; zeroes when it does not say. */
struct connection_sight {
    uint64_t received_bytes; /* so far */
    bool closed;             /* by the caller, in its direction */
};

/* What the owner of the sockets does. Neither may remove a link within the call. */
struct connection_owner {
    struct connection_sight (*look)(void *context, struct connection_link *link);
    void (*end)(void *context, struct connection_link *link, enum connection_end reason);
};

struct connections {
    struct connection_link heads[CONNECTION_PHASE_COUNT]; /* the longest waiting first */
    size_t count;
    size_t limit;
    int64_t idle_timeout_ms;
    int64_t read_timeout_ms;
    const struct connection_owner *owner;
    void *context;
};

void connections_init(struct connections *connections, const struct connection_owner *owner,
                      void *context);

/* A new connection owes its first request. When it was the last one that fits, the longest idle
 * one is ended, or the slowest. */
void connections_add(struct connections *connections, struct connection_link *link, int64_t now_ms);
void connections_remove(struct connections *connections, struct connection_link *link);

/* Reading again while reading does not prolong it. */
void connections_enter(struct connections *connections, struct connection_link *link,
                       enum connection_phase phase, int64_t now_ms);

/* Ends what is overdue or left by its caller, and notices requests whose first bytes arrive one by
 * one. */
void connections_sweep(struct connections *connections, int64_t now_ms);

/* Ends the one whose request has been arriving for the longest time, if that is a second or more:
 * whatever it holds is wanted by others. */
void connections_end_slowest(struct connections *connections, int64_t now_ms);

/* Ends every idle one. */
void connections_end_idle(struct connections *connections, int64_t now_ms);

/* "gone", "idle", "slow", … */
const char *connection_end_name(enum connection_end reason);

#endif
