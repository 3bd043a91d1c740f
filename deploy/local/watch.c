#include "deploy/local/watch.h"

#include "common/base/log.h"
#include "common/base/memory.h"
#include "deploy/local/fill.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

enum {
    READ_INTERVAL_MS = 250,
    READ_LIMIT = 20000, /* records a turn, so that the loop comes to its other work */
    JUDGE_EVERY_TURNS = 4,
    COMMITTED_TIMEOUT_MS = 1000,
};

struct watched {
    struct fill fill;
    enum fill_stage stage;
    int64_t read_to_offset;
};

struct watch {
    struct timer *timer;
    rd_kafka_t *consumer;
    rd_kafka_topic_partition_list_t *partitions;
    struct watched *watched; /* one for each of partitions, in its order */
    int partitions_per_topic;
    bool has_group;
    unsigned turn;
};

static rd_kafka_t *consumer_open(const char *brokers, const char *group, struct error *error) {
    const struct {
        const char *name;
        const char *value;
    } settings[] = {
        {"bootstrap.servers", brokers},
        {"group.id", *group == '\0' ? "columba-broker" : group},
        {"enable.auto.commit", "false"},
        {"auto.offset.reset", "earliest"},
        {"queued.max.messages.kbytes", "16384"},
        {"log_level", "3"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *consumer = NULL;
    char reason[256];

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (rd_kafka_conf_set(conf, settings[i].name, settings[i].value, reason, sizeof reason) !=
            RD_KAFKA_CONF_OK)
            goto out;
    consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    if (consumer == NULL)
        goto out;
    rd_kafka_poll_set_consumer(consumer);
    return consumer;
out:
    rd_kafka_conf_destroy(conf);
    error_set(error, ERROR_SYSTEM, "cannot watch the partitions: %s", reason);
    return NULL;
}

/* Where the record's partition stands in the list: topics keep their order, partitions count up. */
static struct watched *watched_of(const struct watch *watch, const rd_kafka_message_t *record) {
    const char *topic = rd_kafka_topic_name(record->rkt);

    for (int i = 0; i < watch->partitions->cnt; i += watch->partitions_per_topic)
        if (slice_is(slice_of(watch->partitions->elems[i].topic), topic))
            return &watch->watched[i + record->partition];
    return NULL;
}

static size_t wire_bytes_of(const rd_kafka_message_t *record) {
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t size;
    size_t bytes = 0;
    size_t count = 0;

    if (rd_kafka_message_headers(record, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
        while (rd_kafka_header_get_all(headers, count, &name, &value, &size) ==
               RD_KAFKA_RESP_ERR_NO_ERROR) {
            bytes += slice_of(name).size + size;
            count++;
        }
    return fill_wire_bytes(record->key_len, record->len, bytes, count);
}

static void read_records(struct watch *watch) {
    for (int i = 0; i < READ_LIMIT; i++) {
        rd_kafka_message_t *record = rd_kafka_consumer_poll(watch->consumer, 0);
        struct watched *watched;

        if (record == NULL)
            return;
        if (record->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            watched = watched_of(watch, record);
            if (watched != NULL)
                fill_append(&watched->fill, record->offset, wire_bytes_of(record));
        }
        rd_kafka_message_destroy(record);
    }
}

static const char *advice(enum fill_stage stage) {
    return stage == FILL_LOSING
               ? "This broker is full and drops what nobody has read. It is for trying out only: "
                 "use a real Kafka (deploy/local/up --kafka)."
               : "This broker keeps 5 MiB or 100,000 batches a partition and then drops the oldest "
                 "silently. See why nothing reads them, or use a real Kafka "
                 "(deploy/local/up --kafka).";
}

static void judge(struct watch *watch) {
    for (int i = 0; i < watch->partitions->cnt; i++) {
        const rd_kafka_topic_partition_t *partition = &watch->partitions->elems[i];
        struct watched *watched = &watch->watched[i];
        int percent = fill_percent(&watched->fill, watched->read_to_offset);

        if (fill_stage_update(&watched->stage, percent))
            log_warning(
                watched->stage == FILL_LOSING ? "records_lost" : "partition_filling",
                log_text("topic", partition->topic), log_number("partition", partition->partition),
                log_number("unread_percent", percent), log_text("text", advice(watched->stage)));
    }
}

/* On failure the offsets of the last time stand: a late warning at worst. */
static void ask_group(struct watch *watch) {
    rd_kafka_topic_partition_list_t *committed =
        rd_kafka_topic_partition_list_copy(watch->partitions);

    if (rd_kafka_committed(watch->consumer, committed, COMMITTED_TIMEOUT_MS) ==
        RD_KAFKA_RESP_ERR_NO_ERROR)
        for (int i = 0; i < committed->cnt; i++)
            if (committed->elems[i].offset >= 0)
                watch->watched[i].read_to_offset = committed->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(committed);
}

static void turn(void *context) {
    struct watch *watch = context;

    read_records(watch);
    if (++watch->turn % JUDGE_EVERY_TURNS == 0) {
        if (watch->has_group)
            ask_group(watch);
        judge(watch);
    }
    timer_start(watch->timer, READ_INTERVAL_MS);
}

struct watch *watch_open(struct loop *loop, const char *brokers, const struct plan_group *group,
                         int partitions, struct error *error) {
    rd_kafka_t *consumer = consumer_open(brokers, group->name, error);
    struct watch *watch;

    if (consumer == NULL)
        return NULL;
    watch = memory_new(sizeof *watch);
    watch->consumer = consumer;
    watch->has_group = *group->name != '\0';
    watch->partitions_per_topic = partitions;
    watch->partitions = rd_kafka_topic_partition_list_new(8);
    for (size_t i = 0; i < group->topic_count; i++)
        for (int partition = 0; partition < partitions; partition++)
            rd_kafka_topic_partition_list_add(watch->partitions, group->topics[i], partition)
                ->offset = RD_KAFKA_OFFSET_BEGINNING;
    watch->watched = memory_new_array((size_t)watch->partitions->cnt, sizeof *watch->watched);
    rd_kafka_assign(consumer, watch->partitions);
    watch->timer = timer_new(loop, turn, watch);
    timer_start(watch->timer, READ_INTERVAL_MS);
    return watch;
}

void watch_close(struct watch *watch) {
    if (watch == NULL)
        return;
    timer_free(watch->timer);
    rd_kafka_topic_partition_list_destroy(watch->partitions);
    rd_kafka_destroy(watch->consumer);
    free(watch->watched);
    free(watch);
}
