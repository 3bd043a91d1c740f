/* A real worker on a loopback port, with a queue and a state that do as the test says, and a
 * client that writes and reads bytes. Included once by each test program. */
#ifndef COLUMBA_TESTS_INGRESS_FIXTURE_H
#define COLUMBA_TESTS_INGRESS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/listener.h"
#include "common/base/memory.h"
#include "common/observe/metrics.h"
#include "common/push/identity.h"
#include "common/push/record.h"
#include "common/push/traffic.h"
#include "common/queue/queue.h"
#include "common/state/state.h"
#include "ingress/instruments.h"
#include "ingress/worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* No test needs all of it. */
#pragma GCC diagnostic ignored "-Wunused-function"

enum { PATIENCE_MS = 20000, FAKE_MESSAGES_MAX = 256, FAKE_VERDICTS_MAX = 8 };

/* ---- The fakes. The worker's thread is in them, and the test's: one lock around all. ---- */

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

struct state *state_open(struct loop *loop, const struct redis_config *config,
                         struct error *error) {
    struct state *state = memory_new(sizeof *state);

    (void)config;
    (void)error;
    state->loop = loop;
    state->released = wakeup_new(loop, fake_state_settle, NULL);
    state->turn = timer_new(loop, fake_state_settle, NULL);
    fakes.state = state;
    return state;
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

/* ---- The worker ---- */

struct fixture {
    struct config config;
    struct app apps[4];
    struct worker *worker;
    int port;
    bool drained;
};

static struct app fixture_app(const char *pattern, enum provider_kind kind) {
    return (struct app){.pattern = memory_copy_text(pattern),
                        .kind = kind,
                        .lane = memory_copy_text(provider_kind_name(kind))};
}

/* Bounds small enough to be reached; the test may change them before fixture_start. */
static void fixture_init(struct fixture *fixture) {
    *fixture = (struct fixture){.config = {
                                    .references = 1,
                                    .traffic = traffic_new(4),
                                    .queue = {.prefix = "columba."},
                                    .ingress = {.body_limit_bytes = 4096,
                                                .device_limit = 8,
                                                .copies_limit_bytes = 8192,
                                                .waiting_requests = 100,
                                                .waiting_bytes = 1 << 20,
                                                .connection_limit = 200,
                                                .idle_timeout_ms = 130000,
                                                .read_timeout_ms = 15000,
                                                .drain_delay_ms = 0},
                                }};
    fixture->apps[0] = fixture_app("app.android", PROVIDER_FCM);
    fixture->apps[1] = fixture_app("app.old", PROVIDER_RETIRED);
    fixture->apps[2] = fixture_app("app.glob.*", PROVIDER_FCM);
    fixture->apps[3] = fixture_app("app.up", PROVIDER_UNIFIEDPUSH);
    fixture->config.apps = (struct apps){.list = fixture->apps, .count = 4};
    fakes.queue_mode = QUEUE_ACKNOWLEDGES;
    fakes.state_mode = STATE_ANSWERS;
    fakes.accepts = 0;
    fakes.message_count = fakes.settled_count = fakes.asked_count = fakes.verdict_count = 0;
}

static void fixture_start(struct fixture *fixture) {
    struct error error = {0};
    int listener = -1;
    struct worker_parts parts = {.config = &fixture->config, .worker_count = 1};

    log_open("test", LOG_LEVEL_ERROR);
    assert_true(listeners_open("127.0.0.1:0", &listener, 1, &error));
    fixture->port = listener_port(listener);
    fixture->worker = worker_open_take(&parts, listener, &error);
    assert_non_null(fixture->worker);
    assert_true(worker_start(fixture->worker, &error));
}

static void fixture_drain(struct fixture *fixture) {
    if (!fixture->drained)
        worker_drain(fixture->worker);
    fixture->drained = true;
}

/* Whatever a test did: the worker must be able to end by itself. */
static void fixture_stop(struct fixture *fixture) {
    queue_set(QUEUE_ACKNOWLEDGES);
    state_set(STATE_ANSWERS);
    fixture_drain(fixture);
    worker_join(fixture->worker);
    assert_int_equal(worker_status(fixture->worker).stage, WORKER_STOPPED);
    assert_int_equal(worker_status(fixture->worker).waiting_requests, 0);
    assert_int_equal(worker_status(fixture->worker).waiting_bytes, 0);
    assert_int_equal(worker_status(fixture->worker).connections, 0);
    worker_close(fixture->worker);
    assert_int_equal(fixture->config.references, 1);
    traffic_free(fixture->config.traffic);
    for (size_t i = 0; i < fixture->config.apps.count; i++) {
        free(fixture->apps[i].pattern);
        free(fixture->apps[i].lane);
    }
    assert_int_equal(fakes.unsettled_count, 0);
    for (size_t i = 0; i < fakes.message_count && i < FAKE_MESSAGES_MAX; i++)
        fake_message_free(fakes.messages[i]);
    fakes.message_count = 0;
}

static double fixture_metric(struct fixture *fixture, enum instrument metric, const char *first,
                             const char *second) {
    return metrics_value(worker_metrics(fixture->worker), metric, (const char *[]){first, second});
}

/* ---- The client ---- */

struct reply {
    int status; /* 0 when the connection closed without one */
    struct buffer head;
    struct buffer body;
};

static void reply_free(struct reply *reply) {
    buffer_free(&reply->head);
    buffer_free(&reply->body);
    *reply = (struct reply){0};
}

static int client_connect(const struct fixture *fixture) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)fixture->port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(client >= 0);
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    return client;
}

/* False when the other side has closed. */
static bool client_send(int client, struct slice bytes) {
    while (bytes.size > 0) {
        ssize_t sent = send(client, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes.data += sent;
        bytes.size -= (size_t)sent;
    }
    return true;
}

/* The value of a header of the reply, or "" when there is none. */
static const char *reply_header(struct reply *reply, const char *name, char *out, size_t size) {
    char wanted[64];
    const char *line = buffer_text(&reply->head);

    snprintf(wanted, sizeof wanted, "\r\n%s: ", name);
    const char *at = strcasestr(line, wanted);
    out[0] = '\0';
    if (at != NULL) {
        at += strlen(wanted);
        snprintf(out, size, "%.*s", (int)strcspn(at, "\r"), at);
    }
    return out;
}

/* One byte at a time, so that what follows stays for the next reply. False when it closed. */
static bool client_receive_byte(int client, struct buffer *out) {
    char byte = 0;

    if (recv(client, &byte, 1, 0) != 1)
        return false;
    buffer_append_byte(out, byte);
    return true;
}

/* Skips a 100; the caller releases the reply. */
static struct reply client_receive(int client) {
    struct reply reply = {0};
    char length[32];
    long long size = 0;
    long long status = 0;

    do {
        buffer_clear(&reply.head);
        while (reply.head.size < 4 ||
               memcmp(reply.head.data + reply.head.size - 4, "\r\n\r\n", 4) != 0)
            if (!client_receive_byte(client, &reply.head))
                return reply;
    } while (strncmp(buffer_text(&reply.head), "HTTP/1.1 100", 12) == 0);
    assert_true(slice_to_int64((struct slice){.data = reply.head.data + 9, .size = 3}, &status));
    reply.status = (int)status;
    assert_true(slice_to_int64(
        slice_of(reply_header(&reply, "Content-Length", length, sizeof length)), &size));
    while (reply.body.size < (size_t)size)
        if (!client_receive_byte(client, &reply.body))
            break;
    return reply;
}

static void write_post(struct buffer *out, const char *more_headers, struct slice body) {
    buffer_append_format(out,
                         "POST /_matrix/push/v1/notify HTTP/1.1\r\nHost: gateway\r\n"
                         "Content-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n",
                         more_headers, body.size);
    buffer_append(out, body);
}

static void client_post(int client, const char *body) {
    struct buffer request = {0};

    write_post(&request, "", slice_of(body));
    assert_true(client_send(client, buffer_slice(&request)));
    buffer_free(&request);
}

/* Nothing to read now. */
static bool client_hears_nothing(int client) {
    char byte = 0;

    return recv(client, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* Whether the other side closes without a word more. */
static bool client_is_closed(int client) {
    char byte = 0;
    ssize_t got = recv(client, &byte, 1, 0);

    return got == 0 || (got < 0 && errno == ECONNRESET);
}

static void assert_reply(int client, int status, const char *body) {
    struct reply reply = client_receive(client);

    assert_int_equal(reply.status, status);
    assert_string_equal(buffer_text(&reply.body), body);
    reply_free(&reply);
}

/* A body of one device. */
#define ONE_DEVICE(app_id, pushkey)                                                                \
    "{\"notification\":{\"event_id\":\"$e\",\"devices\":[{\"app_id\":\"" app_id                    \
    "\",\"pushkey\":\"" pushkey "\"}]}}"

#define NOTHING_REJECTED "{\"rejected\":[]}"

#endif
