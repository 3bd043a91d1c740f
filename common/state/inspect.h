/* The shared state as an operator's tool sees it: one question after another, each of which blocks
 * until it is answered. Programs that serve use state.h. */
#ifndef COLUMBA_STATE_INSPECT_H
#define COLUMBA_STATE_INSPECT_H

#include "common/base/error.h"
#include "common/config/config.h"
#include "common/push/gate_entry.h"
#include "common/push/hold.h"
#include "common/push/verdict.h"

struct inspect;

/* Connects; each answer may take that long. NULL with an error that names the server. */
struct inspect *inspect_open(const struct redis_config *config, int64_t timeout_ms,
                             struct error *error);
void inspect_close(struct inspect *inspect);

/* What is known of a pushkey. Lifetimes are of the keys: -1 for one without end. */
struct inspect_pushkey {
    bool has_verdict;
    bool has_hold;
    struct verdict verdict;
    struct hold hold;
    int64_t verdict_lifetime_ms;
    int64_t hold_lifetime_ms;
};

/* pushkey is its h. An entry that cannot be read is none. */
bool inspect_pushkey(struct inspect *inspect, const char *pushkey, struct inspect_pushkey *out,
                     struct error *error);

/* Deletes its verdict and its hold. */
bool inspect_forgive(struct inspect *inspect, const char *pushkey, struct error *error);

/* Whether the mark is set in one of the generations that are looked up at that time. */
bool inspect_seen(struct inspect *inspect, int64_t seen, int64_t now_ms, bool *out,
                  struct error *error);

/* All entries of a lane, void ones too. *out is released with free(). */
bool inspect_gates(struct inspect *inspect, const char *lane, struct gate_entry **out,
                   size_t *count, struct error *error);
bool inspect_write_gate(struct inspect *inspect, const char *lane, const struct gate_entry *entry,
                        struct error *error);
bool inspect_remove_gate(struct inspect *inspect, const char *lane, const char *name, bool *removed,
                         struct error *error);

/* A dispatcher of the fleet and what it last wrote of itself, as JSON. */
struct inspect_member {
    char *instance;
    char *status;
};
struct inspect_members {
    struct inspect_member *list;
    size_t count;
};

bool inspect_members(struct inspect *inspect, struct inspect_members *out, struct error *error);
void inspect_members_free(struct inspect_members *members);

/* How the server keeps what it is given. */
struct inspect_server {
    char version[32];
    char role[16];
    char policy[32];        /* maxmemory-policy; "" when it does not say */
    int64_t used_bytes;     /* -1 when it does not say, like the next */
    int64_t limit_bytes;    /* 0: none */
    bool knows_persistence; /* else the next two mean nothing */
    bool appends;           /* AOF */
    bool saves;             /* RDB */
};

bool inspect_server(struct inspect *inspect, struct inspect_server *out, struct error *error);

#endif
