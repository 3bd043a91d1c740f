/* The admin port: /health, /ready, /metrics and /status over HTTP, for probes, Prometheus and
 * tools, and the status page at / for people. On its own listen address, on the loop of the thread
 * that opens it. */
#ifndef COLUMBA_OBSERVE_ADMIN_H
#define COLUMBA_OBSERVE_ADMIN_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/loop.h"

struct admin;

/* What the program knows of itself. Each call appends a body. */
struct admin_source {
    /* JSON; true is 200, false 503. Says part by part what works and what does not. */
    bool (*ready)(void *context, struct buffer *out);
    /* Prometheus text. */
    void (*metrics)(void *context, struct buffer *out);
    /* JSON for people and tools. */
    void (*status)(void *context, struct buffer *out);
};

/* listen is address:port; port 0 takes any. source and context outlive the admin port. */
struct admin *admin_open(struct loop *loop, const char *listen, const struct admin_source *source,
                         void *context, struct error *error);
void admin_close(struct admin *admin);

/* The port really listened on. */
int admin_port(const struct admin *admin);

#endif
