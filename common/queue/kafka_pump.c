#include "common/queue/kafka_pump.h"

#include "common/base/loop_ev.h"
#include "common/base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MESSAGES_PER_TURN = 256 };

struct kafka_pump {
    rd_kafka_queue_t *queue;
    int descriptor;
    struct readable *readable;
    kafka_serve *serve;
    void *context;
    bool held;
    bool *freed; /* set while serving: whoever frees the pump says so here */
};

/* The library signals only when the queue goes from empty to not empty: whoever stops before it is
 * empty has to come back by himself. */
static void drain(void *context) {
    struct kafka_pump *pump = context;
    eventfd_t signals;
    bool freed = false;
    size_t served = 0;

    eventfd_read(pump->descriptor, &signals);
    pump->freed = &freed;
    while (!pump->held) {
        rd_kafka_event_t *event;
        if (served >= MESSAGES_PER_TURN) {
            kafka_pump_kick(pump);
            break;
        }
        event = rd_kafka_queue_poll(pump->queue, 0);
        if (event == NULL)
            break;
        served += pump->serve(pump->context, event);
        if (freed)
            return;
    }
    pump->freed = NULL;
}

struct kafka_pump *kafka_pump_new_take(struct loop *loop, rd_kafka_queue_t *queue,
                                       kafka_serve *serve, void *context, struct error *error) {
    static const eventfd_t signal = 1;
    struct kafka_pump *pump = memory_new(sizeof *pump);

    pump->queue = queue;
    pump->serve = serve;
    pump->context = context;
    pump->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (pump->descriptor < 0) {
        error_set(error, ERROR_SYSTEM, "no descriptor for a queue: %s", strerror(errno));
        rd_kafka_queue_destroy(queue);
        free(pump);
        return NULL;
    }
    pump->readable = readable_new(loop, pump->descriptor, drain, pump);
    rd_kafka_queue_io_event_enable(queue, pump->descriptor, &signal, sizeof signal);
    kafka_pump_kick(pump);
    return pump;
}

void kafka_pump_free(struct kafka_pump *pump) {
    if (pump == NULL)
        return;
    if (pump->freed != NULL)
        *pump->freed = true;
    rd_kafka_queue_io_event_enable(pump->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(pump->queue);
    readable_free(pump->readable);
    close(pump->descriptor);
    free(pump);
}

rd_kafka_queue_t *kafka_pump_queue(const struct kafka_pump *pump) {
    return pump->queue;
}

void kafka_pump_hold(struct kafka_pump *pump, bool hold) {
    if (pump->held && !hold)
        kafka_pump_kick(pump);
    pump->held = hold;
}

void kafka_pump_kick(struct kafka_pump *pump) {
    eventfd_write(pump->descriptor, 1);
}
