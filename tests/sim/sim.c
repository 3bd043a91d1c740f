/* columba-sim: a fleet of dispatchers, Kafka, Redis and a provider in one process, in virtual time,
 * from one seed. It plays load and faults against the real core and checks the first two promises:
 * what was accepted reaches its phone or its pushkey is dead, and no commit passes a push without
 * an outcome. A seed that breaks a promise is printed; `columba-sim --seed N --trace` shows it
 * again. */
#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/push/record.h"
#include "dispatcher/instruments.h"
#include "dispatcher/lane.h"
#include "tests/sim/world.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    NODES = 3,
    PARTITIONS = 6,
    LOAD_MS = 600 * 1000,
    QUIET_MS = 3600 * 1000, /* several rounds of the longest delay */
    PUSHES = 3000,
};

static const char topic[] = "columba.push.fcm";

struct node {
    struct process process;
    char instance[16];
    struct lane_parts parts;
    struct lane *lane;
    struct event *restart;
    struct sim *sim;
};

struct sim {
    struct world world;
    struct config *config;
    struct node nodes[NODES];
};

static const char *const met_names[MET_COUNT] = {
    [MET_CRASH] = "dispatcher killed",
    [MET_LEAVE] = "dispatcher stopped",
    [MET_ZOMBIE] = "member expelled while alive",
    [MET_REDIS_AWAY] = "Redis away",
    [MET_REDIS_FLUSHED] = "Redis flushed",
    [MET_PROVIDER_DOWN] = "provider unreachable",
    [MET_BROKER_REFUSES] = "queue takes nothing",
    [MET_ANSWER_LOST] = "answer lost",
    [MET_UNSENT] = "request not sent",
    [MET_REFUSED_5XX] = "503",
    [MET_STALE_TOKEN] = "401",
    [MET_ACK_LOST] = "acknowledgement lost",
    [MET_LATE_COMMIT] = "commit refused",
};

/* ---- The fleet ---- */

static void node_failed(void *context, const struct error *error) {
    struct node *node = context;

    world_broken(node->process.world, "a consumer failed: %s", error->text);
}

static void node_start(void *context) {
    struct node *node = context;
    struct sim *sim = node->sim;
    struct error error = {0};

    node->restart = NULL;
    node->process.loop = world_loop_new(&node->process);
    node->parts = (struct lane_parts){.loop = node->process.loop, .config = sim->config};
    snprintf(node->instance, sizeof node->instance, "node-%d", node->process.number);
    node->parts.instance = node->instance;
    node->parts.metrics = metrics_new(dispatcher_metrics, DISPATCHER_METRIC_COUNT);
    node->parts.producer = queue_producer_open(node->process.loop, &sim->config->queue, &error);
    node->parts.state = state_open(node->process.loop, &sim->config->redis, &error);
    node->parts.sender = sender_open(node->process.loop, &sim->config->dispatcher, &error);
    node->parts.credentials = credentials_new(node->process.loop, node->parts.sender);
    node->lane = lane_open("fcm", &node->parts, node_failed, node, &error);
    world_trace(&sim->world, "dispatcher %d starts", node->process.number);
}

static void node_stop(struct node *node) {
    world_forget(node->process.world, &node->process);
    credentials_free(node->parts.credentials);
    sender_close(node->parts.sender);
    state_close(node->parts.state);
    queue_producer_close(node->parts.producer);
    lane_close(node->lane);
    metrics_free(node->parts.metrics);
    loop_free(node->process.loop);
    node->lane = NULL;
}

static void restart_later(struct node *node) {
    struct world *world = node->process.world;

    node->restart =
        world_schedule(world, NULL, 1000 + (int64_t)world_random(world, 20000), node_start, node);
}

/* Outside the callback that told us: what it came from is freed here. */
static void node_stopped(void *context) {
    struct node *node = context;

    world_trace(node->process.world, "dispatcher %d has left", node->process.number);
    node_stop(node);
    restart_later(node);
}

static void node_drained(void *context) {
    struct node *node = context;

    world_schedule(node->process.world, NULL, 0, node_stopped, node);
}

static void crash(struct node *node) {
    struct world *world = node->process.world;

    world_trace(world, "dispatcher %d is killed", node->process.number);
    world_excuse(world);
    broker_process_died(world->broker, &node->process);
    node_stop(node);
    restart_later(node);
}

/* ---- The load ---- */

static void accept_push(struct sim *sim, size_t number) {
    struct buffer key = {0};
    struct buffer value = {0};
    char pushkey[32];

    snprintf(pushkey, sizeof pushkey, "key%zu", number * 7919 % WORLD_PUSHKEYS);
    record_key_write(slice_of("app"), slice_of(pushkey), &key);
    buffer_append_format(&value,
                         "{\"notification\":{\"event_id\":\"$%zu\",\"room_id\":\"!room\","
                         "\"devices\":[{\"app_id\":\"app\",\"pushkey\":\"%s\",\"pushkey_ts\":1}]}}",
                         number, pushkey);
    broker_accept(sim->world.broker, topic, number, buffer_slice(&key), buffer_slice(&value));
    buffer_free(&key);
    buffer_free(&value);
}

static void load(void *context) {
    struct sim *sim = context;
    struct world *world = &sim->world;

    if (world->push_count > 0 && world_chance(world, 3))
        accept_push(sim, (size_t)world_random(world, world->push_count));
    accept_push(sim, world->push_count++);
    if (world->push_count < PUSHES)
        world_schedule(world, NULL, (int64_t)world_random(world, 2 * LOAD_MS / PUSHES), load, sim);
}

/* ---- The faults ---- */

static void redis_returns(void *context) {
    struct world *world = context;

    world_trace(world, "Redis is back");
    world_excuse(world);
    world->redis_away = false;
}

static void provider_returns(void *context) {
    struct world *world = context;

    world_trace(world, "the provider is back");
    world->provider_down = false;
}

static void broker_accepts(void *context) {
    struct world *world = context;

    world_trace(world, "the queue takes again");
    world->broker_refuses = false;
}

static void for_a_while(struct world *world, enum met met, bool *flag, loop_callback *end) {
    world->met[met]++;
    world_trace(world, "%s", met_names[met]);
    *flag = true;
    world_schedule(world, NULL, 500 + (int64_t)world_random(world, 40000), end, world);
}

static void disturb_node(struct sim *sim, enum met met) {
    struct world *world = &sim->world;
    struct node *node = &sim->nodes[world_random(world, NODES)];

    if (node->lane == NULL)
        return;
    if (met == MET_CRASH) {
        crash(node);
    } else if (met == MET_LEAVE) {
        lane_drain(node->lane, node_drained, node);
    } else {
        world_excuse(world);
        if (!broker_expel(world->broker, &node->process))
            return;
        world_trace(world, "dispatcher %d is expelled", node->process.number);
    }
    world->met[met]++;
}

static void disturb(void *context) {
    struct sim *sim = context;
    struct world *world = &sim->world;
    enum met met = (enum met)world_random(world, MET_BROKER_REFUSES + 1);

    if (!world->faults)
        return;
    if (met <= MET_ZOMBIE) {
        disturb_node(sim, met);
    } else if (met == MET_REDIS_AWAY && !world->redis_away) {
        world_excuse(world);
        for_a_while(world, met, &world->redis_away, redis_returns);
    } else if (met == MET_REDIS_FLUSHED) {
        world->met[met]++;
        for (size_t i = 0; i < world->push_count; i++)
            world->pushes[i].excused = true;
        redis_reset();
    } else if (met == MET_PROVIDER_DOWN && !world->provider_down) {
        for_a_while(world, met, &world->provider_down, provider_returns);
    } else if (met == MET_BROKER_REFUSES && !world->broker_refuses) {
        for_a_while(world, met, &world->broker_refuses, broker_accepts);
    }
    world_schedule(world, NULL, 500 + (int64_t)world_random(world, 20000), disturb, sim);
}

/* ---- One seed ---- */

static void show_lanes(struct sim *sim) {
    struct buffer status = {0};

    for (int i = 0; i < NODES; i++) {
        buffer_clear(&status);
        if (sim->nodes[i].lane != NULL)
            lane_write_status(sim->nodes[i].lane, &status);
        world_trace(&sim->world, "dispatcher %d: %s", i, buffer_text(&status));
    }
    buffer_free(&status);
}

static void check_end(struct sim *sim, size_t *again) {
    struct world *world = &sim->world;

    if (broker_backlog(world->broker) > 0) {
        world_broken(world, "%zu records are left an hour after the last fault",
                     broker_backlog(world->broker));
        show_lanes(sim);
    }
    for (size_t i = 0; i < world->push_count; i++) {
        const struct push *push = &world->pushes[i];
        bool is_dead = world->dead_pushkeys[i * 7919 % WORLD_PUSHKEYS];
        if (push->delivered == 0 && !is_dead)
            world_broken(world, "push %zu was accepted and is lost", i);
        if (push->is_dead_letter)
            world_broken(world, "push %zu is a dead letter", i);
        *again += push->delivered > 1 ? (size_t)push->delivered - 1 : 0;
    }
}

static size_t play(struct config *config, uint64_t seed, bool trace, size_t met[MET_COUNT],
                   size_t *again) {
    struct sim *sim = memory_new(sizeof *sim);
    struct world *world = &sim->world;

    sim->config = config;
    world->seed = world->random_state = seed;
    world->trace = trace;
    world->faults = true;
    world->now_ms = 1700000000000;
    world->broker = broker_new(world, "columba.", PARTITIONS);
    for (size_t i = 0; i < WORLD_PUSHKEYS; i++)
        world->dead_pushkeys[i] = world_chance(world, 5);
    for (int i = 0; i < NODES; i++) {
        struct node *node = &sim->nodes[i];
        node->sim = sim;
        node->process = (struct process){
            .world = world, .number = i, .skew_ms = (i - 1) * (int64_t)3600 * 1000};
        node_start(node);
    }
    world_schedule(world, NULL, 1000, load, sim);
    world_schedule(world, NULL, 5000, disturb, sim);
    world_run_until(world, world->now_ms + LOAD_MS);
    world->faults = false;
    world_run_until(world, world->now_ms + QUIET_MS);
    check_end(sim, again);
    for (int i = 0; i < NODES; i++)
        if (sim->nodes[i].lane != NULL)
            node_stop(&sim->nodes[i]);
    world_end(world);
    broker_free(world->broker);
    redis_reset();
    for (size_t i = 0; i < MET_COUNT; i++)
        met[i] += world->met[i];
    size_t broken = world->broken_promises;
    free(sim);
    return broken;
}

/* ---- The program ---- */

static bool write_key_file(const char *path) {
    EVP_PKEY *key = EVP_RSA_gen(2048);
    BIO *memory = BIO_new(BIO_s_mem());
    struct buffer json = {0};
    char *pem = NULL;
    FILE *file = fopen(path, "w");

    PEM_write_bio_PKCS8PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL);
    long size = BIO_get_mem_data(memory, &pem);
    buffer_append_text(&json, "{\"type\":\"service_account\",\"project_id\":\"demo\","
                              "\"private_key_id\":\"1\",\"client_email\":\"a@b\","
                              "\"token_uri\":\"https://token.invalid/token\",\"private_key\":\"");
    buffer_append_json_escaped(&json, (struct slice){.data = pem, .size = (size_t)size});
    buffer_append_text(&json, "\"}");
    bool written = file != NULL && fwrite(json.data, 1, json.size, file) == json.size;
    if (file != NULL)
        written = fclose(file) == 0 && written;
    buffer_free(&json);
    BIO_free(memory);
    EVP_PKEY_free(key);
    return written;
}

static struct config *make_config(const char *key_path, struct error *error) {
    struct buffer yaml = {0};

    buffer_append_format(&yaml,
                         "queue: {brokers: 'sim:1'}\n"
                         "dispatcher: {in_flight: 64, request_timeout: 30s, drain_timeout: 3s}\n"
                         "apps:\n"
                         "  app: {type: fcm, project_id: demo, service_account_file: %s}\n",
                         key_path);
    struct config *config = config_parse("sim", buffer_slice(&yaml), error);
    buffer_free(&yaml);
    return config;
}

struct options {
    uint64_t first_seed;
    uint64_t seed_count;
    double minutes; /* of real time, 0: by count */
    bool trace;
};

static bool read_options(int argc, char **argv, struct options *out) {
    *out = (struct options){.first_seed = 1, .seed_count = 20};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--trace") == 0)
            out->trace = true;
        else if (strcmp(argv[i], "--seed") == 0)
            *out = (struct options){strtoull(value, NULL, 10), 1, 0, out->trace}, i++;
        else if (strcmp(argv[i], "--seeds") == 0)
            out->seed_count = strtoull(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--minutes") == 0)
            out->minutes = strtod(value, NULL), i++;
        else
            return false;
    }
    return true;
}

static int play_all(struct config *config, const struct options *options) {
    size_t met[MET_COUNT] = {0};
    size_t again = 0;
    size_t played = 0;
    size_t failed = 0;
    time_t end = time(NULL) + (time_t)(options->minutes * 60);

    for (uint64_t i = 0; options->minutes > 0 ? time(NULL) < end : i < options->seed_count; i++) {
        uint64_t seed = options->first_seed + i;
        played++;
        if (play(config, seed, options->trace, met, &again) > 0) {
            failed++;
            printf("seed %llu breaks a promise; again with: columba-sim --seed %llu --trace\n",
                   (unsigned long long)seed, (unsigned long long)seed);
        }
    }
    printf("%zu seeds, %zu broken, %zu pushes, %zu second deliveries (each with a cause)\n", played,
           failed, played * PUSHES, again);
    bool all_met = true;
    for (size_t i = 0; i < MET_COUNT; i++) {
        printf("%8zu  %s\n", met[i], met_names[i]);
        all_met = all_met && met[i] > 0;
    }
    if (!all_met && played >= 20)
        printf("a fault that is never met proves nothing\n");
    return failed > 0 || (!all_met && played >= 20) ? 1 : 0;
}

int main(int argc, char **argv) {
    struct options options;
    struct error error = {0};
    char key_path[] = "/tmp/columba-sim-key-XXXXXX";
    int status = 2;

    if (!read_options(argc, argv, &options)) {
        fprintf(stderr, "columba-sim [--seed N] [--seeds COUNT] [--minutes N] [--trace]\n");
        return status;
    }
    int descriptor = mkstemp(key_path);
    int null = open("/dev/null", O_WRONLY);
    if (descriptor >= 0 && null >= 0 && write_key_file(key_path)) {
        struct config *config = make_config(key_path, &error);
        /* The core says every fault aloud; here they are meant. */
        if (!options.trace)
            dup2(null, STDERR_FILENO);
        if (config != NULL)
            status = play_all(config, &options);
        else
            printf("%s\n", error.text);
        config_release(config);
    }
    unlink(key_path);
    return status;
}
