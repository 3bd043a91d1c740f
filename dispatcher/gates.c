#include "dispatcher/gates.h"

#include "common/base/log.h"
#include "common/base/memory.h"
#include "dispatcher/delivery.h"
#include "dispatcher/gate_place.h"
#include "dispatcher/gates_fleet.h"
#include "dispatcher/instruments.h"
#include "dispatcher/intake.h"
#include "dispatcher/partition.h"
#include "dispatcher/settle.h"

#include <stdlib.h>
#include <string.h>

enum {
    TICK_MS = 250,
    PATIENCE_MS = 1000, /* how long what does not answer may fill more than its share */
    IN_USE_MS = 60 * 1000,
    FLOWING_MS = 5000,
    SHARE = 4,            /* one gate's part of in_flight */
    STRANGERS_SHARE = 10, /* and that of all that never succeeded */
};

struct gates {
    struct core *core;
    struct gate_places *places;
    struct gates_fleet *fleet;
    struct timer *tick;
    size_t waiting;
    size_t strangers_count;     /* deliveries at gates that never had a success */
    size_t strangers_in_flight; /* those of them that went on */
    size_t in_use;              /* gates that were asked to pass something of late */
    int64_t succeeded_ms;       /* the last success of any */
};

static void go_on(struct gates *gates, struct delivery *delivery);
static void pump(struct gates *gates, struct place *place);

static int64_t now_of(const struct gates *gates) {
    return loop_monotonic_ms(gates->core->parts.loop);
}

static const struct dispatcher_config *config_of(const struct gates *gates) {
    return &gates->core->config->dispatcher;
}

/* ---- Room ---- */

static bool is_stranger(const struct place *place) {
    return place->is_judged && !place->gate.has_succeeded;
}

static size_t strangers_max(const struct gates *gates) {
    size_t most = (size_t)config_of(gates)->in_flight / STRANGERS_SHARE;

    return most == 0 ? 1 : most;
}

/* It will not open soon: nothing is lost by moving what waits for it. */
static bool is_latched(const struct gate *gate) {
    return gate->state == GATE_LATCHED ||
           (gate->state == GATE_PROBING && gate->shut == GATE_LATCHED);
}

/* How many may wait before those that come to a latched gate are moved instead: there is to be room
 * left to find the others in. */
static size_t waiting_max(const struct gates *gates) {
    return (size_t)config_of(gates)->in_flight / 2;
}

/* What one gate may take of the lane's room. Who is alone takes all of it, unless it is latched:
 * who else there is may be behind what waits for it. */
static size_t share(const struct gates *gates, const struct place *place, int64_t of) {
    bool is_alone = gates->in_use <= 1 && !is_latched(&place->gate);
    size_t part = (size_t)of / (is_alone ? 1 : SHARE);

    return part == 0 ? 1 : part;
}

static size_t share_count(const struct gates *gates, const struct place *place) {
    return share(gates, place, config_of(gates)->in_flight);
}

static size_t share_bytes(const struct gates *gates, const struct place *place) {
    return share(gates, place, config_of(gates)->in_flight_bytes);
}

static bool is_crowded(const struct gates *gates, const struct place *place) {
    if (is_stranger(place) && gates->strangers_count >= strangers_max(gates))
        return true;
    if (is_latched(&place->gate) && gates->waiting >= waiting_max(gates))
        return true;
    return place->is_judged &&
           (place->waiting + place->gate.in_flight >= share_count(gates, place) ||
            place->bytes >= share_bytes(gates, place));
}

/* It was latched with more in its line than it may have then. */
static bool is_overfull(const struct gates *gates, const struct place *place) {
    return place->is_judged && is_latched(&place->gate) &&
           place->waiting > share_count(gates, place);
}

/* Whether the line moves, or may well do so in a moment. */
static bool is_moving(const struct gate *gate, int64_t now_ms) {
    return gate->state == GATE_OPEN && gate->latency_ms < PATIENCE_MS &&
           gate_stalled_ms(gate, now_ms) < PATIENCE_MS;
}

/* Whether one more may wait at the place. */
static bool may_wait(const struct gates *gates, const struct place *place) {
    return is_moving(&place->gate, now_of(gates)) || !is_crowded(gates, place);
}

/* Whether one may go on from the place now. A probe of what the provider has shut for the whole
 * fleet is one dispatcher's; one of a host that strangers name is within their share. */
static bool may_pass(struct gates *gates, struct place *place) {
    const struct gate *gate = &place->gate;
    int64_t now_ms = now_of(gates);
    bool is_full = is_stranger(place) && gates->strangers_in_flight >= strangers_max(gates);

    if (!gate_may_pass(gate, now_ms) || (is_full && place->is_host))
        return false;
    if (gate_is_shut(gate))
        return gates_fleet_may_probe(gates->fleet, place);
    if (is_stranger(place))
        return !is_full;
    return !place->is_judged || gate_is_flowing(gate, now_ms) ||
           gate->in_flight < share_count(gates, place);
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
    place->waiting++;
    place->bytes += delivery->size_bytes;
    gates->waiting++;
    gates->strangers_count += is_stranger(place) ? 1 : 0;
    delivery_enter(delivery, DELIVERY_GATED);
}

static void line_leave(struct gates *gates, struct place *place, struct delivery *delivery) {
    delivery->ticket.waits = false;
    TAILQ_REMOVE(&place->line, delivery, ticket.line);
    place->waiting--;
    place->bytes -= delivery->size_bytes;
    gates->waiting--;
    gates->strangers_count -= is_stranger(place) ? 1 : 0;
}

static void pass(struct gates *gates, struct place *place, struct delivery *delivery) {
    if (gate_is_shut(&place->gate)) {
        place->probed = delivery_pushkey_number(delivery);
        gates_fleet_probed(place);
    }
    gate_pass(&place->gate, now_of(gates));
    place->bytes += delivery->size_bytes;
    gates->strangers_count += is_stranger(place) ? 1 : 0;
    gates->strangers_in_flight += is_stranger(place) ? 1 : 0;
    delivery->ticket.passed++;
    delivery->ticket.passed_ms = now_of(gates);
}

/* The first success: all who are there are strangers no more. */
static void befriend(struct gates *gates, const struct place *place) {
    gates->strangers_count -= place->waiting + place->gate.in_flight;
    gates->strangers_in_flight -= place->gate.in_flight;
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
    bool was_stranger = is_stranger(place);
    struct gate_report heard = *report;

    heard.is_late = gate_is_shut(&place->gate) && delivery->ticket.passed_ms < place->gate.shut_ms;
    heard.earns_nothing = report->news == GATE_SUCCESS &&
                          !gate_places_is_certain(gates->places, delivery->app,
                                                  delivery->ticket.places[0], false, now_of(gates));
    place->bytes -= delivery->size_bytes;
    if (was_stranger && report->news == GATE_SUCCESS)
        befriend(gates, place);
    else if (was_stranger)
        gates->strangers_count--, gates->strangers_in_flight--;
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
    }
    settle(delivery, &ending);
}

static void go_on(struct gates *gates, struct delivery *delivery) {
    struct place *place = NULL;

    while ((place = place_at(delivery)) != NULL) {
        if (place->waiting > 0 || !may_pass(gates, place)) {
            bool is_shut = gate_is_shut(&place->gate);
            bool stays = may_wait(gates, place);
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

/* Those who go on may end at once and pump again: the outermost does it all. */
static void pump(struct gates *gates, struct place *place) {
    if (place->is_pumping)
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

/* Who has waited for long, or fills what is not its to fill. A stranger's line may stand still
 * although its own gate does not: what it waits for is the strangers' tenth. */
static void send_away(struct gates *gates, struct place *place) {
    int64_t now_ms = now_of(gates);
    struct delivery *first = NULL;

    while ((first = TAILQ_FIRST(&place->line)) != NULL) {
        int64_t waited_ms = now_ms - first->ticket.joined_ms;
        bool goes =
            waited_ms >= GATES_WAIT_MS || is_overfull(gates, place) ||
            (waited_ms >= PATIENCE_MS && place->gate.state == GATE_OPEN &&
             (is_stranger(place) || !is_moving(&place->gate, now_ms)) && is_crowded(gates, place));
        if (!goes)
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

static void look_after(void *context, struct place *place) {
    struct gates *gates = context;

    gates->in_use += place->is_judged && now_of(gates) - place->used_ms < IN_USE_MS ? 1 : 0;
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

    gates->in_use = 0;
    gate_places_each(gates->places, look_after, gates);
    gates_fleet_tick(gates->fleet);
    timer_start(gates->tick, TICK_MS);
}

/* ---- From outside ---- */

struct gates *gates_new(struct core *core) {
    struct gates *gates = memory_new(sizeof *gates);

    gates->core = core;
    gates->places = gate_places_new();
    gates->fleet = gates_fleet_new(core, gates->places);
    gates->tick = timer_new(core->parts.loop, on_tick, gates);
    gates->succeeded_ms = INT64_MIN / 2;
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
    delivery->ticket = (struct gate_ticket){0};
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
    ticket->places[0] = ticket->places[1] = NULL;
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

    return gate != NULL && gate->has_succeeded &&
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
    gate_places_forget_apps(gates->places);
    gate_places_each(gates->places, let_come_back, gates);
    partitions_reopen(gates->core->partitions);
}

struct gates_count gates_count(const struct gates *gates) {
    struct gates_count count = {.waiting = gates->waiting};

    gate_places_count(gates->places, count.states);
    return count;
}

void gates_write_status(const struct gates *gates, struct buffer *out) {
    gate_places_write(gates->places, now_of(gates), loop_wall_ms(gates->core->parts.loop), out);
}
