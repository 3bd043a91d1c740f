/* Takes the configuration file over again while the program runs: at a signal, or when the file is
 * another, or one of a secret that it names. What is broken, or cannot be taken, leaves the
 * snapshot that was there. */
#ifndef COLUMBA_CONFIG_RELOAD_H
#define COLUMBA_CONFIG_RELOAD_H

#include "common/base/buffer.h"
#include "common/base/loop.h"
#include "common/config/program.h"

struct config_reload;

/* The configuration to go on with; held by whoever keeps it. */
typedef void config_reload_taken(void *context, const struct config *config);

struct config_reload_parts {
    struct loop *loop;
    const struct program *program;
    const char *path;            /* borrowed for as long as it is open */
    const struct config *config; /* what the program was started with */
    int64_t period_ms;           /* between two looks at the files */
    config_reload_taken *taken;
    void *context;
};

/* Begins to watch the files that the configuration was read from. */
struct config_reload *config_reload_open(const struct config_reload_parts *parts);
void config_reload_close(struct config_reload *reload);

/* Reads the file now, be it another or not. */
void config_reload_now(struct config_reload *reload);

/* The snapshot taken last; borrowed until the loop turns. */
const struct config *config_reload_current(const struct config_reload *reload);

struct config_reload_report {
    bool has_failed;   /* the file as it is was refused */
    int64_t loaded_ms; /* wall clock: when the present snapshot was taken */
    int64_t taken_count;
    int64_t refused_count;
};

struct config_reload_report config_reload_report(const struct config_reload *reload);

/* Appends {"loaded_at_ms":…,"failed":…,"reason":…,"needs_restart":…}. */
void config_reload_write(const struct config_reload *reload, struct buffer *out);

#endif
