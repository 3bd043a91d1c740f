/* The whole process: workers, admin port and signals, from start to end. */
#ifndef COLUMBA_INGRESS_SERVICE_H
#define COLUMBA_INGRESS_SERVICE_H

#include "common/config/program.h"

/* Serves until SIGTERM or SIGINT, then drains; a second signal ends the process at once. False
 * when it could not start; nothing of it is left then. The configuration is borrowed; a change of
 * its file at path is taken over. */
bool service_run(const struct program *program, const char *path, const struct config *config,
                 struct error *error);

#endif
