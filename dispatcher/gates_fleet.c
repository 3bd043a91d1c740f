#include "dispatcher/gates_fleet.h"

#include "common/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICKS_A_READ = 4,
    ENTRIES_MAX = 256,
    CLOSED_LEASE_MS = 5 * 1000,
    LATCHED_LEASE_MS = GATE_PROBE_EVERY_MS - 5 * 1000,
    LATCHED_ENTRY_MS = GATE_PROBE_EVERY_MS * 5 / 2, /* renewed by each probe that fails */
    DENIED_MS = 5 * 1000,                           /* until who was denied the lease asks again */
};

/* An entry is good for as long as it said when it was first seen: whoever wrote it may have had
 * another idea of what time it is. */
struct known {
    struct gate_entry entry;
    int64_t until_ms; /* monotonic */
};

struct gates_fleet {
    struct core *core;
    struct gate_places *places;
    unsigned ticks;
    bool is_reading;
    struct known *entries; /* as last read */
    size_t count;
};

struct gates_fleet *gates_fleet_new(struct core *core, struct gate_places *places) {
    struct gates_fleet *fleet = memory_new(sizeof *fleet);

    fleet->core = core;
    fleet->places = places;
    return fleet;
}

void gates_fleet_free(struct gates_fleet *fleet) {
    free(fleet->entries);
    free(fleet);
}

static int64_t now_of(const struct gates_fleet *fleet) {
    return loop_monotonic_ms(fleet->core->parts.loop);
}

/* ---- What the others say ---- */

static void sweep(struct gates_fleet *fleet, const struct gate_entry *entry) {
    state_remove_gate(fleet->core->parts.state, fleet->core->lane, entry->name);
}

static bool is_for(const struct gate_entry *entry, const struct place *place) {
    char operators[GATE_NAME_SIZE];

    if (!gate_entry_is_operators(entry))
        return strcmp(entry->name, place->name) == 0;
    gate_entry_name(place->title, GATE_OPERATOR, operators);
    return strcmp(entry->name, operators) == 0;
}

static void heed_operator(struct gates_fleet *fleet, struct place *place,
                          const struct known *known) {
    if (known != NULL) {
        const struct gate_entry *entry = &known->entry;
        place->by_operator = true;
        gate_shut(&place->gate, GATE_CLOSED, GATE_CAUSE_OPERATOR,
                  entry->reason[0] == '\0' ? "operator" : entry->reason, known->until_ms,
                  now_of(fleet));
    } else if (place->by_operator) {
        place->by_operator = false;
        gate_retry(&place->gate, now_of(fleet));
    }
}

/* What we said ourselves, or have opened since, is no news although it is still to be read. */
static void heed_fleet(struct gates_fleet *fleet, struct place *place, const struct known *known) {
    bool is_news = known != NULL && known->entry.at_ms != place->entry_at_ms;

    if (is_news)
        place->entry_at_ms = known->entry.at_ms;
    if (is_news && place->gate.state == GATE_OPEN) {
        bool is_latched = known->entry.state == GATE_ENTRY_LATCHED;
        place->by_fleet = true;
        gate_shut(&place->gate, is_latched ? GATE_LATCHED : GATE_CLOSED, known->entry.cause,
                  known->entry.reason,
                  is_latched ? now_of(fleet) + GATE_PROBE_EVERY_MS : known->until_ms,
                  now_of(fleet));
    } else if (known == NULL && place->by_fleet) {
        place->by_fleet = false;
        gate_retry(&place->gate, now_of(fleet));
    }
}

/* Shuts or opens the gate of the place as the entries say. */
static void heed(void *context, struct place *place) {
    struct gates_fleet *fleet = context;
    const struct known *operators = NULL;
    const struct known *fleets = NULL;
    enum gate_state before = place->gate.state;

    if (place->is_host)
        return;
    place->is_greeted = true;
    for (size_t i = 0; i < fleet->count; i++) {
        const struct known *known = &fleet->entries[i];
        if (!is_for(&known->entry, place))
            continue;
        if (gate_entry_is_operators(&known->entry))
            operators = known;
        else
            fleets = known;
    }
    heed_operator(fleet, place, operators);
    if (operators == NULL)
        heed_fleet(fleet, place, fleets);
    if (place->gate.state != before)
        gate_place_log(place, fleet->core->lane, before);
}

static int64_t until_of(const struct gates_fleet *fleet, const struct gate_entry *entry) {
    for (size_t i = 0; i < fleet->count; i++) {
        const struct known *known = &fleet->entries[i];
        if (known->entry.at_ms == entry->at_ms && strcmp(known->entry.name, entry->name) == 0)
            return known->until_ms;
    }
    return entry->until_ms == 0 ? GATE_NEVER_MS : now_of(fleet) + entry->until_ms - entry->at_ms;
}

static void on_read(void *context, bool is_known, const struct gate_entry *entries, size_t count) {
    struct gates_fleet *fleet = context;
    struct known *fresh = NULL;
    size_t fresh_count = 0;

    fleet->is_reading = false;
    if (!is_known)
        return;
    fresh = memory_new_array(ENTRIES_MAX, sizeof *fresh);
    for (size_t i = 0; i < count; i++) {
        int64_t until_ms = until_of(fleet, &entries[i]);
        if (until_ms <= now_of(fleet))
            sweep(fleet, &entries[i]);
        else if (fresh_count < ENTRIES_MAX)
            fresh[fresh_count++] = (struct known){entries[i], until_ms};
    }
    free(fleet->entries);
    fleet->entries = fresh;
    fleet->count = fresh_count;
    gate_places_each(fleet->places, heed, fleet);
}

void gates_fleet_tick(struct gates_fleet *fleet) {
    if (fleet->ticks++ % TICKS_A_READ != 0 || fleet->is_reading)
        return;
    fleet->is_reading = true;
    state_read_gates(fleet->core->parts.state, fleet->core->lane, on_read, fleet);
}

void gates_fleet_greet(struct gates_fleet *fleet, struct place *place) {
    if (!place->is_greeted && fleet->entries != NULL)
        heed(fleet, place);
}

/* ---- Who probes ---- */

/* One question; the place may have been forgotten when it is answered. */
struct question {
    struct gates_fleet *fleet;
    char name[GATE_NAME_SIZE];
    bool is_latched;
    bool granted;
};

static void take_answer(void *context, struct place *place) {
    const struct question *question = context;
    int64_t now_ms = now_of(question->fleet);

    if (strcmp(place->name, question->name) != 0)
        return;
    place->asks_lease = false;
    if (question->granted)
        place->leased_until_ms =
            now_ms + (question->is_latched ? LATCHED_LEASE_MS : CLOSED_LEASE_MS);
    else if (place->gate.state == GATE_CLOSED || place->gate.state == GATE_LATCHED)
        place->gate.probe_ms = now_ms + DENIED_MS;
}

/* Without Redis nobody can be asked: better two probes than none. */
static void on_leased(void *context, bool known, bool granted) {
    struct question *question = context;

    question->granted = granted || !known;
    gate_places_each(question->fleet->places, take_answer, question);
    free(question);
}

static void ask_lease(struct gates_fleet *fleet, struct place *place) {
    struct question *question = memory_new(sizeof *question);

    question->fleet = fleet;
    question->is_latched = place->gate.state == GATE_LATCHED;
    memcpy(question->name, place->name, sizeof question->name);
    place->asks_lease = true;
    state_take_lease(
        fleet->core->parts.state, fleet->core->lane, place->name, fleet->core->parts.instance,
        question->is_latched ? LATCHED_LEASE_MS : CLOSED_LEASE_MS, on_leased, question);
}

bool gates_fleet_may_probe(struct gates_fleet *fleet, struct place *place) {
    bool is_shared = place->gate.is_said && !place->is_host && !place->by_operator;

    if (!is_shared)
        return true;
    if (now_of(fleet) < place->leased_until_ms)
        return true;
    if (!place->asks_lease)
        ask_lease(fleet, place);
    return false;
}

void gates_fleet_probed(struct place *place) {
    place->leased_until_ms = 0;
}

/* ---- What we were told ---- */

static void say(struct gates_fleet *fleet, struct place *place) {
    const struct gate *gate = &place->gate;
    int64_t now_ms = core_queue_ms(fleet->core);
    bool is_latched = gate->state == GATE_LATCHED;
    struct gate_entry entry = {
        .state = is_latched ? GATE_ENTRY_LATCHED : GATE_ENTRY_CLOSED,
        .until_ms = now_ms + (is_latched ? LATCHED_ENTRY_MS : gate->probe_ms - now_of(fleet) + 1),
        .at_ms = now_ms,
        .cause = gate->cause,
    };

    place->entry_at_ms = entry.at_ms;
    memcpy(entry.name, place->name, sizeof entry.name);
    memcpy(entry.reason, gate->reason, sizeof entry.reason);
    snprintf(entry.by, sizeof entry.by, "%s", fleet->core->parts.instance);
    state_write_gate(fleet->core->parts.state, fleet->core->lane, &entry);
}

void gates_fleet_turned(struct gates_fleet *fleet, struct place *place, enum gate_state before) {
    const struct gate *gate = &place->gate;

    if (place->is_host)
        return;
    if (gate->state == GATE_OPEN && before != GATE_OPEN) {
        place->by_fleet = false;
        if (gate->is_said)
            state_remove_gate(fleet->core->parts.state, fleet->core->lane, place->name);
    } else if (gate->is_said && (gate->state == GATE_CLOSED || gate->state == GATE_LATCHED)) {
        say(fleet, place);
    }
}
