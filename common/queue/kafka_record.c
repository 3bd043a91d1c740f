#include "common/queue/kafka_record.h"

#include "common/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* The next header of the message, false behind the last. */
static bool header_at(const rd_kafka_headers_t *headers, size_t at, struct header *out) {
    const void *value;

    if (headers == NULL || rd_kafka_header_get_all(headers, at, &out->name, &value,
                                                   &out->value.size) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    out->value.data = value;
    return true;
}

static struct slice put(char **at, struct slice slice) {
    struct slice copy = {*at, slice.size};

    if (slice.data == NULL)
        return slice;
    memcpy(*at, slice.data, slice.size);
    *at += slice.size;
    return copy;
}

static const char *put_text(char **at, const char *text) {
    return put(at, (struct slice){text, strlen(text) + 1}).data;
}

struct queue_record *kafka_record_copy(const rd_kafka_message_t *message) {
    const char *topic = rd_kafka_topic_name(message->rkt);
    rd_kafka_headers_t *theirs = NULL;
    rd_kafka_timestamp_type_t type;
    size_t bytes = strlen(topic) + 1 + message->key_len + message->len;
    size_t count = 0;
    struct header header;

    rd_kafka_message_headers(message, &theirs);
    for (; header_at(theirs, count, &header); count++)
        bytes += strlen(header.name) + 1 + header.value.size;

    struct queue_record *record =
        memory_new(sizeof *record + count * sizeof(struct header) + bytes);
    struct header *headers = (struct header *)(record + 1);
    char *at = (char *)(headers + count);

    record->topic = put_text(&at, topic);
    record->partition = message->partition;
    record->offset = message->offset;
    record->timestamp_ms = rd_kafka_message_timestamp(message, &type);
    record->key = put(&at, (struct slice){message->key, message->key_len});
    record->value = put(&at, (struct slice){message->payload, message->len});
    for (size_t i = 0; i < count; i++) {
        header_at(theirs, i, &header);
        headers[i].name = put_text(&at, header.name);
        headers[i].value = put(&at, header.value);
    }
    record->headers = headers;
    record->header_count = count;
    return record;
}

void queue_record_free(struct queue_record *record) {
    free(record);
}
