/* The metrics of the ingress: one table, and an index for each row. */
#ifndef COLUMBA_INGRESS_INSTRUMENTS_H
#define COLUMBA_INGRESS_INSTRUMENTS_H

#include "common/observe/metrics.h"

enum instrument {
    INSTRUMENT_REQUESTS,
    INSTRUMENT_DEVICES,
    INSTRUMENT_UNKNOWN_APPS,
    INSTRUMENT_ACKNOWLEDGE_SECONDS,
    INSTRUMENT_BODY_BYTES,
    INSTRUMENT_WAITING_REQUESTS,
    INSTRUMENT_WAITING_BYTES,
    INSTRUMENT_CONNECTIONS,
    INSTRUMENT_CONNECTIONS_CUT,
    INSTRUMENT_QUEUE_CONNECTED,
    INSTRUMENT_REDIS_AVAILABLE,
    INSTRUMENT_WORKERS,
    INSTRUMENT_DRAINING,
    INSTRUMENT_BUILD_INFO,
    INSTRUMENT_COUNT
};

/* INSTRUMENT_COUNT rows. */
const struct metric *instruments_table(void);

/* A set of its own for one thread. */
struct metrics *instruments_new(void);

#endif
