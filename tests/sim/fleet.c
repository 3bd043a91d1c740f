#include "tests/sim/fleet.h"

#include "common/base/buffer.h"
#include "common/base/json.h"
#include "common/base/memory.h"
#include "dispatcher/instruments.h"
#include "dispatcher/lane.h"
#include "tests/sim/broker.h"
#include "tests/sim/conduct.h"
#include "tests/sim/promises.h"
#include "tests/sim/weather.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    RESTART_MS = 20 * 1000,
    HOUR_MS = 3600 * 1000,
    ONE_MORE_BYTES =
        128 * 1024, /* the record that fills what was not full, and what is made of it */
};

struct node {
    struct process process;
    char instance[16];
    struct lane_parts parts;
    struct lane *lanes[LANES];
    int leaving;  /* lanes that are on their way out */
    unsigned had; /* generations of credentials since it was started, a bit each */
    struct fleet *fleet;
};

struct fleet {
    struct world *world;
    struct config *const *configs;
    struct node nodes[NODES];
};

static bool is_up(const struct node *node) {
    return node->lanes[0] != NULL;
}

static void lane_has_failed(void *context, const struct error *error) {
    struct node *node = context;

    world_broken(node->process.world, "a consumer failed: %s", error->text);
}

/* Of the credentials in the file. */
static int generation_now(struct world *world) {
    return world->weather->generation >= 0 ? world->weather->generation
                                           : (int)world_random(world, GENERATIONS);
}

static void node_start(void *context) {
    struct node *node = context;
    struct world *world = node->process.world;
    struct process *process = &node->process;
    struct error error = {0};

    process->generation = generation_now(world);
    struct config *config = node->fleet->configs[process->generation];
    process->loop = world_loop_new(process);
    node->parts = (struct lane_parts){.loop = process->loop, .config = config};
    snprintf(node->instance, sizeof node->instance, "node-%d", process->number);
    node->parts.instance = node->instance;
    node->parts.metrics = metrics_new(dispatcher_metrics, DISPATCHER_METRIC_COUNT);
    node->parts.producer = queue_producer_open(process->loop, &config->queue, &error);
    node->parts.state = state_open(process->loop, &config->redis);
    node->parts.sender = sender_open(process->loop, &config->dispatcher, &error);
    node->parts.credentials = credentials_new(process->loop, node->parts.sender);
    for (size_t i = 0; i < LANES; i++)
        node->lanes[i] = lane_open(cast_lanes[i], &node->parts, lane_has_failed, node, &error);
    node->had = 1u << process->generation;
    conduct_begin(world, process);
    world_trace(world, "dispatcher %d starts with credentials %d and a clock %+lld ms off",
                process->number, process->generation, (long long)process->skew_ms);
}

static void node_end(struct node *node) {
    world_forget(node->process.world, &node->process);
    promises_dropped_by(node->process.world, &node->process);
    credentials_free(node->parts.credentials);
    sender_close(node->parts.sender);
    state_close(node->parts.state);
    queue_producer_close(node->parts.producer);
    for (size_t i = 0; i < LANES; i++) {
        lane_close(node->lanes[i]);
        node->lanes[i] = NULL;
    }
    metrics_free(node->parts.metrics);
    loop_free(node->process.loop);
    node->leaving = 0;
}

static void restart_later(struct node *node) {
    struct world *world = node->process.world;

    world_schedule(world, NULL, 1000 + (int64_t)world_random(world, RESTART_MS), node_start, node);
}

/* Outside the callback that told us: what it came from is freed here. */
static void node_stopped(void *context) {
    struct node *node = context;

    world_trace(node->process.world, "dispatcher %d has left", node->process.number);
    node_end(node);
    restart_later(node);
}

static void lane_has_drained(void *context) {
    struct node *node = context;

    if (--node->leaving == 0)
        world_schedule(node->process.world, &node->process, 0, node_stopped, node);
}

struct fleet *fleet_new(struct world *world, struct config *const configs[GENERATIONS]) {
    struct fleet *fleet = memory_new(sizeof *fleet);

    fleet->world = world;
    fleet->configs = configs;
    for (int i = 0; i < NODES; i++) {
        struct node *node = &fleet->nodes[i];
        node->fleet = fleet;
        node->process =
            (struct process){.world = world, .number = i, .skew_ms = (i - 1) * (int64_t)HOUR_MS};
        node_start(node);
    }
    return fleet;
}

void fleet_free(struct fleet *fleet) {
    for (int i = 0; i < NODES; i++)
        if (is_up(&fleet->nodes[i]))
            node_end(&fleet->nodes[i]);
    free(fleet);
}

bool fleet_crash(struct fleet *fleet, int number) {
    struct node *node = &fleet->nodes[number];
    struct world *world = fleet->world;

    if (!is_up(node))
        return false;
    world_trace(world, "FAULT dispatcher %d is killed", number);
    promises_meet_held(world, &node->process, FAULT_CRASH);
    promises_excuse_held(world, &node->process);
    broker_process_died(world->broker, &node->process);
    node_end(node);
    restart_later(node);
    return true;
}

bool fleet_stop(struct fleet *fleet, int number) {
    struct node *node = &fleet->nodes[number];
    struct world *world = fleet->world;

    if (!is_up(node) || node->leaving > 0)
        return false;
    world_trace(world, "FAULT dispatcher %d is told to stop", number);
    promises_meet_held(world, &node->process, FAULT_LEAVE);
    node->leaving = LANES;
    for (size_t i = 0; i < LANES; i++)
        lane_drain(node->lanes[i], lane_has_drained, node);
    return true;
}

bool fleet_expel(struct fleet *fleet, int number) {
    struct node *node = &fleet->nodes[number];
    struct world *world = fleet->world;

    if (!is_up(node) || !broker_expel(world->broker, &node->process))
        return false;
    world_trace(world, "FAULT dispatcher %d is expelled", number);
    promises_meet_held(world, &node->process, FAULT_ZOMBIE);
    promises_excuse_held(world, &node->process);
    return true;
}

/* In the order of main.c. */
bool fleet_reload(struct fleet *fleet, int number) {
    struct node *node = &fleet->nodes[number];
    struct world *world = fleet->world;

    if (!is_up(node))
        return false;
    int before = node->process.generation;
    node->process.generation = generation_now(world);
    node->had |= 1u << node->process.generation;
    if (node->process.generation != before)
        conduct_reloaded(world, &node->process);
    node->parts.config = fleet->configs[node->process.generation];
    world_trace(world, "FAULT dispatcher %d goes on with credentials %d", number,
                node->process.generation);
    promises_meet_held(world, &node->process, FAULT_RELOAD);
    for (size_t i = 0; i < LANES; i++)
        lane_configure(node->lanes[i], node->parts.config);
    credentials_keep(node->parts.credentials, &node->parts.config->apps);
    return true;
}

bool fleet_shift_clock(struct fleet *fleet, int number, int64_t by_ms) {
    struct node *node = &fleet->nodes[number];
    int64_t skew_ms = node->process.skew_ms + by_ms;

    if (skew_ms > HOUR_MS || skew_ms < -HOUR_MS)
        return false;
    node->process.skew_ms = skew_ms;
    world_trace(fleet->world, "FAULT the clock of dispatcher %d is now %+lld ms off", number,
                (long long)skew_ms);
    promises_meet_held(fleet->world, &node->process, FAULT_CLOCK_JUMP);
    return true;
}

bool fleet_has(const struct fleet *fleet, int generation) {
    for (int i = 0; i < NODES; i++)
        if (is_up(&fleet->nodes[i]) && (fleet->nodes[i].had >> generation & 1) != 0)
            return true;
    return false;
}

void fleet_trace(struct fleet *fleet) {
    struct buffer status = {0};

    for (int i = 0; i < NODES; i++)
        for (size_t lane = 0; lane < LANES && is_up(&fleet->nodes[i]); lane++) {
            buffer_clear(&status);
            lane_write_status(fleet->nodes[i].lanes[lane], &status);
            world_trace(fleet->world, "dispatcher %d: %s", i, buffer_text(&status));
        }
    buffer_free(&status);
}

static void check_gate(struct fleet *fleet, const struct node *node, struct json_object *gate) {
    int64_t in_flight = -1;
    int64_t waiting = -1;

    json_member_integer(gate, "in_flight", &in_flight);
    json_member_integer(gate, "waiting", &waiting);
    if (in_flight != 0 || waiting != 0)
        world_broken(fleet->world, "dispatcher %d: a gate has %lld in flight, %lld waiting: %s",
                     node->process.number, (long long)in_flight, (long long)waiting,
                     json_object_to_json_string(gate));
}

/* at_end: nothing is in flight any more; else no more than may be. */
static void check_lane(struct fleet *fleet, const struct node *node, size_t lane, bool at_end) {
    struct buffer status = {0};
    int64_t in_flight = -1;
    int64_t in_flight_bytes = -1;

    lane_write_status(node->lanes[lane], &status);
    struct json_object *tree = json_parse(buffer_slice(&status), 32, NULL);
    struct json_object *gates = json_member_array(tree, "gates");
    json_member_integer(tree, "in_flight", &in_flight);
    json_member_integer(tree, "in_flight_bytes", &in_flight_bytes);
    if (in_flight < 0 || in_flight > (at_end ? 0 : IN_FLIGHT) || in_flight_bytes < 0 ||
        in_flight_bytes > (at_end ? 0 : IN_FLIGHT_BYTES + ONE_MORE_BYTES))
        world_broken(fleet->world, "dispatcher %d, lane %s: %lld deliveries, %lld bytes in flight",
                     node->process.number, cast_lanes[lane], (long long)in_flight,
                     (long long)in_flight_bytes);
    for (size_t i = 0; at_end && i < json_object_array_length(gates); i++)
        check_gate(fleet, node, json_object_array_get_idx(gates, i));
    json_object_put(tree);
    buffer_free(&status);
}

static void check_lanes(struct fleet *fleet, bool at_end) {
    for (int i = 0; i < NODES; i++)
        for (size_t lane = 0; lane < LANES && is_up(&fleet->nodes[i]); lane++)
            check_lane(fleet, &fleet->nodes[i], lane, at_end);
}

void fleet_check(struct fleet *fleet) {
    check_lanes(fleet, false);
}

void fleet_check_end(struct fleet *fleet) {
    check_lanes(fleet, true);
}
