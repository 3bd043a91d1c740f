/* Asking brokers about topics and making them; blocks. Internal to this folder. */
#ifndef COLUMBA_QUEUE_KAFKA_ADMIN_H
#define COLUMBA_QUEUE_KAFKA_ADMIN_H

#include "common/base/error.h"
#include "common/config/config.h"

#include <librdkafka/rdkafka.h>

/* A client and the time that all it is asked may take together. */
struct kafka_admin;

/* group makes it a consumer of that group, which never joins; NULL for one of none. */
struct kafka_admin *kafka_admin_open(const struct queue_config *config, const char *group,
                                     int64_t timeout_ms, struct error *error);
void kafka_admin_close(struct kafka_admin *admin);

rd_kafka_t *kafka_admin_client(const struct kafka_admin *admin);
int64_t kafka_admin_remaining_ms(const struct kafka_admin *admin);

/* Every topic there is; release with rd_kafka_metadata_destroy(). */
const struct rd_kafka_metadata *kafka_admin_metadata(struct kafka_admin *admin,
                                                     struct error *error);

/* Whether there is a broker to ask about settings: the embedded one names a controller that does
 * not exist. */
bool kafka_admin_has_controller(const struct kafka_admin *admin,
                                const struct rd_kafka_metadata *metadata);

/* NULL when there is none of that name, or the brokers do not show it to us. */
const struct rd_kafka_metadata_topic *kafka_admin_topic(const struct rd_kafka_metadata *metadata,
                                                        const char *name);

/* The result is an event of the library's; release with rd_kafka_event_destroy(). */
rd_kafka_event_t *kafka_admin_describe(struct kafka_admin *admin, const char *const *topics,
                                       size_t count, struct error *error);

/* Takes the topics in any case. */
rd_kafka_event_t *kafka_admin_create_take(struct kafka_admin *admin, rd_kafka_NewTopic_t **topics,
                                          size_t count, struct error *error);

#endif
