#include "common/queue/kafka_links.h"

#include "common/base/hash.h"
#include "common/base/memory.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BROKERS_MAX = 256 };

/* The brokers that are up, by address: the bootstrap connection changes its id when it learns it.
 * Beyond the limit a broker is not seen, which matters only if all the others are down. */
struct kafka_links {
    pthread_mutex_t lock;
    uint64_t up[BROKERS_MAX];
    size_t count;
};

struct kafka_links *kafka_links_new(void) {
    struct kafka_links *links = memory_new(sizeof *links);

    pthread_mutex_init(&links->lock, NULL);
    return links;
}

static void note(struct kafka_links *links, uint64_t broker, bool up) {
    size_t at = 0;

    while (at < links->count && links->up[at] != broker)
        at++;
    if (up && at == links->count && at < BROKERS_MAX)
        links->up[links->count++] = broker;
    else if (!up && at < links->count)
        links->up[at] = links->up[--links->count];
}

static rd_kafka_resp_err_t on_state(rd_kafka_t *client, int32_t id, const char *protocol,
                                    const char *name, int port, const char *state, void *context) {
    struct kafka_links *links = context;
    char address[300];
    int size = snprintf(address, sizeof address, "%d:%s", port, name);

    (void)client;
    (void)id;
    (void)protocol;
    if (size < 0 || (size_t)size >= sizeof address)
        size = sizeof address - 1;
    pthread_mutex_lock(&links->lock);
    note(links, hash_table_key((struct slice){address, (size_t)size}),
         strcmp(state, "UP") == 0 || strcmp(state, "UPDATE") == 0);
    pthread_mutex_unlock(&links->lock);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *client, const rd_kafka_conf_t *conf, void *context,
                                  char *reason, size_t reason_size) {
    (void)conf;
    (void)reason;
    (void)reason_size;
    return rd_kafka_interceptor_add_on_broker_state_change(client, "columba", on_state, context);
}

void kafka_links_watch(struct kafka_links *links, rd_kafka_conf_t *conf) {
    rd_kafka_conf_interceptor_add_on_new(conf, "columba", on_new, links);
}

bool kafka_links_up(struct kafka_links *links) {
    bool up;

    pthread_mutex_lock(&links->lock);
    up = links->count > 0;
    pthread_mutex_unlock(&links->lock);
    return up;
}
