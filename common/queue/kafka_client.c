#include "common/queue/kafka_client.h"

#include "common/base/log.h"
#include "common/base/memory.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct kafka_setting common_settings[] = {
    {"client.id", "columba"},
    {"allow.auto.create.topics", "false"},
    {"log.queue", "true"},
    {"log.connection.close", "false"},
    /* A frozen broker stalls its partitions for as long as this. */
    {"socket.timeout.ms", "10000"},
    {"socket.keepalive.enable", "true"},
    {"socket.nagle.disable", "true"},
    {"reconnect.backoff.max.ms", "1000"},
    {NULL, NULL},
};

/* The promises hang on these, or another option says the same. */
static const struct {
    const char *name;
    const char *reason;
} reserved[] = {
    {"bootstrap.servers", "is the option queue.brokers"},
    {"metadata.broker.list", "is the option queue.brokers"},
    {"message.timeout.ms", "is the option queue.ack_timeout"},
    {"delivery.timeout.ms", "is the option queue.ack_timeout"},
    {"acks", "is always all: an answer of 200 means that the push is safe"},
    {"request.required.acks", "is always all: an answer of 200 means that the push is safe"},
    {"enable.idempotence", "is always on: a repeated request must not double a push"},
    {"delivery.report.only.error", "is always off: an answer of 200 waits for the report"},
    {"transactional.id", "cannot be used: Columba needs no transactions"},
    {"partitioner", "is always murmur2_random: a pushkey keeps its partition in every topic"},
    {"allow.auto.create.topics", "is always off: columbactl topics create makes the topics"},
    {"group.instance.id", "cannot be used: two members of that name would fence each other off"},
    {"group.id", "is made of queue.prefix and the lane"},
    {"enable.auto.commit", "is always off: an offset is committed when its outcome is durable"},
    {"auto.commit.enable", "is always off: an offset is committed when its outcome is durable"},
    {"enable.auto.offset.store", "is always off: Columba keeps its own ledger"},
    {"auto.offset.reset", "is always error: Columba finds out itself where to go on"},
    {"partition.assignment.strategy", "is always range: all members of a group must agree"},
    {"enable.partition.eof", "is always off"},
    {"log.queue", "is always on"},
};

static bool set_property(rd_kafka_conf_t *conf, const struct property *property,
                         struct error *error) {
    char reason[300];

    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (strcmp(reserved[i].name, property->name) == 0)
            return error_set(error, ERROR_CONFIG, "queue.properties.%s: %s", property->name,
                             reserved[i].reason);
    }
    if (rd_kafka_conf_set(conf, property->name, property->value, reason, sizeof reason) !=
        RD_KAFKA_CONF_OK)
        return error_set(error, ERROR_CONFIG, "queue.properties.%s: %s", property->name, reason);
    return true;
}

void kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char reason[300];

    if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK) {
        log_error("kafka_setting_refused", log_text("setting", name), log_text("reason", reason));
        abort();
    }
}

static void set_all(rd_kafka_conf_t *conf, const struct kafka_setting *settings) {
    for (; settings->name != NULL; settings++)
        kafka_conf_set(conf, settings->name, settings->value);
}

rd_kafka_conf_t *kafka_conf_new(const struct queue_config *config,
                                const struct kafka_setting *settings, struct error *error) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[300];

    set_all(conf, common_settings);
    set_all(conf, settings);
    if (rd_kafka_conf_set(conf, "bootstrap.servers", config->brokers, reason, sizeof reason) !=
        RD_KAFKA_CONF_OK) {
        error_set(error, ERROR_CONFIG, "queue.brokers: %s", reason);
        goto failed;
    }
    for (size_t i = 0; i < config->properties.count; i++) {
        if (!set_property(conf, &config->properties.items[i], error))
            goto failed;
    }
    return conf;
failed:
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_t *kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *error) {
    char reason[300];
    rd_kafka_t *client = rd_kafka_new(type, conf, reason, sizeof reason);

    if (client == NULL)
        error_set(error, ERROR_CONFIG, "queue: %s", reason);
    return client;
}

bool kafka_client_subscribe(rd_kafka_t *client, const char *const *topics, size_t count,
                            struct error *error) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    rd_kafka_resp_err_t code;

    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, topics[i], RD_KAFKA_PARTITION_UA);
    code = rd_kafka_subscribe(client, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return kafka_error_set(error, code, "cannot subscribe: %s", rd_kafka_err2str(code));
    return true;
}

struct disposal {
    rd_kafka_t *client;
    int flags;
    void *owned;
};

static void *dispose(void *context) {
    struct disposal *disposal = context;

    rd_kafka_destroy_flags(disposal->client, disposal->flags);
    free(disposal->owned);
    free(disposal);
    return NULL;
}

void kafka_client_dispose(rd_kafka_t *client, int flags, void *owned, int64_t wait_ms) {
    struct disposal *disposal = memory_new(sizeof *disposal);
    struct timespec until;
    pthread_t thread;

    *disposal = (struct disposal){.client = client, .flags = flags, .owned = owned};
    if (pthread_create(&thread, NULL, dispose, disposal) != 0) {
        dispose(disposal);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    if (wait_ms <= 0 || pthread_timedjoin_np(thread, NULL, &until) != 0)
        pthread_detach(thread);
}

static enum error_code code_of(rd_kafka_resp_err_t code) {
    static const struct {
        rd_kafka_resp_err_t theirs;
        enum error_code ours;
    } codes[] = {
        {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, ERROR_TIMEOUT},
        {RD_KAFKA_RESP_ERR__TIMED_OUT, ERROR_TIMEOUT},
        {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, ERROR_TIMEOUT},
        {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, ERROR_TIMEOUT},
        {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, ERROR_NOT_FOUND},
        {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, ERROR_NOT_FOUND},
        {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ERROR_NOT_FOUND},
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ERROR_TOO_LARGE},
        {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, ERROR_TOO_LARGE},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ERROR_REFUSED},
        {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ERROR_REFUSED},
        {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, ERROR_REFUSED},
        {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, ERROR_REFUSED},
        {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, ERROR_REFUSED},
        {RD_KAFKA_RESP_ERR_INVALID_RECORD, ERROR_REFUSED},
    };

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].theirs == code)
            return codes[i].ours;
    }
    return ERROR_UNAVAILABLE;
}

bool kafka_error_set(struct error *error, rd_kafka_resp_err_t code, const char *format, ...) {
    va_list arguments;
    char text[sizeof error->text];

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return error_set(error, code_of(code), "%s", text);
}
