#include "dispatcher/gates.h"

#include "common/base/memory.h"
#include "dispatcher/delivery.h"
#include "dispatcher/gate_place.h"
#include "dispatcher/gate_room.h"
#include "dispatcher/gates_fleet.h"
#include "dispatcher/intake.h"
#include "dispatcher/partition.h"
#include "dispatcher/settle.h"

#include <stdlib.h>
#include <string.h>

enum {
    TICK_MS = 250,
    FLOWING_MS = 5000,
};

struct gates {
    struct core *core;
    struct gate_places *places;
    struct gates_fleet *fleet;
    struct timer *tick;
    struct gate_room room;
    int64_t succeeded_ms; /* the last success of any */
};

static void go_on(struct gates *gates, struct delivery *delivery);
static void pump(struct gates *gates, struct place *place);

static int64_t now_of(const struct gates *gates) {
    return loop_monotonic_ms(gates->core->parts.loop);
}

/* Whether one may go on from the place now. A probe of what the provider has shut for the whole
 * fleet is one dispatcher's. */
static bool may_pass(struct gates *gates, struct place *place) {
    int64_t now_ms = now_of(gates);

    return gate_may_pass(&place->gate, now_ms) && gate_room_may_pass(&gates->room, place, now_ms) &&
           (!gate_is_shut(&place->gate) || gates_fleet_may_probe(gates->fleet, place));
}

/* ---- Coming and going ---- */

static struct place *place_at(const struct delivery *delivery) {
    const struct gate_ticket *ticket = &delivery->ticket;

    return ticket->passed < GATES_STAGES ? ticket->places[ticket->passed] : NULL;
}

static void line_join(struct gates *gates, struct place *place, struct delivery *delivery) {
    delivery->ticket.waits = true;
    delivery->ticket.joined_ms = now_of(gates);
    TAILQ_INSERT_TAIL(&place->line, delivery, ticket.line);
    gate_room_join(&gates->room, place, delivery->size_bytes);
    delivery_enter(delivery, DELIVERY_GATED);
}

static void line_leave(struct gates *gates, struct place *place, struct delivery *delivery) {
    delivery->ticket.waits = false;
    TAILQ_REMOVE(&place->line, delivery, ticket.line);
    gate_room_leave(&gates->room, place, delivery->size_bytes);
}

static void pass(struct gates *gates, struct place *place, struct delivery *delivery) {
    if (gate_is_shut(&place->gate)) {
        place->probed = delivery_pushkey_number(delivery);
        gates_fleet_probed(place);
    }
    gate_room_pass(&gates->room, place, delivery->size_bytes, now_of(gates));
    delivery->ticket.probes[delivery->ticket.passed++] = gate_pass(&place->gate, now_of(gates));
}

/* A turn of the gate for whoever waits for it: the log, the fleet, the partitions. */
static void turned(struct gates *gates, struct place *place, enum gate_state before) {
    if (place->gate.state == before)
        return;
    gate_place_log(place, gates->core->lane, before);
    gates_fleet_turned(gates->fleet, place, before);
    if (place->gate.state == GATE_OPEN)
        partitions_reopen(gates->core->partitions);
}

static void learn(struct gates *gates, struct place *place, struct delivery *delivery,
                  const struct gate_report *report) {
    enum gate_state before = place->gate.state;
    struct gate_report heard = *report;

    heard.probe = delivery->ticket.probes[place == delivery->ticket.places[0] ? 0 : 1];
    heard.earns_nothing =
        report->news == GATE_SUCCESS &&
        (delivery->is_of_old_key ||
         !gate_places_is_certain(gates->places, delivery->app, delivery->ticket.places[0], false,
                                 now_of(gates)));
    gate_room_learn(&gates->room, place, delivery->size_bytes, report->news, now_of(gates));
    gate_learn(&place->gate, &heard, now_of(gates));
    if (report->news == GATE_SUCCESS && place->is_judged)
        gates->succeeded_ms = now_of(gates);
    turned(gates, place, before);
    pump(gates, place);
}

/* ---- Ways on ---- */

static void move(struct gates *gates, struct place *place, struct delivery *delivery) {
    const struct gate *gate = &place->gate;
    int64_t now_ms = now_of(gates);
    struct ending ending = ending_of(
        OUTCOME_MOVED,
        gate_is_shut(gate) ? (gate->reason[0] == '\0' ? "gate" : gate->reason) : "share_full");

    ending.is_untried = true;
    ending.is_gated = true;
    if (gate_is_shut(gate)) {
        int64_t asked_ms =
            gate->is_said && gate->state == GATE_CLOSED ? gate->probe_ms - now_ms : 0;
        int64_t shut_ms = gate_shut_for_ms(gate, now_ms);
        ending.retry_after_ms = asked_ms > shut_ms ? asked_ms : shut_ms;
    } else if (place->is_host && !gate->has_succeeded) {
        /* What strangers invent comes back ever more seldom, or it would be copied without end. */
        ending.retry_after_ms = core_queue_ms(gates->core) - delivery->accepted_ms;
    }
    settle(delivery, &ending);
}

static void go_on(struct gates *gates, struct delivery *delivery) {
    struct place *place = NULL;

    while ((place = place_at(delivery)) != NULL) {
        if (place->waiting > 0 || !may_pass(gates, place)) {
            bool is_shut = gate_is_shut(&place->gate);
            bool stays = gate_room_may_wait(&gates->room, place, now_of(gates));
            partition_note(delivery->partition, is_shut);
            if (stays)
                line_join(gates, place, delivery);
            else
                move(gates, place, delivery);
            return;
        }
        pass(gates, place, delivery);
    }
    partition_note(delivery->partition, false);
    delivery_send(delivery);
}

/* Each probe of a latch is another pushkey's, where there is one. */
static struct delivery *next_in_line(const struct place *place) {
    struct delivery *delivery = NULL;

    if (place->gate.state == GATE_LATCHED)
        TAILQ_FOREACH(delivery, &place->line, ticket.line) {
            if (delivery_pushkey_number(delivery) != place->probed)
                return delivery;
        }
    return TAILQ_FIRST(&place->line);
}

/* Those who go on may end at once and pump again: the outermost does it all. Who gives up his place
 * because the partitions go sends nobody on his way. */
static void pump(struct gates *gates, struct place *place) {
    if (place->is_pumping || !intake_is_open(gates->core->intake))
        return;
    place->is_pumping = true;
    while (place->waiting > 0 && may_pass(gates, place)) {
        struct delivery *delivery = next_in_line(place);
        line_leave(gates, place, delivery);
        pass(gates, place, delivery);
        go_on(gates, delivery);
    }
    place->is_pumping = false;
}

/* Who has waited for long, or fills what is not its to fill. */
static void send_away(struct gates *gates, struct place *place) {
    int64_t now_ms = now_of(gates);
    struct delivery *first = NULL;

    while ((first = TAILQ_FIRST(&place->line)) != NULL) {
        int64_t waited_ms = now_ms - first->ticket.joined_ms;
        if (waited_ms < GATES_WAIT_MS &&
            !gate_room_must_leave(&gates->room, place, waited_ms, now_ms))
            break;
        line_leave(gates, place, first);
        move(gates, place, first);
    }
}

/* Who waits and holds up a partition whose window is full: what comes behind may be for others. */
static void make_way(struct gates *gates, struct place *place) {
    struct delivery *next = NULL;

    for (struct delivery *at = TAILQ_FIRST(&place->line); at != NULL; at = next) {
        next = TAILQ_NEXT(at, ticket.line);
        if (at->partition == NULL || at->partition->state != PARTITION_FULL)
            continue;
        line_leave(gates, place, at);
        move(gates, place, at);
    }
}

static void count_in_use(void *context, struct place *place) {
    struct gates *gates = context;

    gates->room.in_use += gate_room_is_used(place, now_of(gates)) ? 1 : 0;
}

static void look_after(void *context, struct place *place) {
    struct gates *gates = context;

    send_away(gates, place);
    if (gate_is_shut(&place->gate))
        make_way(gates, place);
    pump(gates, place);
    /* The probe that is due has to come from somewhere. Leave for it is asked when it is here, or
     * those who have none would keep those from probing who have. */
    if (gate_is_shut(&place->gate) && place->waiting == 0 &&
        gate_may_pass(&place->gate, now_of(gates)))
        partitions_reopen(gates->core->partitions);
}

static void on_tick(void *context) {
    struct gates *gates = context;

    if (gate_places_tidy(gates->places, &gates->core->config->apps, gates->core->lane,
                         now_of(gates)))
        partitions_reopen(gates->core->partitions);
    gates->room.in_use = 0;
    gate_places_each(gates->places, count_in_use, gates);
    gate_places_each(gates->places, look_after, gates);
    gates_fleet_tick(gates->fleet);
    timer_start(gates->tick, TICK_MS);
}

/* ---- From outside ---- */

static void take_bounds(struct gates *gates) {
    const struct dispatcher_config *config = &gates->core->config->dispatcher;

    gates->room.in_flight = config->in_flight;
    gates->room.in_flight_bytes = config->in_flight_bytes;
}

struct gates *gates_new(struct core *core) {
    struct gates *gates = memory_new(sizeof *gates);

    gates->core = core;
    gates->places = gate_places_new();
    gates->fleet = gates_fleet_new(core, gates->places);
    gates->tick = timer_new(core->parts.loop, on_tick, gates);
    gates->succeeded_ms = INT64_MIN / 2;
    take_bounds(gates);
    timer_start(gates->tick, TICK_MS);
    return gates;
}

void gates_free(struct gates *gates) {
    if (gates == NULL)
        return;
    timer_free(gates->tick);
    gates_fleet_free(gates->fleet);
    gate_places_free(gates->places);
    free(gates);
}

static void take_places(struct gate_ticket *ticket) {
    for (size_t i = 0; i < GATES_STAGES; i++)
        if (ticket->places[i] != NULL)
            ticket->places[i]->ticket_count++;
}

static void return_places(struct gate_ticket *ticket) {
    for (size_t i = 0; i < GATES_STAGES; i++) {
        if (ticket->places[i] != NULL)
            ticket->places[i]->ticket_count--;
        ticket->places[i] = NULL;
    }
}

/* The hosts that strangers name have gates of their own, and what they answer is about them and
 * about what they are shown. */
static void find_places(struct gates *gates, struct delivery *delivery) {
    struct gate_ticket *ticket = &delivery->ticket;
    struct arena *arena = gates->core->arena;
    int64_t now_ms = now_of(gates);
    bool names_host = delivery->provider->host != NULL;

    *ticket = (struct gate_ticket){0};
    ticket->places[0] = gate_places_app(gates->places, delivery->app, !names_host, now_ms);
    if (names_host) {
        arena_reset(arena);
        ticket->places[1] = gate_places_host(
            gates->places, delivery->app,
            delivery->provider->host(delivery->app, delivery->device, arena), now_ms);
    }
    take_places(ticket);
    gates_fleet_greet(gates->fleet, ticket->places[0]);
}

void gates_enter(struct delivery *delivery) {
    struct gates *gates = delivery->core->gates;

    find_places(gates, delivery);
    go_on(gates, delivery);
}

int64_t gates_shut_for_ms(struct delivery *delivery) {
    struct gates *gates = delivery->core->gates;
    int64_t longest_ms = 0;

    find_places(gates, delivery);
    for (size_t i = 0; i < GATES_STAGES; i++) {
        const struct place *place = delivery->ticket.places[i];
        int64_t shut_ms = place == NULL ? 0 : gate_shut_for_ms(&place->gate, now_of(gates));
        longest_ms = shut_ms > longest_ms ? shut_ms : longest_ms;
    }
    return_places(&delivery->ticket);
    return longest_ms;
}

/* The last gate is told first: it is the one that may have to be closed to the next. */
static void learn_all(struct delivery *delivery, const struct gate_report *of_app,
                      const struct gate_report *of_host) {
    struct gates *gates = delivery->core->gates;
    struct gate_ticket *ticket = &delivery->ticket;
    bool has_host = ticket->places[1] != NULL;

    if (ticket->passed == 2 && has_host)
        learn(gates, ticket->places[1], delivery, of_host);
    if (ticket->passed > 0)
        learn(gates, ticket->places[0], delivery, has_host ? of_app : of_host);
    ticket->passed = 0;
    return_places(ticket);
}

void gates_learn(struct delivery *delivery, const struct gate_report *report) {
    static const struct gate_report alive = {.news = GATE_ALIVE};

    learn_all(delivery, &alive, report);
}

void gates_learn_credential(struct delivery *delivery, const struct gate_report *report) {
    static const struct gate_report silent = {.news = GATE_SILENT};

    learn_all(delivery, report, delivery->ticket.places[1] != NULL ? &silent : report);
}

void gates_leave(struct delivery *delivery) {
    static const struct gate_report silent = {.news = GATE_SILENT};
    struct gates *gates = delivery->core->gates;

    if (delivery->ticket.waits)
        line_leave(gates, place_at(delivery), delivery);
    learn_all(delivery, &silent, &silent);
}

/* What set out before anything had succeeded may have been answered while our configuration was
 * still wrong; and while a key file is replaced, an answer may be about either key. */
bool gates_spend(struct delivery *delivery) {
    const struct gate_ticket *ticket = &delivery->ticket;
    struct gates *gates = delivery->core->gates;
    struct gate *gate = ticket->passed > 0 ? &ticket->places[ticket->passed - 1]->gate : NULL;

    return gate != NULL && gate->has_succeeded && !delivery->is_of_old_key &&
           delivery->started_ms >= gate->first_succeeded_ms &&
           gate_places_is_certain(gates->places, delivery->app, ticket->places[0], true,
                                  now_of(gates)) &&
           gate_spend(gate);
}

static bool has_open_app(const struct gates *gates) {
    const struct apps *apps = &gates->core->config->apps;

    for (size_t i = 0; i < apps->count; i++)
        if (apps->list[i].kind != PROVIDER_RETIRED &&
            strcmp(apps->list[i].lane, gates->core->lane) == 0 &&
            !gate_places_app_is_shut(gates->places, &apps->list[i]))
            return true;
    return false;
}

bool gates_are_flowing(const struct gates *gates) {
    return now_of(gates) - gates->succeeded_ms < FLOWING_MS || has_open_app(gates);
}

/* Who waits for what may be mended by now comes back soon, and is then of the new configuration. */
static void let_come_back(void *context, struct place *place) {
    struct gates *gates = context;
    struct ending ending = ending_of(OUTCOME_MOVED, "reconfigured");
    struct delivery *first = NULL;

    ending.is_untried = true;
    while (!place->is_host && gate_is_shut(&place->gate) &&
           (first = TAILQ_FIRST(&place->line)) != NULL) {
        line_leave(gates, place, first);
        settle(first, &ending);
    }
}

void gates_reconfigure(struct gates *gates) {
    take_bounds(gates);
    gate_places_reconfigure(gates->places);
    gate_places_each(gates->places, let_come_back, gates);
    partitions_reopen(gates->core->partitions);
}

struct gates_count gates_count(const struct gates *gates) {
    struct gates_count count = {.waiting = gates->room.waiting};

    gate_places_count(gates->places, count.gates);
    return count;
}

void gates_write_status(const struct gates *gates, struct buffer *out) {
    gate_places_write(gates->places, now_of(gates), loop_wall_ms(gates->core->parts.loop), out);
}
