#include "common/queue/kafka_client.h"
#include "common/queue/kafka_links.h"
#include "common/queue/kafka_log.h"
#include "common/queue/kafka_pump.h"
#include "common/queue/queue.h"

#include "common/base/log.h"
#include "common/base/memory.h"

#include <stdio.h>
#include <stdlib.h>

/* The library looks for messages that are too old once a second: it is told a little less than is
 * promised, a second at most, and what it still has not reported then is reported without it. */
enum { SCAN_MS = 1000, REOPEN_MS = 1000, DISPOSE_WAIT_MS = 3000 };

/* A message that has not come back from the library, in a ring with others. */
struct pending {
    struct pending *previous;
    struct pending *next;
    queue_acknowledged *done;
    void *context;
    int64_t due_ms;
};

/* One client of the library with everything given to it, so that it can be replaced whole: what it
 * reports after that reaches nobody. */
struct session {
    rd_kafka_t *client;
    struct kafka_pump *pump;
    struct kafka_links *links; /* goes with the client */
    struct pending waiting;    /* head of a ring, in the order of sending */
    struct pending overdue;    /* likewise: those the user has been told of already */
};

struct queue_producer {
    struct loop *loop;
    rd_kafka_conf_t *conf;
    int64_t ack_timeout_ms;
    struct session *session; /* NULL only while no new client can be made */
    struct kafka_log log;
    struct timer *overdue;
    struct timer *reopen;
    size_t outstanding_count;
    int64_t clock_lead_ms;
    bool has_clock_lead;
    unsigned depth; /* calls of ours on the stack; closing waits for the last */
    bool is_closed;
};

static const struct kafka_setting producer_settings[] = {
    {"acks", "all"},
    {"enable.idempotence", "true"},
    {"partitioner", "murmur2_random"},
    {"linger.ms", "1"},
    {"request.timeout.ms", "8000"},
    /* Our users bound what waits, in requests and in bytes: these must not be reached first. */
    {"queue.buffering.max.messages", "1000000"},
    {"queue.buffering.max.kbytes", "262144"},
    /* How long a topic that nobody knows may still be on its way. */
    {"topic.metadata.propagation.max.ms", "5000"},
    {NULL, NULL},
};

static void ring_init(struct pending *head) {
    head->next = head->previous = head;
}

static void ring_append(struct pending *head, struct pending *pending) {
    pending->previous = head->previous;
    pending->next = head;
    pending->previous->next = pending;
    head->previous = pending;
}

static void ring_remove(struct pending *pending) {
    pending->previous->next = pending->next;
    pending->next->previous = pending->previous;
}

static void ring_free(struct pending *head) {
    while (head->next != head) {
        struct pending *pending = head->next;
        ring_remove(pending);
        free(pending);
    }
}

/* Once for each message, whoever comes first: the library, the time-out or the end. */
static void report(struct queue_producer *producer, struct pending *pending,
                   const struct error *error) {
    queue_acknowledged *done = pending->done;

    if (done == NULL)
        return;
    pending->done = NULL;
    producer->outstanding_count--;
    done(pending->context, error);
}

static void fail_all(struct queue_producer *producer, struct session *session,
                     const struct error *error) {
    while (session->waiting.next != &session->waiting) {
        struct pending *pending = session->waiting.next;
        ring_remove(pending);
        report(producer, pending, error);
        free(pending);
    }
}

static void session_dispose(struct session *session, int64_t wait_ms) {
    kafka_pump_free(session->pump);
    ring_free(&session->overdue);
    if (session->client != NULL)
        kafka_client_dispose(session->client, 0, session->links, wait_ms);
    else
        free(session->links);
    free(session);
}

static size_t serve(void *context, rd_kafka_event_t *event);

static struct session *session_open(struct queue_producer *producer, struct error *error) {
    struct session *session = memory_new(sizeof *session);
    /* When the library refuses a conf that is watched, it has freed half of it, and would crash on
     * the rest: it is left behind. */
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(producer->conf);

    ring_init(&session->waiting);
    ring_init(&session->overdue);
    session->links = kafka_links_new();
    kafka_links_watch(session->links, conf);
    session->client = kafka_client_new(RD_KAFKA_PRODUCER, conf, error);
    if (session->client != NULL)
        session->pump = kafka_pump_new_take(
            producer->loop, rd_kafka_queue_get_main(session->client), serve, producer, error);
    if (session->pump == NULL) {
        session_dispose(session, 0);
        return NULL;
    }
    rd_kafka_set_log_queue(session->client, NULL);
    return session;
}

static void destroy(struct queue_producer *producer) {
    struct error error;

    error_set(&error, ERROR_UNAVAILABLE, "the producer was closed");
    if (producer->session != NULL) {
        fail_all(producer, producer->session, &error);
        session_dispose(producer->session, DISPOSE_WAIT_MS);
    }
    timer_free(producer->overdue);
    timer_free(producer->reopen);
    rd_kafka_conf_destroy(producer->conf);
    free(producer);
}

/* Every call from the loop runs between these two, so that a call back may close the producer. */
static void begin_turn(struct queue_producer *producer) {
    producer->depth++;
}

static void end_turn(struct queue_producer *producer) {
    if (--producer->depth == 0 && producer->is_closed)
        destroy(producer);
}

static void reopen(void *context) {
    struct queue_producer *producer = context;
    struct error error;

    producer->session = session_open(producer, &error);
    if (producer->session != NULL)
        return;
    log_error("producer_not_replaced", log_text("reason", error.text));
    timer_start(producer->reopen, REOPEN_MS);
}

/* A client that has turned fatal never sends again. Call backs may send: they find the new one. */
static void replace(struct queue_producer *producer) {
    struct session *old = producer->session;
    char reason[300] = "";
    struct error error;

    rd_kafka_fatal_error(old->client, reason, sizeof reason);
    error_set(&error, ERROR_UNAVAILABLE, "the producer failed for good and is replaced: %s",
              reason);
    log_error("producer_replaced", log_text("reason", reason),
              log_number("outstanding", (int64_t)producer->outstanding_count));
    producer->session = NULL;
    reopen(producer);
    fail_all(producer, old, &error);
    session_dispose(old, 0);
}

static void message_error(struct error *error, rd_kafka_resp_err_t code, const char *topic) {
    if (code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        kafka_error_set(error, code,
                        "the topic %s does not exist: `columbactl topics create` makes it", topic);
    else
        kafka_error_set(error, code, "topic %s: %s", topic, rd_kafka_err2str(code));
}

/* Brokers have stamped records since 2016. The embedded one of tests and demonstrations says that
 * it is a second past 1970: it is on this machine, and has its clock. */
static const int64_t first_stamp_ms = 1451606400000;

/* Only the broker's own stamp says what the time is there. */
static void read_clock(struct queue_producer *producer, const rd_kafka_message_t *message) {
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    int64_t stamp_ms = rd_kafka_message_timestamp(message, &type);

    if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME && stamp_ms > 0) {
        producer->clock_lead_ms =
            stamp_ms < first_stamp_ms ? 0 : loop_wall_ms(producer->loop) - stamp_ms;
        producer->has_clock_lead = true;
    }
}

static void on_report(struct queue_producer *producer, const rd_kafka_message_t *message) {
    struct pending *pending = message->_private;
    struct error error;

    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        message_error(&error, message->err, rd_kafka_topic_name(message->rkt));
    else
        read_clock(producer, message);
    ring_remove(pending);
    report(producer, pending, message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? NULL : &error);
    free(pending);
}

static size_t on_reports(struct queue_producer *producer, rd_kafka_event_t *event) {
    const rd_kafka_message_t *message;
    size_t count = 0;

    while ((message = rd_kafka_event_message_next(event)) != NULL) {
        on_report(producer, message);
        count++;
    }
    return count;
}

static size_t serve(void *context, rd_kafka_event_t *event) {
    struct queue_producer *producer = context;
    bool is_fatal = false;
    size_t count = 1;

    begin_turn(producer);
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        count = on_reports(producer, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        is_fatal = rd_kafka_event_error_is_fatal(event) != 0;
        if (!is_fatal)
            kafka_log_error(&producer->log, event, loop_monotonic_ms(producer->loop));
        break;
    case RD_KAFKA_EVENT_LOG:
        kafka_log_line(&producer->log, event, loop_monotonic_ms(producer->loop));
        break;
    default:
        break;
    }
    rd_kafka_event_destroy(event);
    if (is_fatal)
        replace(producer);
    end_turn(producer);
    return count;
}

/* The oldest is due first, because all wait equally long. The library keeps the message, and its
 * report is still to come. */
static void on_overdue(void *context) {
    struct queue_producer *producer = context;
    int64_t now_ms = loop_monotonic_ms(producer->loop);
    struct session *session = producer->session;
    struct error error;

    error_set(&error, ERROR_TIMEOUT, "not acknowledged within %lld ms",
              (long long)producer->ack_timeout_ms);
    begin_turn(producer);
    while (session != NULL && session->waiting.next != &session->waiting) {
        struct pending *pending = session->waiting.next;
        if (pending->due_ms > now_ms) {
            timer_start(producer->overdue, pending->due_ms - now_ms);
            break;
        }
        ring_remove(pending);
        ring_append(&session->overdue, pending);
        report(producer, pending, &error);
    }
    end_turn(producer);
}

struct queue_producer *queue_producer_open(struct loop *loop, const struct queue_config *config,
                                           struct error *error) {
    int64_t margin_ms = config->ack_timeout_ms / 4 < SCAN_MS ? config->ack_timeout_ms / 4 : SCAN_MS;
    rd_kafka_conf_t *conf = kafka_conf_new(config, producer_settings, error);
    struct queue_producer *producer;
    char timeout[24];

    if (conf == NULL)
        return NULL;
    snprintf(timeout, sizeof timeout, "%lld", (long long)(config->ack_timeout_ms - margin_ms));
    kafka_conf_set(conf, "message.timeout.ms", timeout);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    producer = memory_new(sizeof *producer);
    producer->loop = loop;
    producer->conf = conf;
    producer->ack_timeout_ms = config->ack_timeout_ms;
    producer->overdue = timer_new(loop, on_overdue, producer);
    producer->reopen = timer_new(loop, reopen, producer);
    producer->session = session_open(producer, error);
    if (producer->session == NULL) {
        destroy(producer);
        return NULL;
    }
    return producer;
}

void queue_producer_close(struct queue_producer *producer) {
    if (producer == NULL || producer->is_closed)
        return;
    producer->is_closed = true;
    if (producer->depth == 0) {
        begin_turn(producer);
        end_turn(producer);
    }
}

static rd_kafka_headers_t *copy_headers(const struct queue_message *message) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(message->header_count);

    for (size_t i = 0; i < message->header_count; i++) {
        const struct header *header = &message->headers[i];
        rd_kafka_header_add(headers, header->name, -1, header->value.data,
                            (ssize_t)header->value.size);
    }
    return headers;
}

static rd_kafka_resp_err_t produce(struct session *session, const struct queue_message *message,
                                   struct pending *pending) {
    rd_kafka_headers_t *headers = copy_headers(message);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        session->client, RD_KAFKA_V_TOPIC(message->topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(message->key.data, message->key.size),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)message->value.data, message->value.size),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(pending), RD_KAFKA_V_END);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_headers_destroy(headers);
    return code;
}

bool queue_producer_send(struct queue_producer *producer, const struct queue_message *message,
                         queue_acknowledged *done, void *context, struct error *error) {
    struct session *session = producer->session;
    struct pending *pending;
    rd_kafka_resp_err_t code;

    if (session == NULL || producer->is_closed)
        return error_set(error, ERROR_UNAVAILABLE, "there is no producer now");
    pending = memory_new(sizeof *pending);
    pending->done = done;
    pending->context = context;
    pending->due_ms = loop_monotonic_ms(producer->loop) + producer->ack_timeout_ms;
    code = produce(session, message, pending);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        free(pending);
        message_error(error, code, message->topic);
        return false;
    }
    ring_append(&session->waiting, pending);
    producer->outstanding_count++;
    if (!timer_is_running(producer->overdue))
        timer_start(producer->overdue, producer->ack_timeout_ms);
    return true;
}

bool queue_producer_clock_lead_ms(const struct queue_producer *producer, int64_t *out) {
    *out = producer->clock_lead_ms;
    return producer->has_clock_lead;
}

size_t queue_producer_outstanding(const struct queue_producer *producer) {
    return producer->outstanding_count;
}

bool queue_producer_is_connected(const struct queue_producer *producer) {
    return producer->session != NULL && kafka_links_up(producer->session->links);
}
