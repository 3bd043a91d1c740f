#include "common/state/inspect.h"

#include "common/base/memory.h"
#include "common/state/keys.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 4, NUMBER_SIZE = 24 };

struct inspect {
    redisContext *redis;
    char server[300]; /* for errors */
};

/* ---- The connection ---- */

static bool away(struct inspect *inspect, struct error *error) {
    return error_set(error, ERROR_UNAVAILABLE, "Redis at %s does not answer: %s (redis.address)",
                     inspect->server,
                     inspect->redis == NULL ? "no memory" : inspect->redis->errstr);
}

static bool is_about_login(const char *command, const char *refusal) {
    return strcmp(command, "AUTH") == 0 || strncmp(refusal, "NOAUTH", 6) == 0;
}

/* NULL with an error when the server does not answer, or refuses. */
static redisReply *ask(struct inspect *inspect, const struct slice *words, size_t count,
                       struct error *error) {
    const char *texts[WORDS_MAX];
    size_t sizes[WORDS_MAX];
    redisReply *reply;

    for (size_t i = 0; i < count; i++) {
        texts[i] = words[i].data;
        sizes[i] = words[i].size;
    }
    reply = redisCommandArgv(inspect->redis, (int)count, texts, sizes);
    if (reply == NULL) {
        away(inspect, error);
        return NULL;
    }
    if (reply->type != REDIS_REPLY_ERROR)
        return reply;
    error_set(error, ERROR_REFUSED, "Redis at %s refuses %s: %s%s", inspect->server, texts[0],
              reply->str,
              is_about_login(texts[0], reply->str) ? " (redis.username, redis.password)" : "");
    freeReplyObject(reply);
    return NULL;
}

static bool tell(struct inspect *inspect, const struct slice *words, size_t count,
                 struct error *error) {
    redisReply *reply = ask(inspect, words, count, error);

    if (reply == NULL)
        return false;
    freeReplyObject(reply);
    return true;
}

static bool greet(struct inspect *inspect, const struct redis_config *config, struct error *error) {
    const struct slice auth[] = {slice_of("AUTH"), slice_of(config->username),
                                 slice_of(config->password)};
    const struct slice old_auth[] = {slice_of("AUTH"), slice_of(config->password)};
    char database[NUMBER_SIZE];

    snprintf(database, sizeof database, "%" PRId64, config->database);
    const struct slice select[] = {slice_of("SELECT"), slice_of(database)};
    if (config->password != NULL && !(config->username == NULL ? tell(inspect, old_auth, 2, error)
                                                               : tell(inspect, auth, 3, error)))
        return false;
    return config->database == 0 || tell(inspect, select, 2, error);
}

struct inspect *inspect_open(const struct redis_config *config, int64_t timeout_ms,
                             struct error *error) {
    const struct timeval timeout = {.tv_sec = timeout_ms / 1000,
                                    .tv_usec = timeout_ms % 1000 * 1000};
    struct inspect *inspect = memory_new(sizeof *inspect);

    snprintf(inspect->server, sizeof inspect->server, "%.260s:%" PRId64, config->host,
             config->port);
    inspect->redis = redisConnectWithTimeout(config->host, (int)config->port, timeout);
    if (inspect->redis == NULL || inspect->redis->err != 0)
        away(inspect, error);
    else if (redisSetTimeout(inspect->redis, timeout) == REDIS_OK && greet(inspect, config, error))
        return inspect;
    inspect_close(inspect);
    return NULL;
}

void inspect_close(struct inspect *inspect) {
    if (inspect == NULL)
        return;
    if (inspect->redis != NULL)
        redisFree(inspect->redis);
    free(inspect);
}

/* ---- Pushkeys ---- */

static struct slice text_of(const redisReply *reply) {
    return (struct slice){.data = reply->str, .size = (size_t)reply->len};
}

/* The value of a key and its lifetime; *out stays NULL when there is none. */
static bool get(struct inspect *inspect, const char *key, redisReply **out, int64_t *lifetime_ms,
                struct error *error) {
    const struct slice read[] = {slice_of("GET"), slice_of(key)};
    const struct slice rest[] = {slice_of("PTTL"), slice_of(key)};
    redisReply *value = ask(inspect, read, 2, error);
    redisReply *lifetime = value == NULL ? NULL : ask(inspect, rest, 2, error);

    *out = NULL;
    if (lifetime == NULL) {
        if (value != NULL)
            freeReplyObject(value);
        return false;
    }
    *lifetime_ms = lifetime->integer;
    freeReplyObject(lifetime);
    if (value->type == REDIS_REPLY_STRING)
        *out = value;
    else
        freeReplyObject(value);
    return true;
}

bool inspect_pushkey(struct inspect *inspect, const char *pushkey, struct inspect_pushkey *out,
                     struct error *error) {
    redisReply *value;
    char key[KEY_SIZE];

    *out = (struct inspect_pushkey){0};
    key_verdict(pushkey, key);
    if (!get(inspect, key, &value, &out->verdict_lifetime_ms, error))
        return false;
    if (value != NULL) {
        out->has_verdict = verdict_read(text_of(value), &out->verdict);
        freeReplyObject(value);
    }
    key_hold(pushkey, key);
    if (!get(inspect, key, &value, &out->hold_lifetime_ms, error))
        return false;
    if (value != NULL) {
        out->has_hold = hold_read(text_of(value), &out->hold);
        freeReplyObject(value);
    }
    return true;
}

bool inspect_forgive(struct inspect *inspect, const char *pushkey, struct error *error) {
    char verdict[KEY_SIZE];
    char hold[KEY_SIZE];

    key_verdict(pushkey, verdict);
    key_hold(pushkey, hold);
    const struct slice words[] = {slice_of("DEL"), slice_of(verdict), slice_of(hold)};
    return tell(inspect, words, 3, error);
}

bool inspect_seen(struct inspect *inspect, int64_t seen, int64_t now_ms, bool *out,
                  struct error *error) {
    int64_t generation = key_seen_generation(now_ms);
    char member[NUMBER_SIZE];

    *out = false;
    snprintf(member, sizeof member, "%" PRId64, seen);
    for (int64_t at = generation - 1; at <= generation; at++) {
        redisReply *reply;
        char key[KEY_SIZE];
        key_seen(seen, at, key);
        const struct slice words[] = {slice_of("SISMEMBER"), slice_of(key), slice_of(member)};
        reply = ask(inspect, words, 3, error);
        if (reply == NULL)
            return false;
        *out = *out || reply->integer == 1;
        freeReplyObject(reply);
    }
    return true;
}

/* ---- Gates ---- */

/* The pairs of a hash, as an array of replies. */
static redisReply *hash_of(struct inspect *inspect, const char *key, struct error *error) {
    const struct slice words[] = {slice_of("HGETALL"), slice_of(key)};

    return ask(inspect, words, 2, error);
}

bool inspect_gates(struct inspect *inspect, const char *lane, struct gate_entry **out,
                   size_t *count, struct error *error) {
    char key[KEY_LANE_SIZE];
    redisReply *reply;

    *count = 0;
    key_gates(lane, key);
    reply = hash_of(inspect, key, error);
    if (reply == NULL)
        return false;
    *out = memory_new_array(reply->elements / 2 + 1, sizeof **out);
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        struct gate_entry *entry = &(*out)[*count];
        snprintf(entry->name, sizeof entry->name, "%s", reply->element[i]->str);
        if (gate_entry_read(text_of(reply->element[i + 1]), entry))
            ++*count;
    }
    freeReplyObject(reply);
    return true;
}

bool inspect_write_gate(struct inspect *inspect, const char *lane, const struct gate_entry *entry,
                        struct error *error) {
    struct buffer value = {0};
    char lifetime[NUMBER_SIZE];
    char key[KEY_LANE_SIZE];
    bool success;

    key_gates(lane, key);
    gate_entry_write(entry, &value);
    snprintf(lifetime, sizeof lifetime, "%" PRId64, (int64_t)GATES_LIFETIME_MS);
    const struct slice put[] = {slice_of("HSET"), slice_of(key), slice_of(entry->name),
                                buffer_slice(&value)};
    const struct slice expire[] = {slice_of("PEXPIRE"), slice_of(key), slice_of(lifetime)};
    success = tell(inspect, put, 4, error) && tell(inspect, expire, 3, error);
    buffer_free(&value);
    return success;
}

bool inspect_remove_gate(struct inspect *inspect, const char *lane, const char *name, bool *removed,
                         struct error *error) {
    char key[KEY_LANE_SIZE];
    redisReply *reply;

    key_gates(lane, key);
    const struct slice words[] = {slice_of("HDEL"), slice_of(key), slice_of(name)};
    reply = ask(inspect, words, 3, error);
    if (reply == NULL)
        return false;
    *removed = reply->integer > 0;
    freeReplyObject(reply);
    return true;
}

/* ---- Members ---- */

bool inspect_members(struct inspect *inspect, struct inspect_members *out, struct error *error) {
    redisReply *reply = hash_of(inspect, KEY_MEMBERS, error);

    *out = (struct inspect_members){0};
    if (reply == NULL)
        return false;
    out->list = memory_new_array(reply->elements / 2 + 1, sizeof *out->list);
    for (size_t i = 0; i + 1 < reply->elements; i += 2)
        out->list[out->count++] =
            (struct inspect_member){memory_copy_slice(text_of(reply->element[i])),
                                    memory_copy_slice(text_of(reply->element[i + 1]))};
    freeReplyObject(reply);
    return true;
}

void inspect_members_free(struct inspect_members *members) {
    for (size_t i = 0; i < members->count; i++) {
        free(members->list[i].instance);
        free(members->list[i].status);
    }
    free(members->list);
    *members = (struct inspect_members){0};
}

/* ---- The server ---- */

/* The value of "name:value\r\n" in the text of INFO; empty when it is not there. */
static struct slice info_value(const char *info, const char *name) {
    size_t length = strlen(name);

    for (const char *at = info; (at = strstr(at, name)) != NULL; at += length)
        if ((at == info || at[-1] == '\n') && at[length] == ':')
            return (struct slice){.data = at + length + 1,
                                  .size = strcspn(at + length + 1, "\r\n")};
    return (struct slice){0};
}

static void info_text(const char *info, const char *name, size_t size, char *out) {
    struct slice value = info_value(info, name);

    snprintf(out, size, "%.*s", (int)value.size, value.size == 0 ? "" : value.data);
}

static int64_t info_number(const char *info, const char *name) {
    long long number;

    return slice_to_int64(info_value(info, name), &number) ? number : -1;
}

/* Clouds keep CONFIG to themselves; then it is not known. */
static void read_saves(struct inspect *inspect, struct inspect_server *out) {
    const struct slice words[] = {slice_of("CONFIG"), slice_of("GET"), slice_of("save")};
    redisReply *reply = ask(inspect, words, 3, NULL);

    if (reply == NULL)
        return;
    out->knows_persistence = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
    out->saves = out->knows_persistence && reply->element[1]->len > 0;
    freeReplyObject(reply);
}

bool inspect_server(struct inspect *inspect, struct inspect_server *out, struct error *error) {
    const struct slice words[] = {slice_of("INFO")};
    redisReply *reply = ask(inspect, words, 1, error);

    *out = (struct inspect_server){0};
    if (reply == NULL)
        return false;
    info_text(reply->str, "redis_version", sizeof out->version, out->version);
    info_text(reply->str, "role", sizeof out->role, out->role);
    info_text(reply->str, "maxmemory_policy", sizeof out->policy, out->policy);
    out->used_bytes = info_number(reply->str, "used_memory");
    out->limit_bytes = info_number(reply->str, "maxmemory");
    out->appends = info_number(reply->str, "aof_enabled") == 1;
    freeReplyObject(reply);
    read_saves(inspect, out);
    out->knows_persistence = out->knows_persistence || out->appends;
    return true;
}
