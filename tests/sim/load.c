#include "tests/sim/load.h"

#include "common/base/buffer.h"
#include "common/base/memory.h"
#include "common/push/record.h"
#include "tests/sim/broker.h"
#include "tests/sim/promises.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    EVEN_PUSHES = 8500,
    BIG_BYTES = 40000,
    STORM_MS = 3000,
    HOT_MS = 20000,
    FLOOD_MS = 10000,
};

struct load {
    struct world *world;
    int64_t until_ms;
    int64_t between_ms;
};

/* One push of a run of them to the same app or pushkey. */
struct run {
    struct world *world;
    enum fault fault;
    int app;
    int phone;   /* -1: any */
    bool is_big; /* each of them */
    size_t left;
    int64_t most_ms; /* until the next one */
};

/* ---- One push ---- */

/* Every push has a count of its own, which only grows: it tells the push where nothing else does,
 * and an older one from a newer one. */
static void write_value(const struct push *push, size_t number, struct buffer *out) {
    const struct phone *phone = push->phone;

    buffer_append_text(out, "{\"notification\":{");
    if (push->form != PUSH_BADGE)
        buffer_append_format(out, "\"event_id\":\"$%zu\",\"room_id\":\"!room\",", number);
    if (push->form == PUSH_BIG) {
        buffer_append_text(out, "\"content\":{\"body\":\"");
        for (int i = 0; i < BIG_BYTES; i++)
            buffer_append_byte(out, 'x');
        buffer_append_text(out, "\"},");
    }
    buffer_append_format(out,
                         "\"counts\":{\"unread\":%zu},\"devices\":[{\"app_id\":\"%s\","
                         "\"pushkey\":\"%s\",\"pushkey_ts\":%lld%s%s}]%s",
                         number + 1, phone->app_id, phone->pushkey, (long long)push->registered_ms,
                         phone->data[0] == '\0' ? "" : ",\"data\":", phone->data,
                         push->form == PUSH_UNREADABLE ? "" : "}}");
}

static void accept(struct world *world, size_t number) {
    struct push *push = &world->promises->pushes[number];
    struct buffer key = {0};
    struct buffer value = {0};
    struct record_meta meta = {.version = RECORD_VERSION};
    struct record_scratch scratch;
    struct header headers[RECORD_HEADERS_MAX];

    promises_write_id(world, number, meta.id);
    record_key_write(slice_of(push->phone->app_id), slice_of(push->phone->pushkey), &key);
    write_value(push, number, &value);
    if (!push->accepted)
        push->first_ms = world->now_ms;
    push->accepted = true;
    push->accepted_ms = world->now_ms;
    broker_accept(
        world->broker, world->cast->apps[push->phone->app].lane,
        &(struct queue_message){.key = buffer_slice(&key),
                                .value = buffer_slice(&value),
                                .headers = headers,
                                .header_count = record_meta_write(&meta, &scratch, headers)});
    buffer_free(&key);
    buffer_free(&value);
}

static enum push_form form_of(struct world *world) {
    uint64_t lot = world_random(world, 100);

    return lot < 25 ? PUSH_BADGE : lot < 27 ? PUSH_BIG : PUSH_ALERT;
}

static long long push_to(struct world *world, struct phone *phone, enum push_form form) {
    if (world->promises->count == PUSHES_MAX)
        return -1;
    size_t number = promises_add(world, phone, form);
    accept(world, number);
    return (long long)number;
}

void load_alert(struct world *world, struct phone *phone) {
    push_to(world, phone, PUSH_ALERT);
}

/* ---- The even stream ---- */

/* A homeserver got no answer, and posts it again. */
static void repeat_one(struct world *world) {
    size_t recent = world->promises->count < 50 ? world->promises->count : 50;

    if (recent == 0)
        return;
    size_t number = world->promises->count - 1 - (size_t)world_random(world, recent);
    if (world->promises->pushes[number].form == PUSH_BADGE)
        return; /* it has no event to be told by */
    world->tally->happened[FAULT_REPEATED]++;
    promises_meet(world, (long long)number, FAULT_REPEATED);
    accept(world, number);
}

/* The app comes back to life on a phone that was dead: under the same pushkey, registered anew. */
static void renew_one(struct world *world, struct phone *phone) {
    phone->life = LIFE_ALIVE;
    phone->registered_ms = world->now_ms;
    world->tally->happened[FAULT_RENEWED]++;
    long long number = push_to(world, phone, PUSH_ALERT);
    if (number >= 0)
        promises_meet(world, number, FAULT_RENEWED);
}

static void even_push(void *context) {
    struct load *load = context;
    struct world *world = load->world;
    int app = (int)world_random(world, world->cast->app_count);
    struct phone *phone = cast_phone(
        world->cast, app, (int)world_random(world, (uint64_t)world->cast->troupe->phones), false);

    if (world->now_ms >= load->until_ms) {
        free(load);
        return;
    }
    if (world_chance(world, 3))
        repeat_one(world);
    if ((phone->life == LIFE_DEAD || phone->life == LIFE_UNCERTAIN) &&
        world_random(world, 150) == 0)
        renew_one(world, phone);
    else
        push_to(world, phone, form_of(world));
    world_schedule(world, NULL, (int64_t)world_random(world, (uint64_t)load->between_ms * 2),
                   even_push, load);
}

void load_start(struct world *world, int64_t for_ms) {
    struct load *load = memory_new(sizeof *load);

    *load = (struct load){
        .world = world, .until_ms = world->now_ms + for_ms, .between_ms = for_ms / EVEN_PUSHES};
    world_schedule(world, NULL, 1000, even_push, load);
}

/* ---- What is uneven ---- */

static void run_on(void *context) {
    struct run *run = context;
    struct world *world = run->world;
    bool is_stranger = run->fault == FAULT_STRANGER;
    int place =
        run->phone >= 0
            ? run->phone
            : (int)world_random(world, is_stranger ? (uint64_t)world->cast->troupe->strangers
                                                   : (uint64_t)world->cast->troupe->phones);
    int app = run->app >= 0 ? run->app : (int)world_random(world, world->cast->app_count);
    enum push_form form = run->fault == FAULT_UNREADABLE ? PUSH_UNREADABLE
                          : run->is_big                  ? PUSH_BIG
                                                         : form_of(world);

    long long number = push_to(world, cast_phone(world->cast, app, place, is_stranger), form);
    if (number >= 0)
        promises_meet(world, number, run->fault);
    if (--run->left > 0 && number >= 0)
        world_schedule(world, NULL, (int64_t)world_random(world, (uint64_t)run->most_ms), run_on,
                       run);
    else
        free(run);
}

static void start_run(struct world *world, struct run run) {
    struct run *kept = memory_new(sizeof *kept);

    *kept = run;
    kept->world = world;
    kept->most_ms = 1 + kept->most_ms / (int64_t)kept->left;
    world_schedule(world, NULL, 0, run_on, kept);
}

void load_storm(struct world *world) {
    start_run(world, (struct run){.fault = FAULT_STORM,
                                  .app = world_chance(world, 50)
                                             ? -1
                                             : (int)world_random(world, world->cast->app_count),
                                  .phone = -1,
                                  .is_big = world_chance(world, 40),
                                  .left = 50 + (size_t)world_random(world, 150),
                                  .most_ms = STORM_MS});
}

void load_hot_pushkey(struct world *world) {
    start_run(world,
              (struct run){.fault = FAULT_HOT_PUSHKEY,
                           .app = (int)world_random(world, world->cast->app_count),
                           .phone = (int)world_random(world, (uint64_t)world->cast->troupe->phones),
                           .left = 10 + (size_t)world_random(world, 90),
                           .most_ms = HOT_MS});
}

void load_strangers(struct world *world) {
    start_run(world, (struct run){.fault = FAULT_STRANGER,
                                  .app = (int)world_random(world, world->cast->app_count),
                                  .phone = -1,
                                  .left = 10 + (size_t)world_random(world, 60),
                                  .most_ms = FLOOD_MS});
}

void load_unreadable(struct world *world) {
    start_run(world, (struct run){.fault = FAULT_UNREADABLE,
                                  .app = -1,
                                  .phone = -1,
                                  .left = 1 + (size_t)world_random(world, 4),
                                  .most_ms = 100});
}
