/* Publishing some records by hand: for the operator's tool. Blocks. */
#ifndef COLUMBA_QUEUE_PUBLISHER_H
#define COLUMBA_QUEUE_PUBLISHER_H

#include "common/push/record.h"
#include "common/queue/queue.h"

struct publisher;

/* The settings are those of the programs' producer. */
struct publisher *publisher_open(const struct queue_config *config, struct error *error);
void publisher_close(struct publisher *publisher);

/* Copies the message; it is on its way when this returns. */
bool publisher_send(struct publisher *publisher, const struct queue_message *message,
                    struct error *error);

/* The record once more, to another topic and with this meta in its headers; those of others stay.
 */
bool publisher_send_copy(struct publisher *publisher, const struct queue_record *record,
                         const char *topic, const struct record_meta *meta, struct error *error);

/* Waits until the in-sync replicas have all that was sent; false, with the first reason, when they
 * may lack one. */
bool publisher_flush(struct publisher *publisher, int64_t timeout_ms, struct error *error);

#endif
