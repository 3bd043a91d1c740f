#include "common/queue/kafka_admin.h"

#include "common/base/memory.h"
#include "common/queue/kafka_client.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DISPOSE_WAIT_MS = 3000 };

struct kafka_admin {
    rd_kafka_t *client;
    rd_kafka_queue_t *results;
    int64_t deadline_ms;
};

static int64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct kafka_admin *kafka_admin_open(const struct queue_config *config, const char *group,
                                     int64_t timeout_ms, struct error *error) {
    static const struct kafka_setting none = {NULL, NULL};
    rd_kafka_conf_t *conf = kafka_conf_new(config, &none, error);
    struct kafka_admin *admin;
    rd_kafka_t *client;

    if (conf == NULL)
        return NULL;
    if (group != NULL)
        kafka_conf_set(conf, "group.id", group);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR);
    client = kafka_client_new(group == NULL ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf, error);
    if (client == NULL) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    admin = memory_new(sizeof *admin);
    admin->client = client;
    admin->results = rd_kafka_queue_new(client);
    admin->deadline_ms = now_ms() + timeout_ms;
    return admin;
}

void kafka_admin_close(struct kafka_admin *admin) {
    if (admin == NULL)
        return;
    rd_kafka_queue_destroy(admin->results);
    kafka_client_dispose(admin->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE, NULL,
                         DISPOSE_WAIT_MS);
    free(admin);
}

rd_kafka_t *kafka_admin_client(const struct kafka_admin *admin) {
    return admin->client;
}

int64_t kafka_admin_remaining_ms(const struct kafka_admin *admin) {
    int64_t rest_ms = admin->deadline_ms - now_ms();

    return rest_ms < 1 ? 1 : rest_ms;
}

/* What the library has to say about its connections tells more than "timed out". */
static bool fail(struct kafka_admin *admin, rd_kafka_resp_err_t code, const char *what,
                 const char *text, struct error *error) {
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(admin->client);
    rd_kafka_event_t *event;
    char reason[300] = "";

    while ((event = rd_kafka_queue_poll(queue, 0)) != NULL) {
        const char *said = rd_kafka_event_error_string(event);
        rd_kafka_resp_err_t kind = rd_kafka_event_error(event);
        if (kind != RD_KAFKA_RESP_ERR_NO_ERROR && kind != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
            strncpy(reason, said == NULL ? "" : said, sizeof reason - 1);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    return kafka_error_set(error, code, "%s: %s%s%s", what, text, reason[0] == '\0' ? "" : "; ",
                           reason);
}

const struct rd_kafka_metadata *kafka_admin_metadata(struct kafka_admin *admin,
                                                     struct error *error) {
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(admin->client, 1, NULL, &metadata, (int)kafka_admin_remaining_ms(admin));

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return metadata;
    fail(admin, code, "the brokers do not answer", rd_kafka_err2str(code), error);
    return NULL;
}

bool kafka_admin_has_controller(const struct kafka_admin *admin,
                                const struct rd_kafka_metadata *metadata) {
    int32_t controller = rd_kafka_controllerid(admin->client, 0);

    for (int i = 0; i < metadata->broker_cnt; i++) {
        if (metadata->brokers[i].id == controller)
            return true;
    }
    return false;
}

const struct rd_kafka_metadata_topic *kafka_admin_topic(const struct rd_kafka_metadata *metadata,
                                                        const char *name) {
    for (int i = 0; i < metadata->topic_cnt; i++) {
        if (strcmp(metadata->topics[i].topic, name) == 0)
            return metadata->topics[i].partition_cnt > 0 ? &metadata->topics[i] : NULL;
    }
    return NULL;
}

/* The time-out of the request, and of the brokers' work on it. */
static rd_kafka_AdminOptions_t *options_new(struct kafka_admin *admin, rd_kafka_admin_op_t what) {
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(admin->client, what);
    int timeout_ms = (int)kafka_admin_remaining_ms(admin);
    char reason[200];

    rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, reason, sizeof reason);
    if (what == RD_KAFKA_ADMIN_OP_CREATETOPICS)
        rd_kafka_AdminOptions_set_operation_timeout(options, timeout_ms, reason, sizeof reason);
    return options;
}

static rd_kafka_event_t *await(struct kafka_admin *admin, const char *what, struct error *error) {
    rd_kafka_event_t *event =
        rd_kafka_queue_poll(admin->results, (int)kafka_admin_remaining_ms(admin) + 1000);
    rd_kafka_resp_err_t code =
        event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return event;
    fail(admin, code, what,
         event == NULL ? rd_kafka_err2str(code) : rd_kafka_event_error_string(event), error);
    if (event != NULL)
        rd_kafka_event_destroy(event);
    return NULL;
}

rd_kafka_event_t *kafka_admin_describe(struct kafka_admin *admin, const char *const *topics,
                                       size_t count, struct error *error) {
    rd_kafka_ConfigResource_t **resources = memory_new_array(count, sizeof(void *));
    rd_kafka_AdminOptions_t *options = options_new(admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);

    for (size_t i = 0; i < count; i++)
        resources[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics[i]);
    rd_kafka_DescribeConfigs(admin->client, resources, count, options, admin->results);
    rd_kafka_ConfigResource_destroy_array(resources, count);
    rd_kafka_AdminOptions_destroy(options);
    free(resources);
    return await(admin, "the brokers do not describe the topics", error);
}

rd_kafka_event_t *kafka_admin_create_take(struct kafka_admin *admin, rd_kafka_NewTopic_t **topics,
                                          size_t count, struct error *error) {
    rd_kafka_AdminOptions_t *options = options_new(admin, RD_KAFKA_ADMIN_OP_CREATETOPICS);

    rd_kafka_CreateTopics(admin->client, topics, count, options, admin->results);
    rd_kafka_NewTopic_destroy_array(topics, count);
    rd_kafka_AdminOptions_destroy(options);
    return await(admin, "the brokers do not make the topics", error);
}
