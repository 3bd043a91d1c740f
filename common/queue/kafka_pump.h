/* A queue of librdkafka whose events are served in the loop. Internal to this folder. */
#ifndef COLUMBA_QUEUE_KAFKA_PUMP_H
#define COLUMBA_QUEUE_KAFKA_PUMP_H

#include "common/base/error.h"
#include "common/base/loop.h"

#include <librdkafka/rdkafka.h>

struct kafka_pump;

/* Owns the event. Returns how many messages it carried, one at least: the pump yields to the rest
 * of the loop after a few hundred. May free the pump. */
typedef size_t kafka_serve(void *context, rd_kafka_event_t *event);

/* Takes the queue in any case. NULL when the system gives no descriptor. */
struct kafka_pump *kafka_pump_new_take(struct loop *loop, rd_kafka_queue_t *queue,
                                       kafka_serve *serve, void *context, struct error *error);
void kafka_pump_free(struct kafka_pump *pump);

/* Borrowed; as long as the pump. */
rd_kafka_queue_t *kafka_pump_queue(const struct kafka_pump *pump);

/* While held, nothing is served. May be called within serve. */
void kafka_pump_hold(struct kafka_pump *pump, bool hold);

/* Looks into the queue in the next turn of the loop, whether it signals or not. */
void kafka_pump_kick(struct kafka_pump *pump);

#endif
