/* A record of our own out of a message of the library's. Internal to this folder. */
#ifndef COLUMBA_QUEUE_KAFKA_RECORD_H
#define COLUMBA_QUEUE_KAFKA_RECORD_H

#include "common/queue/queue.h"

#include <librdkafka/rdkafka.h>

/* A copy in one block: a message of the library's keeps the whole fetch it came in, up to a MiB,
 * and one that is never freed hangs the end of its client. */
struct queue_record *kafka_record_copy(const rd_kafka_message_t *message);

#endif
