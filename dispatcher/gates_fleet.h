/* What the dispatchers of a fleet tell each other of their gates: what a provider has said of an
 * app, what an operator wants, and who of them probes. Without Redis each goes by itself. */
#ifndef COLUMBA_DISPATCHER_GATES_FLEET_H
#define COLUMBA_DISPATCHER_GATES_FLEET_H

#include "dispatcher/gate_place.h"

struct gates_fleet;

struct gates_fleet *gates_fleet_new(struct core *core, struct gate_places *places);
void gates_fleet_free(struct gates_fleet *fleet);

/* Four times a second: each fourth reads what the others have said. */
void gates_fleet_tick(struct gates_fleet *fleet);

/* An app's place was met: one that is new heeds what was last read. */
void gates_fleet_greet(struct gates_fleet *fleet, struct place *place);

/* Whether the probe that is due may be ours. When that has to be asked first, it is false. */
bool gates_fleet_may_probe(struct gates_fleet *fleet, struct place *place);

/* The probe is out: the lease was for that one. */
void gates_fleet_probed(struct place *place);

/* The gate has turned: what the others should know is said. */
void gates_fleet_turned(struct gates_fleet *fleet, struct place *place, enum gate_state before);

#endif
