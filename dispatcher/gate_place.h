/* The places of a lane's gates: found by app and fingerprint or by host, and not remembered without
 * end. */
#ifndef COLUMBA_DISPATCHER_GATE_PLACE_H
#define COLUMBA_DISPATCHER_GATE_PLACE_H

#include "common/push/app.h"
#include "dispatcher/gates.h"

#include <sys/queue.h>
#include <uthash.h>

TAILQ_HEAD(gate_line, delivery);

struct place {
    char name[GATE_NAME_SIZE];  /* in Redis: app and fingerprint; or fingerprint and host */
    char title[GATE_NAME_SIZE]; /* the app's pattern or the host, for people */
    bool is_host;
    bool is_judged; /* answers are about it, and not about a host behind it */
    struct gate gate;
    struct gate_line line;
    size_t ticket_count; /* of the deliveries that are at it or still to come */
    size_t waiting;
    size_t bytes; /* of who waits and of who has passed */
    int64_t used_ms;
    uint64_t probed; /* whose push the last probe was */
    bool is_pumping;

    /* For gates_fleet.c. */
    bool is_greeted;
    bool by_operator; /* shut by an operator, for as long as the entry is there */
    bool by_fleet;    /* shut by what another dispatcher was told */
    bool asks_lease;
    int64_t leased_until_ms;
    int64_t entry_at_ms; /* which entry it has heeded last, or has written itself */

    UT_hash_handle hh;
};

struct gate_places;

struct gate_places *gate_places_new(void);
void gate_places_free(struct gate_places *places);

/* The place of the app as it is now, made if need be. The fingerprint is looked at again every few
 * seconds, so that another key is another gate. */
struct place *gate_places_app(struct gate_places *places, const struct app *app, bool is_judged,
                              int64_t now_ms);

/* Whether this, the place of the app's when the push set out, is that of what the app shows by now
 * for certain. For a while after its key file was replaced some of us show the one from before, and
 * some the one of now. spends: the file is looked at once more. */
bool gate_places_is_certain(struct gate_places *places, const struct app *app,
                            const struct place *place, bool spends, int64_t now_ms);

/* Whether what is for the app has to wait, as far as is known: not for an app that nothing was for
 * yet, nor where its hosts have gates of their own. */
bool gate_places_app_is_shut(const struct gate_places *places, const struct app *app);

/* The place of the host for all apps that show it the same credential, and reach it by the same
 * way: what succeeds with one says nothing of another. */
struct place *gate_places_host(struct gate_places *places, const struct app *app, struct slice host,
                               int64_t now_ms);

/* The apps asked for from here on are of another configuration, but for those of deliveries under
 * way. What is looked at anew and shows the same as before keeps its place and its certainty. */
void gate_places_reconfigure(struct gate_places *places);

/* Forgets, now and then, the gates of credentials that are shown no more, and of apps that are
 * another lane's or nobody's by now: for as long as nobody is at them. Returns whether one of them
 * was shut: it will not open any more. */
bool gate_places_tidy(struct gate_places *places, const struct apps *apps, const char *lane,
                      int64_t now_ms);

/* Says in the log how the gate has turned. */
void gate_place_log(const struct place *place, const char *lane, enum gate_state before);

typedef void gate_places_visit(void *context, struct place *place);
void gate_places_each(struct gate_places *places, gate_places_visit *visit, void *context);

void gate_places_count(const struct gate_places *places,
                       size_t counts[GATE_STATE_COUNT][GATE_CAUSE_COUNT]);

/* now_ms is monotonic, wall_ms what people go by. */
void gate_places_write(const struct gate_places *places, int64_t now_ms, int64_t wall_ms,
                       struct buffer *out);

#endif
