/* columba-ingress: takes notifications from homeservers and puts them on the queue. */
#include "common/config/program.h"
#include "ingress/service.h"

int main(int argc, char **argv) {
    const struct program program = {
        .name = "columba-ingress",
        .purpose = "takes notifications from homeservers and puts them on the queue.",
        .section = "ingress"};
    enum program_exit status = PROGRAM_EXIT_OK;
    struct error error = {0};
    const char *path = NULL;
    struct config *config = program_start(&program, argc, argv, &path, &status);

    if (config == NULL)
        return (int)status;
    if (!service_run(&program, path, config, &error)) {
        log_error("cannot_start", log_text("reason", error.text));
        status = PROGRAM_EXIT_FAILED;
    }
    config_release(config);
    return (int)status;
}
