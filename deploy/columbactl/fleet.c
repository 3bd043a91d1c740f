#include "deploy/columbactl/fleet.h"

#include "common/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { FRESH_MS = 15 * 1000, DEPTH_LIMIT = 16 };

static int by_instance(const void *a, const void *b) {
    const struct fleet_member *left = a;
    const struct fleet_member *right = b;

    return strcmp(left->instance, right->instance);
}

void fleet_read(const struct inspect_members *members, int64_t now_ms, struct fleet *out) {
    *out = (struct fleet){.members = memory_new_array(members->count + 1, sizeof *out->members)};
    for (size_t i = 0; i < members->count; i++) {
        struct fleet_member *member = &out->members[out->count];
        member->instance = members->list[i].instance;
        member->status = json_parse(slice_of(members->list[i].status), DEPTH_LIMIT, NULL);
        if (json_member_integer(member->status, "at", &member->at_ms) &&
            member->at_ms > now_ms - FRESH_MS)
            out->count++;
        else
            json_object_put(member->status);
    }
    qsort(out->members, out->count, sizeof *out->members, by_instance);
}

void fleet_free(struct fleet *fleet) {
    for (size_t i = 0; i < fleet->count; i++)
        json_object_put(fleet->members[i].status);
    free(fleet->members);
    *fleet = (struct fleet){0};
}

struct json_object *fleet_lane(const struct fleet_member *member, const char *lane) {
    struct json_object *lanes = json_member_array(member->status, "lanes");

    for (size_t i = 0; lanes != NULL && i < json_object_array_length(lanes); i++) {
        struct json_object *entry = json_object_array_get_idx(lanes, i);
        if (slice_is(json_member_text(entry, "lane"), lane))
            return entry;
    }
    return NULL;
}

int64_t fleet_number(struct json_object *object, const char *name) {
    int64_t number = 0;

    json_member_integer(object, name, &number);
    return number;
}

/* ---- Gates ---- */

static bool is_same(const struct fleet_gate *known, const char *lane, struct json_object *gate) {
    static const char *const names[] = {"app", "host", "state", "reason"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!slice_equal(json_member_text(known->gate, names[i]), json_member_text(gate, names[i])))
            return false;
    return strcmp(known->lane, lane) == 0;
}

static void add_gate(struct fleet_gate **gates, size_t *count, const char *lane,
                     struct json_object *gate) {
    int64_t until_ms = fleet_number(gate, "until_ms");
    size_t at = 0;

    while (at < *count && !is_same(&(*gates)[at], lane, gate))
        at++;
    if (at == *count) {
        *gates = memory_resize(*gates, (*count + 1) * sizeof **gates);
        (*gates)[(*count)++] = (struct fleet_gate){.lane = lane, .gate = gate};
    }
    struct fleet_gate *known = &(*gates)[at];
    known->waiting += fleet_number(gate, "waiting");
    known->until_ms = until_ms > known->until_ms ? until_ms : known->until_ms;
    known->dispatchers++;
}

size_t fleet_gates(const struct fleet *fleet, const char *const *lanes, size_t lane_count,
                   struct fleet_gate **out) {
    size_t count = 0;

    *out = NULL;
    for (size_t l = 0; l < lane_count; l++)
        for (size_t m = 0; m < fleet->count; m++) {
            struct json_object *gates =
                json_member_array(fleet_lane(&fleet->members[m], lanes[l]), "gates");
            for (size_t i = 0; gates != NULL && i < json_object_array_length(gates); i++) {
                struct json_object *gate = json_object_array_get_idx(gates, i);
                if (!slice_is(json_member_text(gate, "state"), "open"))
                    add_gate(out, &count, lanes[l], gate);
            }
        }
    return count;
}

bool fleet_gate_is_by_hand(const struct fleet_gate *gate) {
    return slice_is(json_member_text(gate->gate, "state"), "closed") && gate->until_ms == 0;
}

/* ---- Sums ---- */

static bool is_retry(struct json_object *partition) {
    struct slice topic = json_member_text(partition, "topic");

    return topic.size > 0 && memmem(topic.data, topic.size, "retry.", 6) != NULL;
}

void fleet_add(const struct fleet_member *member, const char *lane, struct fleet_sums *sums) {
    struct json_object *status = fleet_lane(member, lane);
    struct json_object *partitions = json_member_array(status, "partitions");
    int64_t oldest_ms = fleet_number(status, "oldest_ms");

    if (status == NULL)
        return;
    sums->dispatchers++;
    sums->in_flight += fleet_number(status, "in_flight");
    sums->oldest_ms = oldest_ms > sums->oldest_ms ? oldest_ms : sums->oldest_ms;
    for (size_t i = 0; partitions != NULL && i < json_object_array_length(partitions); i++) {
        struct json_object *at = json_object_array_get_idx(partitions, i);
        *(is_retry(at) ? &sums->retry_lag : &sums->push_lag) += fleet_number(at, "lag");
    }
}
