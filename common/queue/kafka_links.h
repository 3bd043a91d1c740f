/* Which brokers a client is connected to right now, as its own threads see it: no event and no
 * statistics say it within milliseconds. Internal to this folder. */
#ifndef COLUMBA_QUEUE_KAFKA_LINKS_H
#define COLUMBA_QUEUE_KAFKA_LINKS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

struct kafka_links;

/* Released with free(), after every client that was watched is destroyed. */
struct kafka_links *kafka_links_new(void);

/* Watches the client that is going to be made of conf. */
void kafka_links_watch(struct kafka_links *links, rd_kafka_conf_t *conf);

/* Whether the connection to at least one broker is up: it has answered, and is not known dead. */
bool kafka_links_up(struct kafka_links *links);

#endif
