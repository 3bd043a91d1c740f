/* A configuration as one worker uses it: held, with the topic of each app made out. Counted without
 * a lock, because it never leaves its thread. */
#ifndef COLUMBA_INGRESS_CATALOGUE_H
#define COLUMBA_INGRESS_CATALOGUE_H

#include "common/config/config.h"

struct catalogue {
    const struct config *config;
    size_t references;
    char *topics; /* of all apps, in their order */
};

/* The caller holds one reference. */
struct catalogue *catalogue_new(const struct config *config);

struct catalogue *catalogue_hold(struct catalogue *catalogue);
void catalogue_release(struct catalogue *catalogue);

/* Where pushes of an app of this configuration go. */
const char *catalogue_topic(const struct catalogue *catalogue, const struct app *app);

#endif
