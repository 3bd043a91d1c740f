#include "common/queue/kafka_offsets.h"

#include "common/base/loop_ev.h"
#include "common/base/memory.h"
#include "common/queue/kafka_client.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int remaining_ms(int64_t deadline_ms) {
    int64_t rest_ms = deadline_ms - now_ms();

    return rest_ms < 1 ? 1 : (int)rest_ms;
}

/* False with the first partition's error that is one. */
static bool all_sound(const rd_kafka_topic_partition_list_t *list, const char *what,
                      struct error *error) {
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &list->elems[i];
        if (at->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return kafka_error_set(error, at->err, "%s of %s [%d]: %s", what, at->topic,
                                   at->partition, rd_kafka_err2str(at->err));
    }
    return true;
}

/* The library takes RD_KAFKA_OFFSET_BEGINNING and _END where it takes times, and asks each leader
 * once for all of its partitions. */
static bool ask_logs(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list, int64_t logical,
                     const char *what, int64_t deadline_ms, struct error *error) {
    rd_kafka_resp_err_t code;

    for (int i = 0; i < list->cnt; i++) {
        list->elems[i].offset = logical;
        list->elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    code = rd_kafka_offsets_for_times(client, list, remaining_ms(deadline_ms));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return kafka_error_set(error, code, "%s: %s", what, rd_kafka_err2str(code));
    return all_sound(list, what, error);
}

static void take_commit(const rd_kafka_topic_partition_t *entry, struct kafka_offsets *out) {
    out->committed = entry->offset < 0 ? -1 : entry->offset;
    out->note[0] = '\0';
    if (entry->offset >= 0 && entry->metadata != NULL && entry->metadata_size < sizeof out->note) {
        memcpy(out->note, entry->metadata, entry->metadata_size);
        out->note[entry->metadata_size] = '\0';
    }
}

bool kafka_offsets_read(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *partitions,
                        int64_t timeout_ms, struct kafka_offsets *out, struct error *error) {
    int64_t deadline_ms = now_ms() + timeout_ms;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(partitions);
    rd_kafka_resp_err_t code;
    bool success = false;

    code = rd_kafka_committed(client, list, remaining_ms(deadline_ms));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka_error_set(error, code, "committed offsets: %s", rd_kafka_err2str(code));
        goto out;
    }
    if (!all_sound(list, "committed offset", error))
        goto out;
    for (int i = 0; i < list->cnt; i++)
        take_commit(&list->elems[i], &out[i]);
    if (!ask_logs(client, list, RD_KAFKA_OFFSET_BEGINNING, "start of log", deadline_ms, error))
        goto out;
    for (int i = 0; i < list->cnt; i++)
        out[i].start = list->elems[i].offset;
    if (!ask_logs(client, list, RD_KAFKA_OFFSET_END, "end of log", deadline_ms, error))
        goto out;
    for (int i = 0; i < list->cnt; i++)
        out[i].end = list->elems[i].offset;
    success = true;
out:
    rd_kafka_topic_partition_list_destroy(list);
    return success;
}

int64_t kafka_offsets_position(const struct kafka_offsets *offsets) {
    if (offsets->committed < offsets->start || offsets->committed > offsets->end)
        return offsets->start;
    return offsets->committed;
}

struct kafka_lookup {
    rd_kafka_t *client;
    rd_kafka_topic_partition_list_t *partitions;
    int64_t timeout_ms;
    struct kafka_offsets *offsets;
    bool success;
    struct error error;
    pthread_t thread;
    bool joined;
    struct wakeup *finished;
    kafka_lookup_done *done;
    void *context;
};

static void *look_up(void *context) {
    struct kafka_lookup *lookup = context;

    lookup->success = kafka_offsets_read(lookup->client, lookup->partitions, lookup->timeout_ms,
                                         lookup->offsets, &lookup->error);
    wakeup_ring(lookup->finished);
    return NULL;
}

static void on_finished(void *context) {
    struct kafka_lookup *lookup = context;

    pthread_join(lookup->thread, NULL);
    lookup->joined = true;
    if (lookup->success)
        lookup->done(lookup->context, lookup->offsets, NULL);
    else
        lookup->done(lookup->context, NULL, &lookup->error);
}

static void release(struct kafka_lookup *lookup) {
    wakeup_free(lookup->finished);
    rd_kafka_topic_partition_list_destroy(lookup->partitions);
    free(lookup->offsets);
    free(lookup);
}

struct kafka_lookup *kafka_lookup_start(struct loop *loop, rd_kafka_t *client,
                                        const rd_kafka_topic_partition_list_t *partitions,
                                        int64_t timeout_ms, kafka_lookup_done *done, void *context,
                                        struct error *error) {
    struct kafka_lookup *lookup = memory_new(sizeof *lookup);
    int failure;

    lookup->client = client;
    lookup->partitions = rd_kafka_topic_partition_list_copy(partitions);
    lookup->timeout_ms = timeout_ms;
    lookup->offsets = memory_new_array((size_t)partitions->cnt, sizeof *lookup->offsets);
    lookup->done = done;
    lookup->context = context;
    lookup->finished = wakeup_new(loop, on_finished, lookup);
    failure = pthread_create(&lookup->thread, NULL, look_up, lookup);
    if (failure != 0) {
        error_set(error, ERROR_SYSTEM, "no thread: %s", strerror(failure));
        release(lookup);
        return NULL;
    }
    return lookup;
}

void kafka_lookup_free(struct kafka_lookup *lookup) {
    if (lookup == NULL)
        return;
    if (!lookup->joined)
        pthread_join(lookup->thread, NULL);
    release(lookup);
}
