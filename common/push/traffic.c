#include "common/push/traffic.h"

#include "common/base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { PRECISION_MS = 60 * 1000 };

struct traffic {
    size_t app_count;
    _Atomic int64_t last_ms[];
};

struct traffic *traffic_new(size_t app_count) {
    struct traffic *traffic = memory_new(sizeof *traffic + app_count * sizeof traffic->last_ms[0]);

    traffic->app_count = app_count;
    return traffic;
}

void traffic_free(struct traffic *traffic) {
    free(traffic);
}

void traffic_note(struct traffic *traffic, size_t app, int64_t now_ms) {
    if (app >= traffic->app_count)
        return;
    const int64_t since_ms =
        now_ms - atomic_load_explicit(&traffic->last_ms[app], memory_order_relaxed);
    if (since_ms >= PRECISION_MS || since_ms < 0)
        atomic_store_explicit(&traffic->last_ms[app], now_ms, memory_order_relaxed);
}

int64_t traffic_last_ms(const struct traffic *traffic, size_t app) {
    return app < traffic->app_count
               ? atomic_load_explicit(&traffic->last_ms[app], memory_order_relaxed)
               : 0;
}
