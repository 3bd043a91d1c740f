#include "common/queue/kafka_assignment.h"
#include "common/queue/kafka_client.h"
#include "common/queue/kafka_commits.h"
#include "common/queue/kafka_log.h"
#include "common/queue/kafka_pump.h"
#include "common/queue/kafka_record.h"
#include "common/queue/kafka_survey.h"
#include "common/queue/queue.h"

#include "common/base/log.h"
#include "common/base/memory.h"

#include <stdlib.h>

/* Below the time after which the group takes a silent member's partitions away. */
enum { TICK_MS = 1000, LEAVE_TICK_MS = 20, LOOKUP_TIMEOUT_MS = 5000, DISPOSE_WAIT_MS = 3000 };

/* A group that cannot be reached lets nobody go: its time-out then tells it the same. */
enum { LEAVE_TIMEOUT_MS = 5000 };

enum consumer_state {
    CONSUMER_IDLE,     /* nothing is assigned */
    CONSUMER_LOCATING, /* assigned; where to start is being asked */
    CONSUMER_OFFERED,  /* assigned was called, accept not yet */
    CONSUMER_READING,
    CONSUMER_REVOKING, /* revoked was called, release not yet */
};

/* Two queues: records wait in one while rebalances and commits are served from the other. */
struct queue_consumer {
    struct loop *loop;
    const struct queue_consumer_events *events;
    void *context;
    rd_kafka_t *client;
    struct kafka_pump *control;
    struct kafka_pump *records;
    struct kafka_commits commits;
    struct kafka_log log;
    struct timer *tick;
    struct kafka_assignment assignment;
    rd_kafka_topic_partition_list_t *next; /* given to us before the last was taken away */
    struct kafka_lookup *lookup;
    bool lookup_is_stale; /* it asks for partitions that are no longer the ones */
    struct kafka_survey survey;
    int64_t lost_count;
    enum consumer_state state;
    bool takes;
    bool leaves;
    bool has_left;
    int64_t leave_by_ms;
    unsigned depth; /* calls of ours on the stack; closing waits for the last */
    bool is_closed;
};

static const struct kafka_setting consumer_settings[] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    /* It would begin anew without a word, with offsets that were read before: see relocate. */
    {"auto.offset.reset", "error"},
    {"partition.assignment.strategy", "range"},
    {"heartbeat.interval.ms", "1000"},
    {"session.timeout.ms", "10000"},
    {"max.poll.interval.ms", "60000"},
    /* New partitions and topics made late are found this soon. */
    {"topic.metadata.refresh.interval.ms", "30000"},
    {NULL, NULL},
};

static void set_next(struct queue_consumer *consumer, const rd_kafka_topic_partition_list_t *list) {
    if (consumer->next != NULL)
        rd_kafka_topic_partition_list_destroy(consumer->next);
    consumer->next = list == NULL ? NULL : rd_kafka_topic_partition_list_copy(list);
}

static void destroy(struct queue_consumer *consumer) {
    timer_free(consumer->tick);
    kafka_lookup_free(consumer->lookup);
    kafka_survey_release(&consumer->survey);
    kafka_pump_free(consumer->records);
    kafka_pump_free(consumer->control);
    kafka_commits_free(&consumer->commits);
    kafka_assignment_clear(&consumer->assignment);
    set_next(consumer, NULL);
    if (consumer->client != NULL)
        kafka_client_dispose(consumer->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE, NULL,
                             DISPOSE_WAIT_MS);
    free(consumer);
}

/* Every call from the loop runs between these two, so that a call back may close the consumer. */
static void begin_turn(struct queue_consumer *consumer) {
    consumer->depth++;
}

static void end_turn(struct queue_consumer *consumer) {
    if (--consumer->depth == 0 && consumer->is_closed)
        destroy(consumer);
}

/* Records of no assignment, or of one on its way out, are not kept waiting but thrown away. */
static bool delivers(const struct queue_consumer *consumer) {
    return consumer->state == CONSUMER_READING && !consumer->leaves && !consumer->is_closed;
}

static void update_hold(struct queue_consumer *consumer) {
    kafka_pump_hold(consumer->records, delivers(consumer) && !consumer->takes);
}

static void enter(struct queue_consumer *consumer, enum consumer_state state) {
    static const char *const names[] = {"idle", "locating", "offered", "reading", "revoking"};

    log_debug("consumer", log_text("from", names[consumer->state]), log_text("to", names[state]),
              log_number("partitions", (int64_t)kafka_assignment_count(&consumer->assignment)));
    consumer->state = state;
    update_hold(consumer);
}

static void divert(struct queue_consumer *consumer) {
    kafka_assignment_divert(&consumer->assignment, consumer->client,
                            kafka_pump_queue(consumer->records));
}

/* NULL gives everything back. */
static void assign(struct queue_consumer *consumer, const rd_kafka_topic_partition_list_t *list) {
    rd_kafka_resp_err_t code = rd_kafka_assign(consumer->client, list);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_error("assign_failed", log_text("reason", rd_kafka_err2str(code)));
}

static void offer(struct queue_consumer *consumer) {
    struct queue_position *positions = kafka_assignment_positions(&consumer->assignment);

    enter(consumer, CONSUMER_OFFERED);
    consumer->events->assigned(consumer->context, positions,
                               kafka_assignment_count(&consumer->assignment));
    free(positions);
}

static void located(void *context, const struct kafka_offsets *offsets, const struct error *error);

/* The next tick tries again what fails here. */
static void locate(struct queue_consumer *consumer) {
    struct error error;

    if (consumer->lookup != NULL)
        return;
    if (kafka_assignment_count(&consumer->assignment) == 0) {
        offer(consumer);
        return;
    }
    consumer->lookup_is_stale = false;
    consumer->lookup =
        kafka_lookup_start(consumer->loop, consumer->client, consumer->assignment.list,
                           LOOKUP_TIMEOUT_MS, located, consumer, &error);
    if (consumer->lookup == NULL)
        log_warning("positions_unknown", log_text("reason", error.text));
}

static void located(void *context, const struct kafka_offsets *offsets, const struct error *error) {
    struct queue_consumer *consumer = context;
    struct kafka_lookup *lookup = consumer->lookup;

    begin_turn(consumer);
    consumer->lookup = NULL;
    if (consumer->state == CONSUMER_LOCATING && consumer->lookup_is_stale) {
        locate(consumer);
    } else if (consumer->state == CONSUMER_LOCATING && error != NULL) {
        log_warning("positions_unknown", log_text("reason", error->text));
    } else if (consumer->state == CONSUMER_LOCATING) {
        consumer->lost_count += kafka_assignment_start(&consumer->assignment, offsets);
        offer(consumer);
    }
    kafka_lookup_free(lookup);
    end_turn(consumer);
}

static void give_back(struct queue_consumer *consumer) {
    assign(consumer, NULL);
    kafka_assignment_clear(&consumer->assignment);
    enter(consumer, CONSUMER_IDLE);
}

static void start(struct queue_consumer *consumer, const rd_kafka_topic_partition_list_t *list) {
    if (consumer->leaves) {
        give_back(consumer);
        return;
    }
    kafka_assignment_set(&consumer->assignment, list);
    consumer->lookup_is_stale = true;
    enter(consumer, CONSUMER_LOCATING);
    /* Of nothing there is nothing to look up, and nobody is called back within a call of his. */
    if (list->cnt == 0)
        timer_start(consumer->tick, 0);
    else
        locate(consumer);
}

static void on_assign(struct queue_consumer *consumer,
                      const rd_kafka_topic_partition_list_t *list) {
    if (consumer->state == CONSUMER_IDLE || consumer->state == CONSUMER_LOCATING) {
        start(consumer, list);
        return;
    }
    /* An empty assignment is not revoked by the library; our user is told all the same. */
    set_next(consumer, list);
    if (consumer->state != CONSUMER_REVOKING) {
        enter(consumer, CONSUMER_REVOKING);
        consumer->events->revoked(consumer->context, false);
    }
}

static void on_revoke(struct queue_consumer *consumer) {
    bool lost = rd_kafka_assignment_lost(consumer->client) != 0;

    if (consumer->state == CONSUMER_READING || consumer->state == CONSUMER_OFFERED) {
        enter(consumer, CONSUMER_REVOKING);
        consumer->events->revoked(consumer->context, lost);
    } else if (consumer->state == CONSUMER_REVOKING) {
        set_next(consumer, NULL);
    } else {
        give_back(consumer);
    }
}

static void on_rebalance(struct queue_consumer *consumer, rd_kafka_event_t *event) {
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);

    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        on_assign(consumer, rd_kafka_event_topic_partition_list(event));
        return;
    }
    if (code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
        log_error("rebalance_failed", log_text("reason", rd_kafka_event_error_string(event)));
    on_revoke(consumer);
}

/* A log does not have the record that comes next: it has lost it, or is another one by that name.
 * All that is assigned is taken away and located again. */
static void relocate(struct queue_consumer *consumer, rd_kafka_event_t *event) {
    rd_kafka_topic_partition_t *at = rd_kafka_event_topic_partition(event);
    bool is_reading = consumer->state == CONSUMER_READING;

    if (at == NULL)
        return;
    log_error("position_out_of_log", log_text("topic", at->topic),
              log_number("partition", at->partition),
              log_text("reason", rd_kafka_event_error_string(event)));
    if (is_reading)
        set_next(consumer, consumer->assignment.list);
    kafka_assignment_restart(
        consumer->state == CONSUMER_LOCATING ? consumer->assignment.list : consumer->next, at);
    rd_kafka_topic_partition_destroy(at);
    if (!is_reading)
        return;
    enter(consumer, CONSUMER_REVOKING);
    consumer->events->revoked(consumer->context, false);
}

static void on_error(struct queue_consumer *consumer, rd_kafka_event_t *event) {
    char reason[300] = "";
    struct error error;

    if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        relocate(consumer, event);
        return;
    }
    if (!rd_kafka_event_error_is_fatal(event)) {
        kafka_log_error(&consumer->log, event, loop_monotonic_ms(consumer->loop));
        return;
    }
    rd_kafka_fatal_error(consumer->client, reason, sizeof reason);
    error_set(&error, ERROR_UNAVAILABLE, "the group's member cannot go on: %s", reason);
    consumer->events->failed(consumer->context, &error);
}

static void answer_commits(struct queue_consumer *consumer) {
    struct error error;
    bool success;

    while (!consumer->is_closed && kafka_commits_next(&consumer->commits, &success, &error))
        consumer->events->committed(consumer->context, success ? NULL : &error);
}

static void check_left(struct queue_consumer *consumer) {
    if (!consumer->leaves || consumer->has_left || consumer->is_closed)
        return;
    if (!rd_kafka_consumer_closed(consumer->client)) {
        if (loop_monotonic_ms(consumer->loop) < consumer->leave_by_ms)
            return;
        log_warning("leave_timeout", log_text("reason", "the group will notice by itself"));
    }
    consumer->has_left = true;
    consumer->events->left(consumer->context);
}

static void receive(struct queue_consumer *consumer, const rd_kafka_message_t *message) {
    struct kafka_place *place;
    struct queue_record *record;

    if (message == NULL || message->err != RD_KAFKA_RESP_ERR_NO_ERROR || !delivers(consumer))
        return;
    record = kafka_record_copy(message);
    place = kafka_assignment_find(&consumer->assignment, record->topic, record->partition);
    if (place == NULL || record->offset < place->next) {
        queue_record_free(record);
        return;
    }
    place->next = record->offset + 1;
    consumer->events->record(consumer->context, record);
}

static size_t serve(void *context, rd_kafka_event_t *event) {
    struct queue_consumer *consumer = context;

    begin_turn(consumer);
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_FETCH:
        receive(consumer, rd_kafka_event_message_next(event));
        break;
    case RD_KAFKA_EVENT_REBALANCE:
        on_rebalance(consumer, event);
        break;
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
        kafka_commits_answer(&consumer->commits, event);
        answer_commits(consumer);
        break;
    case RD_KAFKA_EVENT_ERROR:
        on_error(consumer, event);
        break;
    case RD_KAFKA_EVENT_LOG:
        kafka_log_line(&consumer->log, event, loop_monotonic_ms(consumer->loop));
        break;
    default:
        break;
    }
    rd_kafka_event_destroy(event);
    check_left(consumer);
    end_turn(consumer);
    return 1;
}

/* Looking into the control queue is what tells the library that we are alive. */
static void on_tick(void *context) {
    struct queue_consumer *consumer = context;

    begin_turn(consumer);
    timer_start(consumer->tick, consumer->leaves ? LEAVE_TICK_MS : TICK_MS);
    kafka_pump_kick(consumer->control);
    if (consumer->state == CONSUMER_LOCATING)
        locate(consumer);
    if (consumer->state == CONSUMER_READING && !consumer->leaves) {
        divert(consumer);
        kafka_survey_tick(&consumer->survey);
    }
    answer_commits(consumer);
    check_left(consumer);
    end_turn(consumer);
}

/* Everything the group says goes to a queue of our own, which may later take its farewell too. */
static bool open_queues(struct queue_consumer *consumer, struct error *error) {
    rd_kafka_queue_t *group = rd_kafka_queue_get_consumer(consumer->client);
    rd_kafka_queue_t *control = rd_kafka_queue_new(consumer->client);

    rd_kafka_poll_set_consumer(consumer->client);
    rd_kafka_queue_forward(group, control);
    rd_kafka_queue_destroy(group);
    rd_kafka_set_log_queue(consumer->client, control);
    consumer->control = kafka_pump_new_take(consumer->loop, control, serve, consumer, error);
    consumer->records = kafka_pump_new_take(consumer->loop, rd_kafka_queue_new(consumer->client),
                                            serve, consumer, error);
    return consumer->control != NULL && consumer->records != NULL;
}

struct queue_consumer *queue_consumer_open(struct loop *loop, const struct queue_config *config,
                                           const char *group, const char *const *topics,
                                           size_t topic_count,
                                           const struct queue_consumer_events *events,
                                           void *context, struct error *error) {
    rd_kafka_conf_t *conf = kafka_conf_new(config, consumer_settings, error);
    struct queue_consumer *consumer;

    if (conf == NULL)
        return NULL;
    kafka_conf_set(conf, "group.id", group);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_FETCH |
                                       RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR |
                                       RD_KAFKA_EVENT_LOG);
    consumer = memory_new(sizeof *consumer);
    consumer->loop = loop;
    consumer->events = events;
    consumer->context = context;
    consumer->takes = true;
    consumer->tick = timer_new(loop, on_tick, consumer);
    consumer->client = kafka_client_new(RD_KAFKA_CONSUMER, conf, error);
    if (consumer->client == NULL)
        rd_kafka_conf_destroy(conf);
    if (consumer->client == NULL || !open_queues(consumer, error) ||
        !kafka_client_subscribe(consumer->client, topics, topic_count, error)) {
        destroy(consumer);
        return NULL;
    }
    consumer->survey = (struct kafka_survey){
        .loop = loop, .client = consumer->client, .assignment = &consumer->assignment};
    timer_start(consumer->tick, TICK_MS);
    return consumer;
}

void queue_consumer_close(struct queue_consumer *consumer) {
    if (consumer == NULL || consumer->is_closed)
        return;
    consumer->is_closed = true;
    if (consumer->depth == 0)
        destroy(consumer);
}

void queue_consumer_accept(struct queue_consumer *consumer) {
    if (consumer->state != CONSUMER_OFFERED)
        return;
    divert(consumer);
    assign(consumer, consumer->assignment.list);
    enter(consumer, CONSUMER_READING);
}

void queue_consumer_release(struct queue_consumer *consumer) {
    rd_kafka_topic_partition_list_t *next = consumer->next;

    if (consumer->state != CONSUMER_REVOKING)
        return;
    consumer->next = NULL;
    kafka_assignment_resume_all(&consumer->assignment, consumer->client);
    if (next == NULL) {
        give_back(consumer);
        return;
    }
    start(consumer, next);
    rd_kafka_topic_partition_list_destroy(next);
}

void queue_consumer_take(struct queue_consumer *consumer, bool take) {
    consumer->takes = take;
    update_hold(consumer);
}

void queue_consumer_pause(struct queue_consumer *consumer, const char *topic, int32_t partition) {
    if (consumer->state == CONSUMER_READING)
        kafka_assignment_pause(&consumer->assignment, consumer->client, topic, partition, true);
}

void queue_consumer_resume(struct queue_consumer *consumer, const char *topic, int32_t partition) {
    if (consumer->state == CONSUMER_READING)
        kafka_assignment_pause(&consumer->assignment, consumer->client, topic, partition, false);
}

void queue_consumer_commit(struct queue_consumer *consumer, const struct queue_position *positions,
                           size_t count) {
    if (!kafka_commits_send(&consumer->commits, consumer->client,
                            kafka_pump_queue(consumer->control), positions, count))
        timer_start(consumer->tick, 0);
}

void queue_consumer_leave(struct queue_consumer *consumer) {
    rd_kafka_error_t *failure;

    if (consumer->leaves)
        return;
    consumer->leaves = true;
    consumer->leave_by_ms = loop_monotonic_ms(consumer->loop) + LEAVE_TIMEOUT_MS;
    if (consumer->state == CONSUMER_LOCATING || consumer->state == CONSUMER_OFFERED)
        give_back(consumer);
    update_hold(consumer);
    failure = rd_kafka_consumer_close_queue(consumer->client, kafka_pump_queue(consumer->control));
    if (failure != NULL) {
        log_warning("leave_failed", log_text("reason", rd_kafka_error_string(failure)));
        rd_kafka_error_destroy(failure);
        consumer->leave_by_ms = 0;
    }
    timer_start(consumer->tick, LEAVE_TICK_MS);
}

int64_t queue_consumer_end_offset(const struct queue_consumer *consumer, const char *topic,
                                  int32_t partition) {
    const struct kafka_place *place =
        kafka_assignment_find(&consumer->assignment, topic, partition);
    int64_t asked = place == NULL || consumer->state < CONSUMER_OFFERED ? -1 : place->end;
    int64_t start;
    int64_t fetched;

    if (rd_kafka_get_watermark_offsets(consumer->client, topic, partition, &start, &fetched) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        return asked;
    return fetched > asked ? fetched : asked;
}

int64_t queue_consumer_lost_count(const struct queue_consumer *consumer) {
    return consumer->lost_count;
}
