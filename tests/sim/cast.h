/* Who takes part: six apps of five kinds, their phones, the hosts of their endpoints, and the
 * configuration that serves them with an old and with a new credential. */
#ifndef COLUMBA_SIM_CAST_H
#define COLUMBA_SIM_CAST_H

#include "common/config/config.h"
#include "common/push/identity.h"
#include "tests/sim/world.h"

enum {
    APPS_MAX = 20,
    HOSTS_MAX = 1050,   /* of one app; those of strangers come last */
    PHONES_MAX = 12000, /* of all */
    GENERATIONS = 2,    /* of credentials */
    LANES = 2,
    IN_FLIGHT = 64,
    IN_FLIGHT_BYTES = 1 << 20,
};

struct cast_app {
    const char *pattern; /* a browser's app ends with a star: each has a name of its own */
    enum provider_kind kind;
    const char *lane;
    int hosts;            /* 1: the provider's own; more: endpoints name them */
    int strangers_hosts;  /* of these */
    int64_t ttl_ms;       /* 0: none */
    bool has_generations; /* whether old and new credentials can be told apart */
};

/* Who plays: the apps, and how many phones each has. */
struct troupe {
    const struct cast_app *apps;
    size_t app_count;
    int phones;
    int strangers;
    bool some_are_dead;
};

extern const struct troupe troupe_of_all_kinds; /* six apps of five kinds */
extern const char *const cast_lanes[LANES];

enum life {
    LIFE_ALIVE,
    LIFE_DEAD,      /* and the provider says so */
    LIFE_UNCERTAIN, /* dead, and the provider's word for it could mean something else */
    LIFE_STRANGER,  /* never was */
};

struct phone {
    int app;
    int host;
    char app_id[32];
    char pushkey[128];
    char data[256]; /* of the pusher, as JSON; "" none */
    char h[IDENTITY_PUSHKEY_SIZE];
    enum life life;
    int64_t registered_ms; /* pushkey_ts */

    /* What the fleet can know of it. */
    int64_t said_dead_ms;   /* the pushkey_ts that was called dead, beyond doubt or not; -1 none */
    bool said_uncertain;    /* by an answer that could mean something else */
    int64_t newest_ms;      /* when the newest count that surely reached it was accepted */
    int64_t newest_told_ms; /* when that was known */
    long long newest_count;

    /* What holds ought to be there. */
    unsigned troubled;           /* pushes whose answer may hold it, not settled yet */
    int64_t hold_ms;             /* until when it was held at most */
    int64_t asked_ms[NODES];     /* when a process last looked up what is known of it */
    int64_t told_hold_ms[NODES]; /* what a process was told when it last asked */
};

struct cast {
    const struct troupe *troupe;
    const struct cast_app *apps; /* of the troupe */
    size_t app_count;
    struct phone phones[PHONES_MAX];
    size_t phone_count;
};

/* New phones. */
struct cast *cast_new(struct world *world, const struct troupe *troupe);

/* One that lives there, of an app; a stranger otherwise. */
struct phone *cast_phone(struct cast *cast, int app, int index, bool is_stranger);
struct phone *cast_find(struct cast *cast, const char *h);

/* The configurations, one for each generation, from files of keys in a directory. */
bool cast_configure(const struct troupe *troupe, const char *directory,
                    struct config *out[GENERATIONS], struct error *error);

#endif
