/* What is wrong at the moment, and the schedule by which things go wrong. */
#ifndef COLUMBA_SIM_WEATHER_H
#define COLUMBA_SIM_WEATHER_H

#include "tests/sim/cast.h"
#include "tests/sim/tally.h"

/* FAULT_COUNT: nothing. */
struct front {
    enum fault fault;
    int64_t until_ms;
};

enum broken_credential { CREDENTIAL_FINE, CREDENTIAL_REFUSED, CREDENTIAL_MISTAKEN };

struct weather {
    bool faults;    /* whether anything may go wrong at all */
    bool is_staged; /* fronts alone, as they were put up */
    bool redis_away;
    bool redis_slow;
    int64_t redis_doubted_ms; /* when it was last away, slow or flushed */
    bool queue_refuses;
    bool queue_slow;
    bool token_endpoint_down;
    struct front apps[APPS_MAX];
    struct front hosts[APPS_MAX][HOSTS_MAX];
    int generation; /* of credentials that a process starts with; -1: of either */
    /* What a provider makes of a credential: nothing to say, refuses it, or takes it for that of
     * another app, to which no pushkey is known. */
    enum broken_credential broken[APPS_MAX][GENERATIONS];
};

struct fleet;

/* Begins to make weather. */
void weather_start(struct world *world, struct fleet *fleet);

/* It clears up, for good. */
void weather_clear(struct world *world);

/* What a push to that host of the app runs into now. */
enum fault weather_at(struct world *world, int app, int host);

#endif
