/* sender.h, simulated: the providers, their token endpoints, and a network that loses things. */
#include "common/base/buffer.h"
#include "common/base/memory.h"
#include "dispatcher/sender.h"
#include "tests/sim/answers.h"
#include "tests/sim/conduct.h"
#include "tests/sim/promises.h"
#include "tests/sim/weather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    QUICK_MS = 100,
    SLOW_MS = 25000,
    DRAINED_MS = 2500, /* a rebalance does not wait for what takes longer */
};

struct sender {
    struct process *process;
    int64_t timeout_ms;
    size_t in_flight;
};

struct transfer {
    struct sender *sender;
    sender_done *done;
    void *context;
    struct parcel parcel;
    struct sender_outcome outcome;
    struct buffer body;
    int64_t takes_ms;
    bool is_push;
    size_t probe;
    bool is_taken;
    bool says_dead;
    bool is_certain;
    bool blames_credential;
};

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

/* What a provider says is written down, whoever has the partition by now. */
static void check_written(const struct transfer *transfer, size_t marks, size_t verdicts) {
    struct world *world = transfer->sender->process->world;

    if (transfer->is_taken && world->marks == marks)
        world_broken(world, "push %lld was taken, and nobody marks it", transfer->parcel.push);
    if (transfer->says_dead && transfer->is_certain && world->verdicts == verdicts)
        world_broken(world, "the phone of push %lld was called dead, and nobody writes that down",
                     transfer->parcel.push);
}

static void arrive(void *context) {
    struct transfer *transfer = context;
    struct world *world = transfer->sender->process->world;
    const struct parcel *parcel = &transfer->parcel;

    transfer->sender->in_flight--;
    if (transfer->is_push)
        conduct_heard(world, transfer->sender->process, parcel, transfer->probe,
                      transfer->is_taken            ? WORD_TAKEN
                      : transfer->blames_credential ? WORD_OF_CREDENTIAL
                                                    : WORD_OF_TROUBLE);
    if (transfer->is_taken)
        promises_took(world, parcel->push, parcel->count);
    if (transfer->says_dead)
        promises_said_dead(world, parcel->push, transfer->is_certain);
    size_t marks = world->marks;
    size_t verdicts = world->verdicts;
    transfer->done(transfer->context, &transfer->outcome);
    check_written(transfer, marks, verdicts);
    buffer_free(&transfer->body);
    free(transfer);
}

static void say(struct transfer *transfer, const struct answer_text *text) {
    const char *place = strstr(text->body, "%s");
    size_t before = place == NULL ? strlen(text->body) : (size_t)(place - text->body);

    buffer_append(&transfer->body, (struct slice){text->body, before});
    if (place != NULL) {
        buffer_append_text(&transfer->body, transfer->parcel.phone->pushkey);
        buffer_append_text(&transfer->body, place + 2);
    }
    transfer->outcome =
        (struct sender_outcome){.result = SENDER_ANSWERED,
                                .response = {.status = text->status,
                                             .retry_after = slice_of(text->retry_after),
                                             .body = buffer_slice(&transfer->body)}};
}

static void fail(struct transfer *transfer, enum sender_result result, const char *reason) {
    transfer->outcome =
        (struct sender_outcome){.result = result, .reason = reason, .detail = reason};
}

/* ---- The token endpoints ---- */

static void give_token(struct transfer *transfer, const struct http_request *request) {
    struct sender *sender = transfer->sender;
    struct world *world = sender->process->world;
    const char *secret = memmem(request->body.data, request->body.size, "secret=secret", 13);
    char generation = secret != NULL ? secret[13] : request->url[strlen(request->url) - 1];

    transfer->takes_ms = 20 + (int64_t)world_random(world, QUICK_MS);
    if (world->weather->token_endpoint_down) {
        promises_meet_held(world, sender->process, FAULT_TOKEN_ENDPOINT);
        if (world_chance(world, 50)) {
            fail(transfer, SENDER_UNREACHED, "refused");
            return;
        }
        transfer->outcome =
            (struct sender_outcome){.result = SENDER_ANSWERED, .response = {.status = 503}};
        return;
    }
    buffer_append_format(&transfer->body,
                         "{\"access_token\":\"token%c\",\"expires_in\":3600,"
                         "\"token_type\":\"Bearer\"}",
                         generation);
    transfer->outcome =
        (struct sender_outcome){.result = SENDER_ANSWERED,
                                .response = {.status = 200, .body = buffer_slice(&transfer->body)}};
}

/* ---- Pushes ---- */

static void reach_phone(struct transfer *transfer) {
    promises_reached(transfer->sender->process->world, transfer->parcel.push,
                     transfer->parcel.count);
}

static void excuse(struct transfer *transfer) {
    struct world *world = transfer->sender->process->world;

    world->promises->pushes[transfer->parcel.push].excused = true;
}

/* Whether the credential it came with is no good. */
static enum broken_credential credential_of(const struct transfer *transfer) {
    const struct weather *weather = transfer->sender->process->world->weather;
    const struct parcel *parcel = &transfer->parcel;

    return parcel->generation < 0 || parcel->generation >= GENERATIONS
               ? CREDENTIAL_FINE
               : weather->broken[parcel->phone->app][parcel->generation];
}

static bool mistrusts(struct transfer *transfer) {
    struct world *world = transfer->sender->process->world;
    const struct parcel *parcel = &transfer->parcel;
    int app = parcel->phone->app;

    if (credential_of(transfer) == CREDENTIAL_FINE)
        return false;
    bool refuses = credential_of(transfer) == CREDENTIAL_REFUSED;
    promises_meet(world, parcel->push, FAULT_ROLLOUT);
    transfer->blames_credential = refuses;
    say(transfer,
        answers_find(world->cast->apps[app].kind, refuses ? FAULT_CONFIGURATION : FAULT_AMBIGUOUS));
    return true;
}

/* A provider in its right mind. */
static void judge(struct transfer *transfer) {
    struct world *world = transfer->sender->process->world;
    const struct phone *phone = transfer->parcel.phone;
    enum provider_kind kind = world->cast->apps[phone->app].kind;
    enum fault word = phone->life == LIFE_ALIVE  ? FAULT_COUNT
                      : phone->life == LIFE_DEAD ? FAULT_DEAD
                                                 : FAULT_AMBIGUOUS;

    if (mistrusts(transfer))
        return;
    say(transfer, answers_find(kind, word));
    transfer->is_taken = word == FAULT_COUNT;
    transfer->says_dead = !transfer->is_taken;
    transfer->is_certain = word == FAULT_DEAD;
    if (transfer->is_taken) {
        reach_phone(transfer);
        return;
    }
    world->tally->happened[word]++;
    promises_meet(world, transfer->parcel.push, word);
}

static void lose(struct transfer *transfer, const char *reason, int64_t after_ms, bool arrives) {
    if (arrives && transfer->parcel.phone->life == LIFE_ALIVE &&
        credential_of(transfer) == CREDENTIAL_FINE) {
        reach_phone(transfer);
        excuse(transfer);
    }
    fail(transfer, SENDER_LOST, reason);
    transfer->takes_ms = after_ms;
}

static void slow_down(struct transfer *transfer) {
    struct world *world = transfer->sender->process->world;

    judge(transfer);
    transfer->takes_ms = 500 + (int64_t)world_random(world, SLOW_MS);
    if (transfer->takes_ms > DRAINED_MS)
        excuse(transfer);
}

/* What is wrong on the way, or with the provider. */
static void suffer(struct transfer *transfer, enum fault fault) {
    struct world *world = transfer->sender->process->world;
    enum provider_kind kind = world->cast->apps[transfer->parcel.phone->app].kind;
    int64_t timeout_ms = transfer->sender->timeout_ms;

    promises_meet(world, transfer->parcel.push, fault);
    /* A page where an answer is due looks like a wrong address of ours. */
    transfer->blames_credential =
        fault == FAULT_CONFIGURATION || fault == FAULT_STALE_CREDENTIAL || fault == FAULT_HTML;
    if (fault == FAULT_SLOW)
        slow_down(transfer);
    else if (fault == FAULT_HANG)
        lose(transfer, "timeout", timeout_ms, false);
    else if (fault == FAULT_ANSWER_LOST)
        lose(transfer, "timeout", timeout_ms, true);
    else if (fault == FAULT_RESET)
        lose(transfer, "reset", transfer->takes_ms, world_chance(world, 30));
    else if (fault == FAULT_REFUSED)
        fail(transfer, SENDER_UNREACHED, "refused");
    else if (fault == FAULT_GOAWAY)
        fail(transfer, SENDER_UNSENT, "goaway");
    else
        say(transfer, answers_find(kind, fault));
}

static void treat(struct transfer *transfer) {
    struct world *world = transfer->sender->process->world;
    struct phone *phone = transfer->parcel.phone;

    transfer->takes_ms = 5 + (int64_t)world_random(world, QUICK_MS);
    enum fault fault = weather_at(world, phone->app, phone->host);
    if (world->promises->pushes[transfer->parcel.push].phone != phone)
        world_broken(world, "push %lld is sent to somebody else", transfer->parcel.push);
    if (fault != FAULT_COUNT)
        suffer(transfer, fault);
    else
        judge(transfer);
}

void sender_send(struct sender *sender, const struct http_request *request,
                 const struct route *route, bool fresh, sender_done *done, void *context) {
    struct world *world = sender->process->world;
    struct transfer *transfer = memory_new(sizeof *transfer);

    (void)route;
    *transfer = (struct transfer){.sender = sender, .done = done, .context = context};
    sender->in_flight++;
    if (strstr(request->url, "oauth.sim") != NULL) {
        give_token(transfer, request);
    } else if (answers_read(world, request, &transfer->parcel) && transfer->parcel.push >= 0 &&
               (size_t)transfer->parcel.push < world->promises->count) {
        transfer->is_push = true;
        transfer->probe = conduct_sent(world, sender->process, &transfer->parcel, fresh);
        treat(transfer);
    } else {
        world_broken(world, "a provider got what nobody sent: %s", request->url);
        fail(transfer, SENDER_UNREACHED, "refused");
    }
    world_schedule(world, sender->process, transfer->takes_ms, arrive, transfer);
}
