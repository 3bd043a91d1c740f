#include "common/queue/kafka_commits.h"

#include "common/base/memory.h"
#include "common/queue/kafka_client.h"

#include <stdlib.h>
#include <string.h>

struct kafka_commit {
    struct kafka_commit *next;
    bool answered;
    rd_kafka_resp_err_t code;
};

void kafka_commits_free(struct kafka_commits *commits) {
    while (commits->first != NULL) {
        struct kafka_commit *commit = commits->first;
        commits->first = commit->next;
        free(commit);
    }
    commits->last = NULL;
}

static void note(struct kafka_commit *commit, rd_kafka_resp_err_t code) {
    commit->answered = true;
    commit->code = code;
}

static void add(rd_kafka_topic_partition_list_t *list, const struct queue_position *position) {
    rd_kafka_topic_partition_t *entry =
        rd_kafka_topic_partition_list_add(list, position->topic, position->partition);

    entry->offset = position->offset;
    if (position->note != NULL) {
        entry->metadata = memory_copy_text(position->note); /* the list frees it */
        entry->metadata_size = strlen(position->note);
    }
}

bool kafka_commits_send(struct kafka_commits *commits, rd_kafka_t *client, rd_kafka_queue_t *queue,
                        const struct queue_position *positions, size_t count) {
    struct kafka_commit *commit = memory_new(sizeof *commit);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    rd_kafka_resp_err_t code;

    if (commits->last == NULL)
        commits->first = commit;
    else
        commits->last->next = commit;
    commits->last = commit;
    for (size_t i = 0; i < count; i++)
        add(list, &positions[i]);
    code = rd_kafka_commit_queue(client, list, queue, NULL, commit);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        note(commit, code);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* The first partition that was refused speaks for the commit. */
static rd_kafka_resp_err_t result_of(rd_kafka_event_t *event) {
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);

    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && list != NULL && i < list->cnt; i++)
        code = list->elems[i].err;
    return code;
}

void kafka_commits_answer(struct kafka_commits *commits, rd_kafka_event_t *event) {
    struct kafka_commit *commit = rd_kafka_event_opaque(event);

    (void)commits;
    if (commit != NULL)
        note(commit, result_of(event));
}

bool kafka_commits_next(struct kafka_commits *commits, bool *success, struct error *error) {
    struct kafka_commit *commit = commits->first;

    if (commit == NULL || !commit->answered)
        return false;
    commits->first = commit->next;
    if (commits->first == NULL)
        commits->last = NULL;
    *success =
        commit->code == RD_KAFKA_RESP_ERR_NO_ERROR || commit->code == RD_KAFKA_RESP_ERR__NO_OFFSET;
    if (!*success)
        kafka_error_set(error, commit->code, "commit: %s", rd_kafka_err2str(commit->code));
    free(commit);
    return true;
}
