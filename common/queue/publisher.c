#include "common/queue/publisher.h"

#include "common/base/memory.h"
#include "common/queue/kafka_client.h"

#include <stdio.h>
#include <stdlib.h>

enum { DISPOSE_WAIT_MS = 3000 };

static const struct kafka_setting publisher_settings[] = {
    {"acks", "all"},
    {"enable.idempotence", "true"},
    {"partitioner", "murmur2_random"},
    {"linger.ms", "1"},
    {NULL, NULL},
};

struct publisher {
    rd_kafka_t *client;
    rd_kafka_resp_err_t failure; /* the first since the last flush */
};

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *context) {
    struct publisher *publisher = context;

    (void)client;
    if (publisher->failure == RD_KAFKA_RESP_ERR_NO_ERROR)
        publisher->failure = message->err;
}

struct publisher *publisher_open(const struct queue_config *config, struct error *error) {
    rd_kafka_conf_t *conf = kafka_conf_new(config, publisher_settings, error);
    struct publisher *publisher;
    char timeout[24];

    if (conf == NULL)
        return NULL;
    publisher = memory_new(sizeof *publisher);
    snprintf(timeout, sizeof timeout, "%lld", (long long)config->ack_timeout_ms);
    kafka_conf_set(conf, "message.timeout.ms", timeout);
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_conf_set_opaque(conf, publisher);
    publisher->client = kafka_client_new(RD_KAFKA_PRODUCER, conf, error);
    if (publisher->client != NULL)
        return publisher;
    rd_kafka_conf_destroy(conf);
    free(publisher);
    return NULL;
}

void publisher_close(struct publisher *publisher) {
    if (publisher == NULL)
        return;
    rd_kafka_purge(publisher->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    kafka_client_dispose(publisher->client, 0, publisher, DISPOSE_WAIT_MS);
}

bool publisher_send(struct publisher *publisher, const struct queue_message *message,
                    struct error *error) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(message->header_count);
    rd_kafka_resp_err_t code;

    for (size_t i = 0; i < message->header_count; i++)
        rd_kafka_header_add(headers, message->headers[i].name, -1, message->headers[i].value.data,
                            (ssize_t)message->headers[i].value.size);
    code = rd_kafka_producev(
        publisher->client, RD_KAFKA_V_TOPIC(message->topic),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(message->key.data, message->key.size),
        RD_KAFKA_V_VALUE((void *)(intptr_t)message->value.data, message->value.size),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    rd_kafka_poll(publisher->client, 0);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    rd_kafka_headers_destroy(headers);
    return kafka_error_set(error, code, "%s cannot be written to: %s", message->topic,
                           rd_kafka_err2str(code));
}

bool publisher_send_copy(struct publisher *publisher, const struct queue_record *record,
                         const char *topic, const struct record_meta *meta, struct error *error) {
    struct record_scratch scratch;
    size_t count = 0;
    struct header *headers =
        record_copy_headers(meta, &scratch, record->headers, record->header_count, &count);
    const struct queue_message message = {topic, record->key, record->value, headers, count};
    bool success = publisher_send(publisher, &message, error);

    free(headers);
    return success;
}

bool publisher_flush(struct publisher *publisher, int64_t timeout_ms, struct error *error) {
    rd_kafka_resp_err_t code = rd_kafka_flush(publisher->client, (int)timeout_ms);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = publisher->failure;
    publisher->failure = RD_KAFKA_RESP_ERR_NO_ERROR;
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           kafka_error_set(error, code, "the brokers do not acknowledge: %s",
                           rd_kafka_err2str(code));
}
