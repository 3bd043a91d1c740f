/* log.h, simulated: what the core says of its pushes is held against what there is to know. */
#include "tests/sim/journal.h"
#include "common/base/buffer.h"
#include "common/base/log.h"
#include "tests/sim/conduct.h"
#include "tests/sim/promises.h"

#include <stdio.h>
#include <string.h>

static struct { struct world *world; } journal;

void journal_open(struct world *world) {
    journal.world = world;
}

void log_open(const char *program, enum log_level level) {
    (void)program;
    (void)level;
}

bool log_enabled(enum log_level level) {
    return journal.world != NULL && (level != LOG_LEVEL_DEBUG || journal.world->trace);
}

static struct slice field_of(const struct log_field *fields, const char *name) {
    for (; fields->name != NULL; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields->text;
    return (struct slice){0};
}

static void settled(struct world *world, const struct log_field *fields) {
    struct slice outcome = field_of(fields, "outcome");
    struct slice reason = field_of(fields, "reason");
    char text[64];

    snprintf(text, sizeof text, "%.*s", (int)reason.size, reason.data == NULL ? "" : reason.data);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (slice_is(outcome, outcome_name((enum outcome)i)))
            promises_settled(world, promises_by_id(field_of(fields, "id")), (enum outcome)i, text);
}

static void trace(struct world *world, const char *event, const struct log_field *fields) {
    struct buffer line = {0};

    for (; fields->name != NULL; fields++) {
        if (fields->name[0] == '\0')
            continue;
        if (strcmp(fields->name, "id") == 0)
            buffer_append_format(&line, " push=%lld", promises_by_id(fields->text));
        else if (fields->text.data != NULL)
            buffer_append_format(&line, " %s=%.*s", fields->name, (int)fields->text.size,
                                 fields->text.data);
        else
            buffer_append_format(&line, " %s=%lld", fields->name, (long long)fields->number);
    }
    world_trace(world, "dispatcher %d: %s%s", world->current == NULL ? -1 : world->current->number,
                event, buffer_text(&line));
    buffer_free(&line);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields) {
    struct world *world = journal.world;

    if (world == NULL)
        return;
    if (strcmp(event, "gate") == 0 && world->current != NULL)
        conduct_turned(world, world->current, field_of(fields, "app_id"), field_of(fields, "host"),
                       field_of(fields, "from"), field_of(fields, "to"));
    if (!log_enabled(level))
        return;
    if (world->trace)
        trace(world, event, fields);
    if (strcmp(event, "settled") == 0)
        settled(world, fields);
}
