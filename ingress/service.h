/* The whole process: workers, admin port and signals, from start to end. */
#ifndef COLUMBA_INGRESS_SERVICE_H
#define COLUMBA_INGRESS_SERVICE_H

#include "common/config/config.h"

/* Serves until SIGTERM or SIGINT, then drains; a second signal ends the process at once. False
 * when it could not start; nothing of it is left then. The configuration is borrowed. */
bool service_run(const struct config *config, struct error *error);

#endif
