/* The room of a lane: how much of what may be in flight those at one gate may fill, and all
 * strangers together: the gates that never had a success. Pure: who comes and goes is told to it,
 * and it answers. */
#ifndef COLUMBA_DISPATCHER_GATE_ROOM_H
#define COLUMBA_DISPATCHER_GATE_ROOM_H

#include "dispatcher/gate_place.h"

/* How long what does not answer may fill more than its share. */
enum { GATE_ROOM_PATIENCE_MS = 1000 };

/* Zero-initialised it is empty; the bounds are the configuration's. */
struct gate_room {
    int64_t in_flight;
    int64_t in_flight_bytes;
    size_t in_use;              /* gates that were asked to pass something of late */
    size_t waiting;             /* deliveries in line, at any gate */
    size_t strangers_count;     /* those at gates that never had a success */
    size_t strangers_in_flight; /* of them, those that went on */
    int64_t strangers_heard_ms; /* when one of these was answered last, or went on as the first */
};

/* Whether it counts as in use. */
bool gate_room_is_used(const struct place *place, int64_t now_ms);

/* Whether one more may wait in the place's line. */
bool gate_room_may_wait(const struct gate_room *room, const struct place *place, int64_t now_ms);

/* Whether the first in line, which has waited for so long, has to leave it for others' sake. */
bool gate_room_must_leave(const struct gate_room *room, const struct place *place,
                          int64_t waited_ms, int64_t now_ms);

/* Whether there is room for one that goes on, if the gate lets it. */
bool gate_room_may_pass(const struct gate_room *room, const struct place *place, int64_t now_ms);

/* A delivery of that size joins the line, leaves it; goes on, before gate_pass; is answered, before
 * gate_learn. */
void gate_room_join(struct gate_room *room, struct place *place, size_t bytes);
void gate_room_leave(struct gate_room *room, struct place *place, size_t bytes);
void gate_room_pass(struct gate_room *room, struct place *place, size_t bytes, int64_t now_ms);
void gate_room_learn(struct gate_room *room, struct place *place, size_t bytes, enum gate_news news,
                     int64_t now_ms);

#endif
