/* What the dispatchers of a fleet tell each other: gates, leases, and that they are there. */
#include "common/base/memory.h"
#include "common/state/keys.h"
#include "common/state/redis_call.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MEMBERS_LIFETIME_MS = 60 * 1000 };

/* ---- Hashes ---- */

static bool is_pairs(const redisReply *reply) {
    return reply->type == REDIS_REPLY_ARRAY && reply->elements % 2 == 0;
}

static void read_hash(struct redis_call *call, const char *key, redis_replied *replied) {
    const struct slice words[] = {slice_of("HGETALL"), slice_of(key)};

    redis_call_send(call, 0, replied, words, 2);
}

/* The hash lives as long as somebody writes to it. */
static void write_field(struct redis_call *call, const char *key, const char *field,
                        struct slice value, int64_t lifetime_ms) {
    char lifetime[REDIS_NUMBER_SIZE];

    snprintf(lifetime, sizeof lifetime, "%" PRId64, lifetime_ms);
    const struct slice put[] = {slice_of("HSET"), slice_of(key), slice_of(field), value};
    const struct slice expire[] = {slice_of("PEXPIRE"), slice_of(key), slice_of(lifetime)};
    redis_call_send(call, 0, redis_call_done, put, 4);
    redis_call_send(call, 1, redis_call_done, expire, 3);
}

static void remove_field(struct state *state, enum redis_call_kind kind, const char *key,
                         const char *field) {
    struct redis_call *call = redis_call_new(state, kind, 1, NULL);
    const struct slice words[] = {slice_of("HDEL"), slice_of(key), slice_of(field)};

    redis_call_send(call, 0, redis_call_done, words, 3);
}

/* ---- Gates ---- */

static void tell_gates(struct redis_call *call, const struct error *error) {
    call->user.gates_read(call->context, error == NULL, call->result.list.items,
                          call->result.list.count);
}

/* An entry that cannot be read is none. */
static void on_gates(void *context, const redisReply *reply, const struct error *error) {
    struct redis_call *call = context;

    if (error == NULL && is_pairs(reply)) {
        struct gate_entry *entries = memory_new_array(reply->elements / 2, sizeof *entries);
        size_t count = 0;
        for (size_t i = 0; i < reply->elements; i += 2) {
            struct gate_entry *entry = &entries[count];
            snprintf(entry->name, sizeof entry->name, "%s", reply->element[i]->str);
            count += gate_entry_read(redis_reply_text(reply->element[i + 1]), entry) ? 1 : 0;
        }
        call->result.list.items = entries;
        call->result.list.count = count;
    }
    redis_call_replied(call, error);
}

void state_read_gates(struct state *state, const char *lane, state_gates_read *read,
                      void *context) {
    struct redis_call *call = redis_call_new(state, REDIS_READ_GATES, 1, context);
    char key[KEY_LANE_SIZE];

    call->finish = tell_gates;
    call->user.gates_read = read;
    key_gates(lane, key);
    read_hash(call, key, on_gates);
}

void state_write_gate(struct state *state, const char *lane, const struct gate_entry *entry) {
    struct redis_call *call = redis_call_new(state, REDIS_WRITE_GATE, 2, NULL);
    struct buffer value = {0};
    char key[KEY_LANE_SIZE];

    key_gates(lane, key);
    gate_entry_write(entry, &value);
    write_field(call, key, entry->name, buffer_slice(&value), GATES_LIFETIME_MS);
    buffer_free(&value);
}

void state_remove_gate(struct state *state, const char *lane, const char *name) {
    char key[KEY_LANE_SIZE];

    key_gates(lane, key);
    remove_field(state, REDIS_WRITE_GATE, key, name);
}

/* ---- Leases ---- */

static void tell_lease(struct redis_call *call, const struct error *error) {
    call->user.leased(call->context, error == NULL, call->result.granted);
}

static void on_lease(void *context, const redisReply *reply, const struct error *error) {
    struct redis_call *call = context;

    call->result.granted = error == NULL && reply->type == REDIS_REPLY_STATUS;
    redis_call_replied(call, error);
}

void state_take_lease(struct state *state, const char *lane, const char *name, const char *holder,
                      int64_t lease_ms, state_leased *leased, void *context) {
    struct redis_call *call = redis_call_new(state, REDIS_TAKE_LEASE, 1, context);
    char key[KEY_LANE_SIZE + GATE_NAME_SIZE];
    char lifetime[REDIS_NUMBER_SIZE];

    call->finish = tell_lease;
    call->user.leased = leased;
    key_lease(lane, name, sizeof key, key);
    snprintf(lifetime, sizeof lifetime, "%" PRId64, lease_ms);
    const struct slice words[] = {slice_of("SET"), slice_of(key),  slice_of(holder),
                                  slice_of("NX"),  slice_of("PX"), slice_of(lifetime)};
    redis_call_send(call, 0, on_lease, words, 6);
}

/* ---- Members ---- */

static void tell_members(struct redis_call *call, const struct error *error) {
    call->user.members_read(call->context, error == NULL, call->result.list.items,
                            call->result.list.count);
}

static void on_members(void *context, const redisReply *reply, const struct error *error) {
    struct redis_call *call = context;

    if (error == NULL && is_pairs(reply)) {
        struct state_member *members = memory_new_array(reply->elements / 2, sizeof *members);
        for (size_t i = 0; i < reply->elements; i += 2)
            members[i / 2] = (struct state_member){redis_reply_text(reply->element[i]),
                                                   redis_reply_text(reply->element[i + 1])};
        call->result.list.items = members;
        call->result.list.count = reply->elements / 2;
    }
    redis_call_replied(call, error);
}

void state_publish_member(struct state *state, const char *instance, struct slice status) {
    struct redis_call *call = redis_call_new(state, REDIS_PUBLISH_MEMBER, 2, NULL);

    write_field(call, KEY_MEMBERS, instance, status, MEMBERS_LIFETIME_MS);
}

void state_remove_member(struct state *state, const char *instance) {
    remove_field(state, REDIS_PUBLISH_MEMBER, KEY_MEMBERS, instance);
}

void state_read_members(struct state *state, state_members_read *read, void *context) {
    struct redis_call *call = redis_call_new(state, REDIS_READ_MEMBERS, 1, context);

    call->finish = tell_members;
    call->user.members_read = read;
    read_hash(call, KEY_MEMBERS, on_members);
}
