/* How the dispatchers behave towards providers, pushkeys and each other: what they send while a
 * gate is shut, a pushkey is held, a record not due, a share full or a credential none of theirs.
 * Each function is told of something that happens and says at once what is not done. */
#ifndef COLUMBA_SIM_CONDUCT_H
#define COLUMBA_SIM_CONDUCT_H

#include "tests/sim/answers.h"
#include "tests/sim/world.h"

struct conduct;
struct push;

struct conduct *conduct_new(void);

/* The process begins anew: it knows nothing. */
void conduct_begin(struct world *world, const struct process *process);

/* ---- Towards providers ---- */

/* A push goes out; fresh: once more, with what has answered before. Returns the number of the probe
 * that it is, for conduct_heard; 0 when it is none. */
size_t conduct_sent(struct world *world, const struct process *process, const struct parcel *parcel,
                    bool fresh);

enum word {
    WORD_TAKEN,
    WORD_OF_TROUBLE,    /* of whatever kind */
    WORD_OF_CREDENTIAL, /* ours is no good */
};

/* What became of it. */
void conduct_heard(struct world *world, const struct process *process, const struct parcel *parcel,
                   size_t probe, enum word word);

/* A gate of an app or of a host turns, as the process says. */
void conduct_turned(struct world *world, const struct process *process, struct slice app_id,
                    struct slice host, struct slice from, struct slice to);

/* ---- Towards pushkeys ---- */

/* Redis tells the process until when the pushkey is held; 0: it is not, or nothing is told. */
void conduct_told_hold(struct world *world, const struct process *process, const char *h,
                       int64_t until_ms);

/* The process holds the pushkey until then. */
void conduct_held(struct world *world, const char *h, int64_t until_ms);

/* A copy of the push goes to a retry topic of that delay, as so many attempts. */
void conduct_copied(struct world *world, long long push, int64_t delay_ms, int64_t attempt);

/* An answer has moved it: its phone may be held for as long as the copy waits. */
void conduct_moved(struct world *world, const struct push *push);

/* The queue has told the process's lane what time it is. */
void conduct_knows_time(struct world *world, const struct process *process, const char *topic);

/* ---- Of a process ---- */

/* It goes on with another credential. */
void conduct_reloaded(struct world *world, const struct process *process);

/* Whether the phone's gate has been shut for so long that whoever waits there came since. */
bool conduct_has_waited(struct world *world, const struct process *process,
                        const struct phone *phone);

#endif
