#include "dispatcher/gate_room.h"

enum {
    IN_USE_MS = 60 * 1000,
    SHARE = 4,            /* one gate's part of in_flight */
    STRANGERS_SHARE = 10, /* and that of all that never succeeded */
};

bool gate_room_is_used(const struct place *place, int64_t now_ms) {
    return place->is_judged && now_ms - place->used_ms < IN_USE_MS;
}

static bool is_stranger(const struct place *place) {
    return place->is_judged && !place->gate.has_succeeded;
}

static size_t strangers_max(const struct gate_room *room) {
    size_t most = (size_t)room->in_flight / STRANGERS_SHARE;

    return most == 0 ? 1 : most;
}

/* It will not open soon: nothing is lost by moving what waits for it. */
static bool is_latched(const struct gate *gate) {
    return gate->state == GATE_LATCHED ||
           (gate->state == GATE_PROBING && gate->shut == GATE_LATCHED);
}

/* How many may wait before those that come to a latched gate are moved instead: there is to be room
 * left to find the others in. */
static size_t waiting_max(const struct gate_room *room) {
    return (size_t)room->in_flight / 2;
}

/* What one gate may take of the lane's room. Who is alone takes all of it, unless it is latched:
 * who else there is may be behind what waits for it. */
static size_t share(const struct gate_room *room, const struct place *place, int64_t of) {
    bool is_alone = room->in_use <= 1 && !is_latched(&place->gate);
    size_t part = (size_t)of / (is_alone ? 1 : SHARE);

    return part == 0 ? 1 : part;
}

static bool has_full_strangers(const struct gate_room *room, const struct place *place) {
    return is_stranger(place) && room->strangers_count >= strangers_max(room);
}

/* Whether one of them may soon be none any more, or make room. Where all who were let through are
 * silent, the next ones would only fill the lane for nothing. */
static bool are_strangers_moving(const struct gate_room *room, int64_t now_ms) {
    return now_ms - room->strangers_heard_ms < GATE_ROOM_PATIENCE_MS;
}

static bool is_crowded(const struct gate_room *room, const struct place *place) {
    if (has_full_strangers(room, place))
        return true;
    if (is_latched(&place->gate) && room->waiting >= waiting_max(room))
        return true;
    return place->is_judged &&
           (place->waiting + place->gate.in_flight >= share(room, place, room->in_flight) ||
            place->bytes >= share(room, place, room->in_flight_bytes));
}

/* It was latched with more in its line than it may have then, or is closed and alone no more. */
static bool is_overfull(const struct gate_room *room, const struct place *place) {
    return place->is_judged && gate_is_shut(&place->gate) &&
           place->waiting > share(room, place, room->in_flight);
}

/* Whether the line moves, or may well do so in a moment. */
static bool is_moving(const struct gate *gate, int64_t now_ms) {
    return gate->state == GATE_OPEN && gate->latency_ms < GATE_ROOM_PATIENCE_MS &&
           gate_stalled_ms(gate, now_ms) < GATE_ROOM_PATIENCE_MS;
}

bool gate_room_may_wait(const struct gate_room *room, const struct place *place, int64_t now_ms) {
    bool moves = has_full_strangers(room, place) ? are_strangers_moving(room, now_ms)
                                                 : is_moving(&place->gate, now_ms);

    return moves || !is_crowded(room, place);
}

/* A stranger's line may stand still although its own gate does not: what it waits for is the
 * strangers' tenth. */
bool gate_room_must_leave(const struct gate_room *room, const struct place *place,
                          int64_t waited_ms, int64_t now_ms) {
    bool stands_still = is_stranger(place) || !is_moving(&place->gate, now_ms);

    return is_overfull(room, place) ||
           (waited_ms >= GATE_ROOM_PATIENCE_MS && place->gate.state == GATE_OPEN && stands_still &&
            is_crowded(room, place));
}

/* A probe is beyond all shares, but for one of a host that strangers name. */
bool gate_room_may_pass(const struct gate_room *room, const struct place *place, int64_t now_ms) {
    const struct gate *gate = &place->gate;

    if (is_stranger(place) && (place->is_host || !gate_is_shut(gate)))
        return room->strangers_in_flight < strangers_max(room);
    return gate_is_shut(gate) || !place->is_judged || gate_is_flowing(gate, now_ms) ||
           gate->in_flight < share(room, place, room->in_flight);
}

void gate_room_join(struct gate_room *room, struct place *place, size_t bytes) {
    place->waiting++;
    place->bytes += bytes;
    room->waiting++;
    room->strangers_count += is_stranger(place) ? 1 : 0;
}

void gate_room_leave(struct gate_room *room, struct place *place, size_t bytes) {
    place->waiting--;
    place->bytes -= bytes;
    room->waiting--;
    room->strangers_count -= is_stranger(place) ? 1 : 0;
}

void gate_room_pass(struct gate_room *room, struct place *place, size_t bytes, int64_t now_ms) {
    place->bytes += bytes;
    if (!is_stranger(place))
        return;
    if (room->strangers_in_flight == 0)
        room->strangers_heard_ms = now_ms;
    room->strangers_count++;
    room->strangers_in_flight++;
}

/* With the first success all who are there are strangers no more. */
void gate_room_learn(struct gate_room *room, struct place *place, size_t bytes, enum gate_news news,
                     int64_t now_ms) {
    bool is_befriended = news == GATE_SUCCESS;
    size_t in_flight = is_befriended ? place->gate.in_flight : 1;

    place->bytes -= bytes;
    if (!is_stranger(place))
        return;
    if (news != GATE_TROUBLE && news != GATE_SILENT)
        room->strangers_heard_ms = now_ms;
    room->strangers_count -= in_flight + (is_befriended ? place->waiting : 0);
    room->strangers_in_flight -= in_flight;
}
