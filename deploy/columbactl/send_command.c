#include "common/queue/publisher.h"
#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/http_client.h"
#include "deploy/columbactl/report.h"
#include "deploy/columbactl/tracing.h"
#include "dispatcher/providers/provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
    SEND_TIMEOUT_MS = 30 * 1000,
    READ_TIMEOUT_MS = 5 * 1000,
    ASK_AGAIN_MS = 300,
    DATA_DEPTH_LIMIT = 16,
};

/* The push, and where the logs of its lane ended before it. */
struct test_push {
    const struct app *app;
    char id[RECORD_ID_SIZE];
    char event[RECORD_ID_SIZE + 16];
    struct buffer body;
    struct buffer key;
    struct browse_range *from;
    size_t from_count;
};

/* ---- Making it ---- */

static void write_body(const struct invocation *invocation, struct json_object *data,
                       struct test_push *push) {
    struct buffer *body = &push->body;

    buffer_append_format(body,
                         "{\"notification\":{\"event_id\":\"%s\",\"room_id\":\"!columbactl:test\","
                         "\"type\":\"m.room.message\",\"sender\":\"@columbactl:test\","
                         "\"sender_display_name\":\"Columba\",\"room_name\":\"Test\","
                         "\"prio\":\"high\",\"content\":{\"msgtype\":\"m.text\",\"body\":"
                         "\"A test push of columbactl\"},\"devices\":[{\"app_id\":",
                         push->event);
    buffer_append_json_text(body, slice_of(invocation->arguments[0]));
    buffer_append_text(body, ",\"pushkey\":");
    buffer_append_json_text(body, slice_of(invocation->arguments[1]));
    if (data != NULL) {
        buffer_append_text(body, ",\"data\":");
        json_write(data, body);
    }
    buffer_append_text(body, "}]}}");
}

/* A push that its provider's check refuses would have the pushkey called dead. */
static bool check_body(const struct test_push *push, struct error *error) {
    struct notification *notification;
    const char *fault;

    if (notification_parse(buffer_slice(&push->body), 1, &notification, error) != NOTIFICATION_OK)
        return false;
    fault = notification->devices[0].fault;
    if (fault == NULL)
        fault = provider_for(push->app->kind)->check(push->app, &notification->devices[0]);
    if (fault != NULL)
        error_set(error, ERROR_CONFIG, "such a push can never be sent by %s: %s%s",
                  provider_kind_name(push->app->kind), fault,
                  push->app->kind == PROVIDER_WEBPUSH ? " (see --data)" : "");
    notification_free(notification);
    return fault == NULL;
}

static bool make(const struct invocation *invocation, struct test_push *push, struct error *error) {
    const char *text = invocation->options[OPTION_DATA];
    struct json_object *data =
        text == NULL ? NULL : json_parse(slice_of(text), DATA_DEPTH_LIMIT, NULL);
    unsigned char random[16];

    if (text != NULL && !json_object_is_type(data, json_type_object)) {
        json_object_put(data);
        return error_set(error, ERROR_CONFIG, "--data is no JSON object");
    }
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        json_object_put(data);
        return error_set(error, ERROR_SYSTEM, "the system gives no random bytes");
    }
    record_id_format(random, push->id);
    snprintf(push->event, sizeof push->event, "$columbactl-%s", push->id);
    write_body(invocation, data, push);
    record_key_write(slice_of(invocation->arguments[0]), slice_of(invocation->arguments[1]),
                     &push->key);
    json_object_put(data);
    return check_body(push, error);
}

/* ---- Sending it ---- */

static bool publish(const struct session *session, const struct test_push *push,
                    struct error *error) {
    const struct queue_config *queue = &session->config->queue;
    struct publisher *publisher = publisher_open(queue, error);
    struct record_meta meta = {.version = RECORD_VERSION};
    struct header headers[RECORD_HEADERS_MAX];
    struct record_scratch scratch;
    char topic[TOPIC_NAME_SIZE];
    bool success;

    if (publisher == NULL)
        return false;
    memcpy(meta.id, push->id, sizeof meta.id);
    topic_name(queue, TOPIC_PUSH, push->app->lane, 0, topic);
    struct queue_message message = {
        .topic = topic,
        .key = buffer_slice(&push->key),
        .value = buffer_slice(&push->body),
        .headers = headers,
        .header_count = record_meta_write(&meta, &scratch, headers),
    };
    success = publisher_send(publisher, &message, error) &&
              publisher_flush(publisher, queue->ack_timeout_ms, error);
    publisher_close(publisher);
    return success;
}

static bool is_rejected(const struct http_reply *reply) {
    struct json_object *answer = json_parse(buffer_slice(&reply->body), 4, NULL);
    struct json_object *rejected = json_member_array(answer, "rejected");
    bool is = rejected != NULL && json_object_array_length(rejected) > 0;

    json_object_put(answer);
    return is;
}

/* Through the ingress: the URL of it, or the whole one of notify. */
static bool notify(const char *url, const struct test_push *push, struct error *error) {
    static const char path[] = "/_matrix/push/v1/notify";
    const struct slice body = buffer_slice(&push->body);
    size_t length = strlen(url);
    struct buffer whole = {0};
    struct http_reply reply;
    bool success;

    while (length > 0 && url[length - 1] == '/')
        length--;
    buffer_append(&whole, (struct slice){.data = url, .size = length});
    if (length < strlen(path) || strncmp(url + length - strlen(path), path, strlen(path)) != 0)
        buffer_append_text(&whole, path);
    success = http_client_ask(buffer_text(&whole), &body, SEND_TIMEOUT_MS, &reply, error);
    buffer_free(&whole);
    if (!success)
        return false;
    if (reply.status != 200)
        success = error_set(error, ERROR_REFUSED, "the ingress answers %d: %.300s",
                            (int)reply.status, buffer_text(&reply.body));
    else if (is_rejected(&reply))
        success = error_set(error, ERROR_REFUSED,
                            "the ingress names the pushkey as rejected; see columbactl pushkey "
                            "show, and forgive");
    buffer_free(&reply.body);
    return success;
}

/* ---- What became of it ---- */

static void pause_ms(int64_t ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Until it has an end, or time runs out: what waits to be tried again may be delivered yet. */
static bool await(const struct session *session, const struct test_push *push, int64_t timeout_ms,
                  struct tracing *out, struct error *error) {
    const struct tracing_question question = {
        .wanted = push->event,
        .lane = push->app->lane,
        .timeout_ms = READ_TIMEOUT_MS,
        .from = push->from,
        .from_count = push->from_count,
    };
    int64_t until_ms = report_now_ms() + timeout_ms;

    for (;;) {
        enum trace_end end = TRACE_IN_QUEUE;
        if (!tracing_gather(session, &question, out, error))
            return false;
        if (out->story_count > 0)
            end = trace_conclude(&out->stories[0]);
        if ((end != TRACE_IN_QUEUE && end != TRACE_IN_RETRY) || report_now_ms() >= until_ms)
            return true;
        tracing_free(out);
        pause_ms(ASK_AGAIN_MS);
    }
}

static enum command_status write_end(const struct tracing *tracing, const struct test_push *push,
                                     bool json, struct buffer *out) {
    enum command_status status =
        trace_command_write(tracing, push->event, json, report_now_ms(), out);

    if (status == COMMAND_OK && trace_conclude(&tracing->stories[0]) != TRACE_DELIVERED)
        status = COMMAND_WRONG;
    return status;
}

static void push_free(struct test_push *push) {
    buffer_free(&push->body);
    buffer_free(&push->key);
    free(push->from);
}

enum command_status send_command_run(const struct invocation *invocation, struct buffer *out,
                                     struct error *error) {
    const char *url = invocation->options[OPTION_URL];
    struct tracing tracing = {0};
    struct test_push push = {0};
    enum command_status status;
    struct session session;
    int64_t timeout_ms;
    bool success =
        session_open_redis(invocation, &session, error) &&
        invocation_duration(invocation, OPTION_TIMEOUT, SEND_TIMEOUT_MS, &timeout_ms, error) &&
        (push.app = session_app(&session, invocation->arguments[0], error)) != NULL &&
        make(invocation, &push, error) &&
        tracing_ends(&session, push.app->lane, &push.from, &push.from_count, error) &&
        (url == NULL ? publish(&session, &push, error) : notify(url, &push, error)) &&
        await(&session, &push, timeout_ms, &tracing, error);

    status =
        success ? write_end(&tracing, &push, invocation->json, out) : invocation_status_of(error);
    tracing_free(&tracing);
    push_free(&push);
    session_close(&session);
    return status;
}
