#include "dispatcher/fleet.h"

#include "common/base/json.h"
#include "common/base/memory.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    PERIOD_MS = 2000,
    SILENT_MS = 15 * 1000, /* not shown any more */
    SWEEP_MS = 60 * 1000,  /* taken away, whoever's clock is wrong */
    DEPTH_MAX = 16,
};

struct fleet {
    struct loop *loop;
    struct state *state;
    const char *instance;
    fleet_write_lanes *write_lanes;
    void *context;
    struct timer *timer;
    bool reading;
    struct buffer entry;
    struct buffer members; /* the array without its end */
};

static void add_member(struct fleet *fleet, const struct state_member *member) {
    int64_t now_ms = loop_wall_ms(fleet->loop);
    struct json_object *status = json_parse(member->status, DEPTH_MAX, NULL);
    struct buffer name = {0};
    int64_t at_ms = 0;

    bool told = json_member_integer(status, "at", &at_ms);
    if (told && now_ms - at_ms <= SILENT_MS) {
        buffer_append_text(&fleet->members, fleet->members.size > 1 ? ",{" : "{");
        buffer_append_text(&fleet->members, "\"instance\":");
        buffer_append_json_text(&fleet->members, member->instance);
        json_write_members(status, (const char *const[]){"instance", NULL}, &fleet->members);
        buffer_append_byte(&fleet->members, '}');
    } else if (!told || now_ms - at_ms > SWEEP_MS) {
        buffer_append(&name, member->instance);
        state_remove_member(fleet->state, buffer_text(&name));
    }
    buffer_free(&name);
    json_object_put(status);
}

static void on_members(void *context, bool known, const struct state_member *members,
                       size_t count) {
    struct fleet *fleet = context;

    fleet->reading = false;
    buffer_clear(&fleet->members);
    buffer_append_byte(&fleet->members, '[');
    for (size_t i = 0; known && i < count; i++)
        add_member(fleet, &members[i]);
}

static void publish(struct fleet *fleet) {
    buffer_clear(&fleet->entry);
    buffer_append_format(&fleet->entry, "{\"at\":%" PRId64 ",\"version\":\"%s\",\"lanes\":",
                         loop_wall_ms(fleet->loop), COLUMBA_VERSION);
    fleet->write_lanes(fleet->context, &fleet->entry);
    buffer_append_byte(&fleet->entry, '}');
    state_publish_member(fleet->state, fleet->instance, buffer_slice(&fleet->entry));
}

static void on_timer(void *context) {
    struct fleet *fleet = context;

    publish(fleet);
    if (!fleet->reading) {
        fleet->reading = true;
        state_read_members(fleet->state, on_members, fleet);
    }
    timer_start(fleet->timer, PERIOD_MS);
}

struct fleet *fleet_open(struct loop *loop, struct state *state, const char *instance,
                         fleet_write_lanes *write_lanes, void *context) {
    struct fleet *fleet = memory_new(sizeof *fleet);

    fleet->loop = loop;
    fleet->state = state;
    fleet->instance = instance;
    fleet->write_lanes = write_lanes;
    fleet->context = context;
    buffer_append_byte(&fleet->members, '[');
    fleet->timer = timer_new(loop, on_timer, fleet);
    timer_start(fleet->timer, 0);
    return fleet;
}

void fleet_close(struct fleet *fleet) {
    if (fleet == NULL)
        return;
    timer_free(fleet->timer);
    buffer_free(&fleet->entry);
    buffer_free(&fleet->members);
    free(fleet);
}

void fleet_write(const struct fleet *fleet, struct buffer *out) {
    buffer_append(out, buffer_slice(&fleet->members));
    buffer_append_byte(out, ']');
}
