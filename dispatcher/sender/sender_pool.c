#include "dispatcher/sender/sender_pool.h"

#include "common/base/memory.h"
#include "dispatcher/key_file.h"

#include <stdlib.h>
#include <sys/queue.h>

struct sender_pool {
    LIST_ENTRY(sender_pool) link;
    struct sender_pools *owner;
    struct route route;
    struct key_file_identity certificate; /* that of the route, where it has one */
    struct curl_loop *multi;
    size_t holder_count;
    struct sender_transfer **spare;
    size_t spare_count;
    size_t spare_capacity;
};

struct sender_pools {
    struct loop *loop;
    int64_t connection_count;
    int64_t timeout_ms;
    struct sender_addresses *addresses;
    sender_transfer_admit *admit;
    curl_loop_ended *ended;
    void *context;
    LIST_HEAD(, sender_pool) list;
};

struct sender_pools *sender_pools_new(struct loop *loop, const struct dispatcher_config *config,
                                      sender_transfer_admit *admit, curl_loop_ended *ended,
                                      void *context) {
    struct sender_pools *pools = memory_new(sizeof *pools);

    pools->loop = loop;
    pools->connection_count = config->connections;
    pools->timeout_ms = config->request_timeout_ms;
    pools->addresses = sender_addresses_new();
    pools->admit = admit;
    pools->ended = ended;
    pools->context = context;
    LIST_INIT(&pools->list);
    return pools;
}

static struct sender_pool *pool_new(struct sender_pools *pools, const struct route *route) {
    struct sender_pool *pool = memory_new(sizeof *pool);

    pool->owner = pools;
    pool->route = route_copy(route);
    if (pool->route.certificate_file != NULL)
        pool->certificate = key_file_identify(pool->route.certificate_file);
    pool->multi = curl_loop_new(pools->loop, pools->connection_count, pools->ended, pools->context);
    LIST_INSERT_HEAD(&pools->list, pool, link);
    return pool;
}

static void pool_free(struct sender_pool *pool) {
    LIST_REMOVE(pool, link);
    for (size_t i = 0; i < pool->spare_count; i++)
        sender_transfer_free(pool->spare[i]);
    free(pool->spare);
    curl_loop_free(pool->multi);
    route_release(&pool->route);
    free(pool);
}

void sender_pools_free(struct sender_pools *pools) {
    while (!LIST_EMPTY(&pools->list))
        pool_free(LIST_FIRST(&pools->list));
    sender_addresses_free(pools->addresses);
    free(pools);
}

static void free_unheld(struct sender_pools *pools) {
    struct sender_pool *next = NULL;

    for (struct sender_pool *pool = LIST_FIRST(&pools->list); pool != NULL; pool = next) {
        next = LIST_NEXT(pool, link);
        if (pool->holder_count == 0)
            pool_free(pool);
    }
}

struct sender_pool *sender_pool_hold(struct sender_pools *pools, const struct route *route) {
    struct sender_pool *pool = NULL;

    LIST_FOREACH(pool, &pools->list, link) {
        if (route_equal(&pool->route, route) && !sender_pool_is_outdated(pool))
            break;
    }
    if (pool == NULL) {
        free_unheld(pools);
        pool = pool_new(pools, route);
    }
    pool->holder_count++;
    return pool;
}

void sender_pool_release(struct sender_pool *pool) {
    pool->holder_count--;
}

const struct route *sender_pool_route(const struct sender_pool *pool) {
    return &pool->route;
}

bool sender_pool_is_outdated(const struct sender_pool *pool) {
    const char *path = pool->route.certificate_file;

    return path != NULL && key_file_has_changed(path, &pool->certificate);
}

struct sender_transfer *sender_pool_take(struct sender_pool *pool) {
    const struct sender_pools *pools = pool->owner;

    return pool->spare_count > 0 ? pool->spare[--pool->spare_count]
                                 : sender_transfer_new(&pool->route, pools->addresses, pools->admit,
                                                       pools->timeout_ms);
}

void sender_pool_put_back(struct sender_pool *pool, struct sender_transfer *transfer) {
    sender_transfer_clear(transfer);
    if (pool->spare_count == pool->spare_capacity) {
        pool->spare_capacity = pool->spare_capacity == 0 ? 64 : pool->spare_capacity * 2;
        pool->spare = memory_resize(pool->spare, pool->spare_capacity * sizeof(transfer));
    }
    pool->spare[pool->spare_count++] = transfer;
}

void sender_pool_start(struct sender_pool *pool, struct sender_transfer *transfer) {
    curl_loop_add(pool->multi, sender_transfer_handle(transfer));
}

void sender_pool_drop(struct sender_pool *pool, struct sender_transfer *transfer) {
    curl_loop_remove(pool->multi, sender_transfer_handle(transfer));
}
