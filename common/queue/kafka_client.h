/* What producer, consumer and admin share: a client of librdkafka made of our configuration, and
 * its errors in our words. Internal to this folder. */
#ifndef COLUMBA_QUEUE_KAFKA_CLIENT_H
#define COLUMBA_QUEUE_KAFKA_CLIENT_H

#include "common/base/error.h"
#include "common/config/config.h"

#include <librdkafka/rdkafka.h>

struct kafka_setting {
    const char *name;
    const char *value;
};

/* What every client needs, then settings (ended by a NULL name), then the operator's properties,
 * which win except where a promise hangs on ours. NULL with an error naming the key. */
rd_kafka_conf_t *kafka_conf_new(const struct queue_config *config,
                                const struct kafka_setting *settings, struct error *error);

/* Sets one that is ours beyond doubt. */
void kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value);

/* Takes conf when it succeeds. */
rd_kafka_t *kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *error);

bool kafka_client_subscribe(rd_kafka_t *client, const char *const *topics, size_t count,
                            struct error *error);

/* Destroys the client (flags of rd_kafka_destroy_flags) and then frees owned, on a thread of its
 * own, because a name that does not resolve can block it. Waits that long for the end of it: at
 * the end of a process a library that still runs is a risk. */
void kafka_client_dispose(rd_kafka_t *client, int flags, void *owned, int64_t wait_ms);

/* Fills error with our code for the library's and returns false. */
bool kafka_error_set(struct error *error, rd_kafka_resp_err_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
