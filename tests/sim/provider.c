/* sender.h, simulated: the provider and its token endpoint, and a network that loses things. */
#include "common/base/json.h"
#include "common/base/memory.h"
#include "dispatcher/sender.h"
#include "tests/sim/world.h"

#include <stdlib.h>
#include <string.h>

struct sender {
    struct process *process;
    int64_t timeout_ms;
    size_t in_flight;
};

struct transfer {
    struct sender *sender;
    sender_done *done;
    void *context;
    struct sender_outcome outcome;
};

static const char token_body[] = "{\"access_token\":\"token\",\"expires_in\":3600,"
                                 "\"token_type\":\"Bearer\"}";
static const char delivered_body[] = "{\"name\":\"projects/demo/messages/1\"}";
static const char dead_body[] =
    "{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\",\"details\":[{\"@type\":\"type.googleapis."
    "com/google.firebase.fcm.v1.FcmError\",\"errorCode\":\"UNREGISTERED\"}]}}";
static const char stale_body[] = "{\"error\":{\"code\":401,\"status\":\"UNAUTHENTICATED\"}}";

struct sender *sender_open(struct loop *loop, const struct dispatcher_config *config,
                           struct error *error) {
    struct sender *sender = memory_new(sizeof *sender);

    (void)error;
    sender->process = world_process(loop);
    sender->timeout_ms = config->request_timeout_ms;
    return sender;
}

void sender_close(struct sender *sender) {
    free(sender);
}

size_t sender_in_flight(const struct sender *sender) {
    return sender->in_flight;
}

static void arrive(void *context) {
    struct transfer *transfer = context;

    transfer->sender->in_flight--;
    transfer->done(transfer->context, &transfer->outcome);
    free(transfer);
}

static void answer(struct transfer *transfer, int status, const char *body) {
    transfer->outcome = (struct sender_outcome){
        .result = SENDER_ANSWERED, .response = {.status = status, .body = slice_of(body)}};
}

static void fail(struct transfer *transfer, enum sender_result result, const char *reason) {
    transfer->outcome =
        (struct sender_outcome){.result = result, .reason = reason, .detail = reason};
}

/* The phone gets it. */
static void deliver(struct world *world, int64_t number, int64_t pushkey) {
    if (number < 0 || (size_t)number >= world->push_count) {
        world_broken(world, "the provider got a push nobody sent");
        return;
    }
    struct push *push = &world->pushes[number];
    bool excused = push->excused || world->redis_away || world->zombies > 0;
    push->delivered++;
    push->excused = excused;
    world_trace(world, "push %lld reaches key %lld for the %d. time", (long long)number,
                (long long)pushkey, push->delivered);
    if (push->delivered > 1 && !excused)
        world_broken(world, "push %lld is sent twice, and nothing got lost", (long long)number);
}

/* What the provider does with a push, and what comes back. Returns after how long. */
static int64_t act(struct world *world, struct transfer *transfer, int64_t number,
                   int64_t pushkey) {
    unsigned lot = (unsigned)world_random(world, 1000);
    bool is_dead = pushkey >= 0 && world->dead_pushkeys[pushkey];
    int64_t round_trip_ms = 5 + (int64_t)world_random(world, 100);

    if (world->faults && world->provider_down) {
        fail(transfer, SENDER_UNREACHED, "refused");
        return 1;
    }
    if (world->faults && lot < 5) {
        world->met[MET_UNSENT]++;
        fail(transfer, SENDER_UNSENT, "goaway");
        return round_trip_ms;
    }
    if (world->faults && lot < 25) {
        world->met[MET_REFUSED_5XX]++;
        answer(transfer, 503, "");
        return round_trip_ms;
    }
    if (world->faults && lot < 30) {
        world->met[MET_STALE_TOKEN]++;
        answer(transfer, 401, stale_body);
        return round_trip_ms;
    }
    if (is_dead) {
        world->reported_dead[pushkey] = true;
        answer(transfer, 404, dead_body);
        return round_trip_ms;
    }
    deliver(world, number, pushkey);
    if (world->faults && lot < 40) {
        world->met[MET_ANSWER_LOST]++;
        world->pushes[number].excused = true;
        fail(transfer, SENDER_LOST, "timeout");
        return transfer->sender->timeout_ms;
    }
    answer(transfer, 200, delivered_body);
    return round_trip_ms;
}

void sender_send(struct sender *sender, const struct http_request *request,
                 const struct route *route, bool fresh, sender_done *done, void *context) {
    struct world *world = sender->process->world;
    struct transfer *transfer = memory_new(sizeof *transfer);
    struct json_object *tree = json_parse(request->body, 32, NULL);
    struct json_object *message = json_member_object(tree, "message");
    int64_t took_ms = 20;

    (void)route;
    (void)fresh;
    *transfer = (struct transfer){.sender = sender, .done = done, .context = context};
    sender->in_flight++;
    if (message == NULL) {
        answer(transfer, 200, token_body);
    } else {
        struct json_object *data = json_member_object(message, "data");
        took_ms = act(world, transfer, world_number(json_member_text(data, "event_id"), "$"),
                      world_number(json_member_text(message, "token"), "key"));
    }
    json_object_put(tree);
    world_schedule(world, sender->process, took_ms, arrive, transfer);
}
