/* A delivery: one record between the queue and its outcome. It walks one way: admission, encoding,
 * sending, settling; every step is entered here and logged. */
#ifndef COLUMBA_DISPATCHER_DELIVERY_H
#define COLUMBA_DISPATCHER_DELIVERY_H

#include "common/push/app.h"
#include "common/push/notification.h"
#include "common/push/record.h"
#include "dispatcher/chain.h"
#include "dispatcher/core.h"
#include "dispatcher/decision.h"
#include "dispatcher/gates.h"
#include "dispatcher/partition.h"

enum delivery_state {
    DELIVERY_QUEUED,    /* behind an earlier one of the same pushkey */
    DELIVERY_ADMITTING, /* waits for the shared state */
    DELIVERY_GATED,     /* waits for its app or host to take pushes */
    DELIVERY_PREPARING, /* waits for a credential */
    DELIVERY_SENDING,   /* on the wire */
    DELIVERY_SETTLING,  /* waits for its outcome to be durable */
};

struct delivery {
    struct core *core;
    const struct config *config; /* the snapshot it was read with, held: app points into it */
    struct queue_record *record;
    struct partition *partition; /* NULL once its partition was given up: the ledger is closed */
    enum delivery_state state;
    bool abandoned; /* given up while something still calls back for it */

    struct record_meta meta;
    struct notification *notification; /* NULL when the record could not be read */
    const struct device *device;
    const struct app *app;
    const struct provider *provider;
    int64_t accepted_ms;
    int64_t taken_ms;   /* monotonic */
    int64_t started_ms; /* monotonic: the last send */
    int host;           /* of the last send, for recent_answered */
    size_t size_bytes;  /* what it takes up: the record and what was made of it */
    char pushkey[IDENTITY_PUSHKEY_SIZE];
    int64_t seen;
    bool has_seen;
    bool is_outdated; /* a newer one has reached the pushkey: it goes without its counts */
    struct gate_ticket ticket;
    int tries;
    char *authorization; /* what the last send carried, a secret; NULL without */
    bool is_of_old_key;  /* that it was made with: what it earns is not the present key's */
    bool is_leaving;     /* ending says how, unless Redis has another end for it */
    struct ending ending;
    int64_t delay_ms;     /* of the retry topic that its copy went to */
    bool is_copy_refused; /* at least once */
    bool is_cut;          /* its copy goes without what is too large of it */
    struct hold written;  /* the hold that it has told Redis of */
    unsigned writes;      /* to the shared state that have not been answered */
    struct timer *pause;  /* before a copy is tried again; NULL until needed */

    struct delivery_trace *trace; /* NULL: not recorded */

    /* Places in intake's lists. */
    struct delivery *next; /* of all that are in flight */
    struct delivery *previous;
    struct chain_place place;
};

/* Takes the record. Reads and checks it; when it cannot be sent, *out is its ending and false. */
struct delivery *delivery_new_take(struct core *core, struct partition *partition,
                                   struct queue_record *record);
bool delivery_read(struct delivery *delivery, struct ending *out);
void delivery_free(struct delivery *delivery);

/* What gates tell pushkeys apart by. */
uint64_t delivery_pushkey_number(const struct delivery *delivery);

/* The one place where a state changes. */
void delivery_enter(struct delivery *delivery, enum delivery_state state);

/* Admitted: encodes and sends it, and settles it with what comes of that. */
void delivery_send(struct delivery *delivery);

#endif
