/* The producer's side of queue.h, simulated: acknowledgements may be late, refused or lost. */
#include "common/base/memory.h"
#include "common/push/record.h"
#include "tests/sim/broker.h"
#include "tests/sim/conduct.h"
#include "tests/sim/promises.h"
#include "tests/sim/weather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct queue_producer {
    struct process *process;
    size_t outstanding;
    bool has_clock_lead;
};

struct sending {
    struct queue_producer *producer;
    struct broker *broker;
    char topic[128];
    struct log_record record;
    bool acknowledges;
    queue_acknowledged *done;
    void *context;
};

struct queue_producer *queue_producer_open(struct loop *loop, const struct queue_config *config,
                                           struct error *error) {
    struct queue_producer *producer = memory_new(sizeof *producer);

    (void)config;
    (void)error;
    producer->process = world_process(loop);
    return producer;
}

void queue_producer_close(struct queue_producer *producer) {
    free(producer);
}

size_t queue_producer_outstanding(const struct queue_producer *producer) {
    return producer->outstanding;
}

bool queue_producer_is_connected(const struct queue_producer *producer) {
    return !producer->process->world->weather->queue_refuses;
}

bool queue_producer_clock_lead_ms(const struct queue_producer *producer, int64_t *out) {
    *out = producer->process->skew_ms;
    return producer->has_clock_lead;
}

static void acknowledge(void *context) {
    static const struct error timed_out = {.code = ERROR_TIMEOUT, .text = "timed out"};
    struct sending *sending = context;

    sending->producer->outstanding--;
    if (sending->acknowledges) {
        sending->producer->has_clock_lead = true;
        conduct_knows_time(sending->producer->process->world, sending->producer->process,
                           sending->topic);
    }
    sending->done(sending->context, sending->acknowledges ? NULL : &timed_out);
    free(sending);
}

/* It reaches the log even if its sender dies meanwhile. */
static void reach_log(void *context) {
    struct sending *sending = context;

    broker_append_take(sending->broker, sending->topic, sending->record);
    free(sending);
}

static void note_copy(const struct process *process, const struct queue_message *message,
                      long long push) {
    struct record_meta meta;

    record_meta_read(message->headers, message->header_count, &meta);
    broker_copied(process->world->broker, process, push);
    if (strstr(message->topic, "retry.") != NULL)
        conduct_copied(process->world, push, broker_delay_of(message->topic), meta.attempt);
}

bool queue_producer_send(struct queue_producer *producer, const struct queue_message *message,
                         queue_acknowledged *done, void *context, struct error *error) {
    struct world *world = producer->process->world;
    struct sending *sending = memory_new(sizeof *sending);
    struct sending *arrival = memory_new(sizeof *arrival);
    int64_t after_ms = 1 + (int64_t)world_random(world, world->weather->queue_slow ? 4000 : 10);

    (void)error;
    *arrival = (struct sending){.broker = world->broker,
                                .record = broker_record_copy(message, world->now_ms)};
    snprintf(arrival->topic, sizeof arrival->topic, "%s", message->topic);
    *sending = (struct sending){
        .producer = producer, .done = done, .context = context, .acknowledges = true};
    snprintf(sending->topic, sizeof sending->topic, "%s", message->topic);
    producer->outstanding++;
    note_copy(producer->process, message, arrival->record.push);
    if (world->weather->queue_refuses) {
        broker_record_free(&arrival->record);
        free(arrival);
        sending->acknowledges = false;
    } else {
        if (world->weather->faults && world_chance(world, 1)) {
            world->tally->happened[FAULT_ACK_LOST]++;
            promises_meet(world, arrival->record.push, FAULT_ACK_LOST);
            sending->acknowledges = false;
        }
        world_schedule(world, NULL, after_ms, reach_log, arrival);
    }
    world_schedule(world, producer->process, sending->acknowledges ? after_ms + 1 : 5000,
                   acknowledge, sending);
    return true;
}
