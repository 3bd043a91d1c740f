/* A queue and a state that do as the test says: they stand in for the real ones by defining all of
 * queue.h's producer and of state.h that the ingress uses. The worker's thread is in them, and the
 * test's: one lock around all. */
#ifndef COLUMBA_TESTS_INGRESS_FAKES_H
#define COLUMBA_TESTS_INGRESS_FAKES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/memory.h"
#include "common/push/identity.h"
#include "common/push/record.h"
#include "common/queue/queue.h"
#include "common/state/state.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* No test needs all of it. */
#pragma GCC diagnostic ignored "-Wunused-function"

enum { PATIENCE_MS = 20000, FAKE_MESSAGES_MAX = 256, FAKE_VERDICTS_MAX = 8 };

enum fake_queue_mode { QUEUE_ACKNOWLEDGES, QUEUE_HOLDS, QUEUE_FAILS, QUEUE_REFUSES };
enum fake_state_mode { STATE_ANSWERS, STATE_IS_AWAY, STATE_HOLDS };

struct fake_message {
    char topic[256];
    struct buffer key;
    struct buffer value;
    char version[8];
    char id[64];
    char traceparent[64];
    queue_acknowledged *done;
    void *context;
    bool settled;
};

struct fake_question {
    struct state_question question;
    state_answered *answered;
    void *context;
};

struct queue_producer {
    struct loop *loop;
    struct wakeup *released;
    struct timer *turn;
};

struct state {
    struct loop *loop;
    struct wakeup *released;
    struct timer *turn;
};

static struct fakes {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum fake_queue_mode queue_mode;
    size_t accepts; /* before QUEUE_REFUSES refuses */
    enum fake_state_mode state_mode;
    struct fake_message *messages[FAKE_MESSAGES_MAX];
    size_t message_count; /* all ever sent; the first FAKE_MESSAGES_MAX are kept */
    size_t settled_count;
    struct fake_message *unsettled[FAKE_MESSAGES_MAX];
    size_t unsettled_count;
    struct fake_question questions[FAKE_MESSAGES_MAX];
    size_t question_count;
    size_t asked_count;
    struct {
        char pushkey[IDENTITY_PUSHKEY_SIZE];
        struct verdict verdict;
    } verdicts[FAKE_VERDICTS_MAX];
    size_t verdict_count;
    struct queue_producer *producer;
    struct state *state;
} fakes = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void fake_message_free(struct fake_message *message) {
    buffer_free(&message->key);
    buffer_free(&message->value);
    free(message);
}

/* Everything that may be settled now, outside the lock because it calls back. */
static void fake_queue_settle(void *context) {
    struct error error;
    const struct error *outcome = NULL;
    struct fake_message *ready[FAKE_MESSAGES_MAX];
    size_t count = 0;

    (void)context;
    pthread_mutex_lock(&fakes.lock);
    if (fakes.queue_mode != QUEUE_HOLDS) {
        count = fakes.unsettled_count;
        memcpy(ready, fakes.unsettled, count * sizeof *ready);
        fakes.unsettled_count = 0;
    }
    if (fakes.queue_mode == QUEUE_FAILS) {
        error_set(&error, ERROR_TIMEOUT, "Local: Message timed out");
        outcome = &error;
    }
    pthread_mutex_unlock(&fakes.lock);
    for (size_t i = 0; i < count; i++) {
        ready[i]->done(ready[i]->context, outcome);
        pthread_mutex_lock(&fakes.lock);
        ready[i]->settled = true;
        fakes.settled_count++;
        bool kept = false;
        for (size_t k = 0; k < FAKE_MESSAGES_MAX && k < fakes.message_count; k++)
            kept = kept || fakes.messages[k] == ready[i];
        if (!kept)
            fake_message_free(ready[i]);
        pthread_cond_broadcast(&fakes.changed);
        pthread_mutex_unlock(&fakes.lock);
    }
}

struct queue_producer *queue_producer_open(struct loop *loop, const struct queue_config *config,
                                           struct error *error) {
    struct queue_producer *producer = memory_new(sizeof *producer);

    (void)config;
    (void)error;
    producer->loop = loop;
    producer->released = wakeup_new(loop, fake_queue_settle, NULL);
    producer->turn = timer_new(loop, fake_queue_settle, NULL);
    fakes.producer = producer;
    return producer;
}

void queue_producer_close(struct queue_producer *producer) {
    wakeup_free(producer->released);
    timer_free(producer->turn);
    free(producer);
    fakes.producer = NULL;
}

static void fake_copy_header(const struct queue_message *message, const char *name, char *out,
                             size_t size) {
    struct slice value = header_find(message->headers, message->header_count, name);

    snprintf(out, size, "%.*s", (int)value.size, value.data == NULL ? "" : value.data);
}

bool queue_producer_send(struct queue_producer *producer, const struct queue_message *message,
                         queue_acknowledged *done, void *context, struct error *error) {
    struct fake_message *copy = NULL;

    pthread_mutex_lock(&fakes.lock);
    if (fakes.queue_mode == QUEUE_REFUSES && fakes.accepts-- == 0) {
        fakes.accepts = 0;
        pthread_mutex_unlock(&fakes.lock);
        return error_set(error, ERROR_UNAVAILABLE, "Local: Queue full");
    }
    copy = memory_new(sizeof *copy);
    snprintf(copy->topic, sizeof copy->topic, "%s", message->topic);
    buffer_append(&copy->key, message->key);
    buffer_append(&copy->value, message->value);
    fake_copy_header(message, "columba-version", copy->version, sizeof copy->version);
    fake_copy_header(message, "columba-id", copy->id, sizeof copy->id);
    fake_copy_header(message, "traceparent", copy->traceparent, sizeof copy->traceparent);
    copy->done = done;
    copy->context = context;
    if (fakes.message_count < FAKE_MESSAGES_MAX)
        fakes.messages[fakes.message_count] = copy;
    fakes.message_count++;
    fakes.unsettled[fakes.unsettled_count++] = copy;
    pthread_cond_broadcast(&fakes.changed);
    pthread_mutex_unlock(&fakes.lock);
    timer_start(producer->turn, 0);
    return true;
}

size_t queue_producer_outstanding(const struct queue_producer *producer) {
    (void)producer;
    return 0;
}

bool queue_producer_is_connected(const struct queue_producer *producer) {
    (void)producer;
    return true;
}

static struct state_answer fake_state_look_up(const struct state_question *question) {
    struct state_answer answer = {.known = fakes.state_mode != STATE_IS_AWAY};

    for (size_t i = 0; answer.known && i < fakes.verdict_count; i++) {
        if (strcmp(fakes.verdicts[i].pushkey, question->pushkey) != 0)
            continue;
        answer.has_verdict = true;
        answer.verdict = fakes.verdicts[i].verdict;
    }
    return answer;
}

static void fake_state_settle(void *context) {
    struct fake_question ready[FAKE_MESSAGES_MAX];
    struct state_answer answers[FAKE_MESSAGES_MAX];
    size_t count = 0;

    (void)context;
    pthread_mutex_lock(&fakes.lock);
    if (fakes.state_mode != STATE_HOLDS) {
        count = fakes.question_count;
        memcpy(ready, fakes.questions, count * sizeof *ready);
        fakes.question_count = 0;
    }
    for (size_t i = 0; i < count; i++)
        answers[i] = fake_state_look_up(&ready[i].question);
    pthread_mutex_unlock(&fakes.lock);
    for (size_t i = 0; i < count; i++)
        ready[i].answered(ready[i].context, &answers[i]);
}

struct state *state_open(struct loop *loop, const struct redis_config *config) {
    struct state *state = memory_new(sizeof *state);

    (void)config;
    state->loop = loop;
    state->released = wakeup_new(loop, fake_state_settle, NULL);
    state->turn = timer_new(loop, fake_state_settle, NULL);
    fakes.state = state;
    return state;
}

void state_set_login(struct state *state, const struct redis_config *config) {
    (void)state;
    (void)config;
}

void state_close(struct state *state) {
    wakeup_free(state->released);
    timer_free(state->turn);
    free(state);
    fakes.state = NULL;
}

bool state_is_available(const struct state *state) {
    (void)state;
    return true;
}

void state_ask(struct state *state, const struct state_question *question, state_answered *answered,
               void *context) {
    pthread_mutex_lock(&fakes.lock);
    fakes.questions[fakes.question_count++] =
        (struct fake_question){.question = *question, .answered = answered, .context = context};
    fakes.asked_count++;
    pthread_cond_broadcast(&fakes.changed);
    pthread_mutex_unlock(&fakes.lock);
    timer_start(state->turn, 0);
}

void state_write_verdict(struct state *state, const char *pushkey, const struct verdict *verdict,
                         state_written *written, void *context) {
    (void)state;
    (void)pushkey;
    (void)verdict;
    (void)written;
    (void)context;
    abort(); /* the ingress only reads */
}

void state_mark_seen(struct state *state, int64_t seen, state_written *written, void *context) {
    (void)state;
    (void)seen;
    (void)written;
    (void)context;
    abort();
}

void state_renew_verdict(struct state *state, const char *pushkey, const struct verdict *verdict) {
    (void)state;
    (void)pushkey;
    (void)verdict;
    abort();
}

static void queue_set(enum fake_queue_mode mode) {
    pthread_mutex_lock(&fakes.lock);
    fakes.queue_mode = mode;
    pthread_mutex_unlock(&fakes.lock);
    if (fakes.producer != NULL)
        wakeup_ring(fakes.producer->released);
}

static void state_set(enum fake_state_mode mode) {
    pthread_mutex_lock(&fakes.lock);
    fakes.state_mode = mode;
    pthread_mutex_unlock(&fakes.lock);
    if (fakes.state != NULL)
        wakeup_ring(fakes.state->released);
}

static void state_set_verdict(const char *app_id, const char *pushkey, int64_t pushkey_ts_ms) {
    pthread_mutex_lock(&fakes.lock);
    identity_pushkey(slice_of(app_id), slice_of(pushkey),
                     fakes.verdicts[fakes.verdict_count].pushkey);
    fakes.verdicts[fakes.verdict_count].verdict =
        (struct verdict){.reason = "UNREGISTERED", .code = 404, .pushkey_ts_ms = pushkey_ts_ms};
    fakes.verdict_count++;
    pthread_mutex_unlock(&fakes.lock);
}

/* Waits until the counter under the lock is at least that. */
static void await_count(const size_t *counter, size_t least) {
    struct timespec deadline;
    int result = 0;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += PATIENCE_MS / 1000;
    pthread_mutex_lock(&fakes.lock);
    while (*counter < least && result == 0)
        result = pthread_cond_timedwait(&fakes.changed, &fakes.lock, &deadline);
    size_t reached = *counter;
    pthread_mutex_unlock(&fakes.lock);
    assert_true(reached >= least);
}

static size_t published_count(void) {
    pthread_mutex_lock(&fakes.lock);
    size_t count = fakes.message_count;
    pthread_mutex_unlock(&fakes.lock);
    return count;
}

#endif
