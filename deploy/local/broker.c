/* columba-broker: librdkafka's mock cluster as a process of its own, so that Columba can be tried
 * out without Java and without a disk. */
#include "common/base/address.h"
#include "common/base/log.h"
#include "common/base/loop_ev.h"
#include "deploy/local/forward.h"
#include "deploy/local/plan.h"
#include "deploy/local/watch.h"

#include <getopt.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "Usage: columba-broker --config FILE [--port PORT]\n"
    "       columba-broker --topics NAME,... [--partitions N] [--port PORT]\n"
    "\n"
    "A broker for trying Columba out: it keeps everything in memory, 5 MiB or 100,000 batches a\n"
    "partition, then drops the oldest silently (it warns before). Nothing survives its end.\n"
    "Groups need session.timeout.ms between 4000 and 6000.\n"
    "\n"
    "  --config FILE    make the topics of this columba.yaml, on the port of its queue.brokers\n"
    "  --topics LIST    make these topics instead\n"
    "  --partitions N   of each of them (default 4)\n"
    "  --port PORT      where clients bootstrap, on 127.0.0.1; 0 takes a free one (default 9092)\n"
    "\n"
    "Prints one line of JSON when it can be used: {\"event\":\"ready\",\"port\":PORT}\n"
    "SIGTERM and SIGINT end it. Exit codes: 0 ended, 1 could not start, 2 wrong usage.\n";

enum exit_code { EXIT_ENDED = 0, EXIT_NO_START = 1, EXIT_WRONG_USAGE = 2 };

enum { DEFAULT_PARTITIONS = 4, DEFAULT_PORT = 9092 };

struct options {
    const char *config_path;
    const char *topics;
    long long partitions;
    long long port; /* -1 when not given */
    bool help;
};

struct broker {
    struct loop *loop;
    rd_kafka_t *client;
    rd_kafka_mock_cluster_t *cluster;
    struct forward *forward;
    struct watch *watches[PLAN_GROUP_LIMIT];
    size_t watch_count;
};

static bool parse_options(int argc, char **argv, struct options *out) {
    static const struct option table[] = {
        {"config", required_argument, NULL, 'c'},
        {"topics", required_argument, NULL, 't'},
        {"partitions", required_argument, NULL, 'n'},
        {"port", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    bool valid = true;
    int option;

    *out = (struct options){.partitions = DEFAULT_PARTITIONS, .port = -1};
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (option == 'c')
            out->config_path = optarg;
        else if (option == 't')
            out->topics = optarg;
        else if (option == 'n')
            valid = valid && slice_to_int64(slice_of(optarg), &out->partitions);
        else if (option == 'p')
            valid = valid && slice_to_int64(slice_of(optarg), &out->port);
        else if (option == 'h')
            out->help = true;
        else
            valid = false;
    }
    return out->help ||
           (valid && optind == argc && (out->config_path == NULL) != (out->topics == NULL) &&
            out->partitions > 0 && out->partitions <= 1000 && out->port >= -1 &&
            out->port <= 65535);
}

/* The topics and, unless the options name it, the port. */
static struct plan *make_plan(const struct options *options, int *port, struct error *error) {
    struct plan *plan = NULL;
    struct config *config;
    char host[256];

    *port = options->port < 0 ? DEFAULT_PORT : (int)options->port;
    if (options->topics != NULL)
        return plan_of_list(options->topics, (int)options->partitions, error);
    config = config_load_without_keys(options->config_path, error);
    if (config == NULL)
        return NULL;
    if (options->port >= 0 || address_split(config->queue.brokers, host, sizeof host, port))
        plan = plan_of_config(config);
    else
        error_set(error, ERROR_CONFIG,
                  "%s: queue.brokers must be one host:port for this broker, or give --port",
                  options->config_path);
    config_release(config);
    return plan;
}

/* The cluster lives in a client handle that is used for nothing else. */
static bool start_cluster(struct broker *broker, const struct plan *plan, struct error *error) {
    char reason[256] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    rd_kafka_conf_set(conf, "log_level", "3", NULL, 0);
    broker->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (broker->client == NULL) {
        rd_kafka_conf_destroy(conf);
        return error_set(error, ERROR_SYSTEM, "cannot start the mock cluster: %s", reason);
    }
    broker->cluster = rd_kafka_mock_cluster_new(broker->client, 1);
    if (broker->cluster == NULL)
        return error_set(error, ERROR_SYSTEM, "cannot start the mock cluster");
    for (size_t g = 0; g < plan->group_count; g++)
        for (size_t t = 0; t < plan->groups[g].topic_count; t++) {
            const char *topic = plan->groups[g].topics[t];
            rd_kafka_resp_err_t failure =
                rd_kafka_mock_topic_create(broker->cluster, topic, plan->partitions, 1);
            if (failure != RD_KAFKA_RESP_ERR_NO_ERROR)
                return error_set(error, ERROR_CONFIG, "cannot make the topic %s: %s", topic,
                                 rd_kafka_err2str(failure));
        }
    return true;
}

static bool open_to_clients(struct broker *broker, int port, struct error *error) {
    const char *address = rd_kafka_mock_cluster_bootstraps(broker->cluster);
    char host[256];
    int target;

    if (!address_split(address, host, sizeof host, &target))
        return error_set(error, ERROR_SYSTEM, "the mock cluster listens on %s, which is no address",
                         address);
    broker->forward = forward_open(broker->loop, port, target, error);
    return broker->forward != NULL;
}

static bool watch_partitions(struct broker *broker, const struct plan *plan, struct error *error) {
    const char *address = rd_kafka_mock_cluster_bootstraps(broker->cluster);

    for (size_t i = 0; i < plan->group_count; i++) {
        struct watch *watch =
            watch_open(broker->loop, address, &plan->groups[i], plan->partitions, error);
        if (watch == NULL)
            return false;
        broker->watches[broker->watch_count++] = watch;
    }
    return true;
}

static void stop(void *context) {
    loop_stop(context);
}

static void say_ready(const struct broker *broker) {
    log_warning("for_trying_out_only",
                log_text("text", "Everything is in memory, 5 MiB or 100,000 batches a partition; "
                                 "nothing survives the end of this process."));
    printf("{\"event\":\"ready\",\"port\":%d}\n", forward_port(broker->forward));
    fflush(stdout);
}

static void broker_close(struct broker *broker) {
    for (size_t i = 0; i < broker->watch_count; i++)
        watch_close(broker->watches[i]);
    forward_close(broker->forward);
    if (broker->cluster != NULL)
        rd_kafka_mock_cluster_destroy(broker->cluster);
    if (broker->client != NULL)
        rd_kafka_destroy(broker->client);
    loop_free(broker->loop);
}

int main(int argc, char **argv) {
    struct broker broker = {0};
    int exit_code = EXIT_NO_START;
    struct options options;
    struct plan *plan = NULL;
    struct error error;
    int port;

    log_open("columba-broker", LOG_LEVEL_INFO);
    if (!parse_options(argc, argv, &options)) {
        fputs(usage, stderr);
        return EXIT_WRONG_USAGE;
    }
    if (options.help) {
        fputs(usage, stdout);
        return EXIT_ENDED;
    }
    broker.loop = loop_new();
    loop_on_signal(broker.loop, SIGTERM, stop, broker.loop);
    loop_on_signal(broker.loop, SIGINT, stop, broker.loop);
    plan = make_plan(&options, &port, &error);
    if (plan == NULL || !start_cluster(&broker, plan, &error) ||
        !open_to_clients(&broker, port, &error) || !watch_partitions(&broker, plan, &error)) {
        log_error("start_failed", log_text("text", error.text));
        goto out;
    }
    say_ready(&broker);
    loop_run(broker.loop);
    exit_code = EXIT_ENDED;
out:
    broker_close(&broker);
    free(plan);
    return exit_code;
}
