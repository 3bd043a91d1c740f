#include "common/queue/kafka_assignment.h"

#include "common/base/log.h"
#include "common/base/memory.h"

#include <stdlib.h>
#include <string.h>

void kafka_assignment_set(struct kafka_assignment *assignment,
                          const rd_kafka_topic_partition_list_t *list) {
    kafka_assignment_clear(assignment);
    assignment->list = rd_kafka_topic_partition_list_copy(list);
    rd_kafka_topic_partition_list_sort(assignment->list, NULL, NULL);
    assignment->places = memory_new_array((size_t)list->cnt, sizeof *assignment->places);
}

void kafka_assignment_clear(struct kafka_assignment *assignment) {
    for (size_t i = 0; i < kafka_assignment_count(assignment); i++)
        free(assignment->places[i].note);
    if (assignment->list != NULL)
        rd_kafka_topic_partition_list_destroy(assignment->list);
    free(assignment->places);
    *assignment = (struct kafka_assignment){.generation = assignment->generation + 1};
}

void kafka_assignment_restart(rd_kafka_topic_partition_list_t *list,
                              const rd_kafka_topic_partition_t *partition) {
    if (list != NULL)
        rd_kafka_topic_partition_list_set_offset(list, partition->topic, partition->partition,
                                                 RD_KAFKA_OFFSET_BEGINNING);
}

size_t kafka_assignment_count(const struct kafka_assignment *assignment) {
    return assignment->list == NULL ? 0 : (size_t)assignment->list->cnt;
}

/* Returns how many records are gone. */
static int64_t log_start(const rd_kafka_topic_partition_t *partition,
                         const struct kafka_offsets *offsets) {
    struct log_field topic = log_text("topic", partition->topic);
    struct log_field number = log_number("partition", partition->partition);
    struct log_field committed = log_number("committed", offsets->committed);

    bool lost = offsets->committed >= 0 && offsets->committed < offsets->start;

    if (lost)
        log_error("records_lost_to_retention", topic, number, committed,
                  log_number("start", offsets->start),
                  log_number("count", offsets->start - offsets->committed));
    if (offsets->committed > offsets->end)
        log_error("commit_behind_log", topic, number, committed, log_number("end", offsets->end),
                  log_text("reason", "the topic was made anew or lost records: reading from its "
                                     "start"));
    return lost ? offsets->start - offsets->committed : 0;
}

int64_t kafka_assignment_start(struct kafka_assignment *assignment,
                               const struct kafka_offsets *offsets) {
    int64_t lost_count = 0;

    for (int i = 0; i < assignment->list->cnt; i++) {
        bool is_restarted = assignment->list->elems[i].offset == RD_KAFKA_OFFSET_BEGINNING;
        int64_t position = is_restarted ? offsets[i].start : kafka_offsets_position(&offsets[i]);
        lost_count += log_start(&assignment->list->elems[i], &offsets[i]);
        assignment->list->elems[i].offset = position;
        assignment->places[i].next = position;
        assignment->places[i].end = offsets[i].end;
        /* It speaks of what comes behind that very commit, of that very log. */
        if (!is_restarted && position == offsets[i].committed && offsets[i].note[0] != '\0')
            assignment->places[i].note = memory_copy_text(offsets[i].note);
    }
    return lost_count;
}

void kafka_assignment_survey(struct kafka_assignment *assignment,
                             const struct kafka_offsets *offsets) {
    for (size_t i = 0; i < kafka_assignment_count(assignment); i++)
        assignment->places[i].end = offsets[i].end;
}

struct queue_position *kafka_assignment_positions(const struct kafka_assignment *assignment) {
    size_t count = kafka_assignment_count(assignment);
    struct queue_position *positions = memory_new_array(count, sizeof *positions);

    for (size_t i = 0; i < count; i++) {
        const rd_kafka_topic_partition_t *at = &assignment->list->elems[i];
        positions[i] = (struct queue_position){.topic = at->topic,
                                               .partition = at->partition,
                                               .offset = at->offset,
                                               .note = assignment->places[i].note};
    }
    return positions;
}

struct kafka_place *kafka_assignment_find(const struct kafka_assignment *assignment,
                                          const char *topic, int32_t partition) {
    size_t low = 0;
    size_t high = kafka_assignment_count(assignment);

    while (low < high) {
        size_t middle = (low + high) / 2;
        const rd_kafka_topic_partition_t *at = &assignment->list->elems[middle];
        int order = strcmp(topic, at->topic);
        if (order == 0 && partition == at->partition)
            return &assignment->places[middle];
        if (order < 0 || (order == 0 && partition < at->partition))
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

void kafka_assignment_divert(const struct kafka_assignment *assignment, rd_kafka_t *client,
                             rd_kafka_queue_t *records) {
    for (size_t i = 0; i < kafka_assignment_count(assignment); i++) {
        const rd_kafka_topic_partition_t *at = &assignment->list->elems[i];
        rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(client, at->topic, at->partition);
        if (queue == NULL)
            continue;
        rd_kafka_queue_forward(queue, records);
        rd_kafka_queue_destroy(queue);
    }
}

static void set_paused(rd_kafka_t *client, const char *topic, int32_t partition, bool paused) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, topic, partition);
    if (paused)
        rd_kafka_pause_partitions(client, list);
    else
        rd_kafka_resume_partitions(client, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void kafka_assignment_pause(struct kafka_assignment *assignment, rd_kafka_t *client,
                            const char *topic, int32_t partition, bool paused) {
    struct kafka_place *place = kafka_assignment_find(assignment, topic, partition);

    if (place == NULL || place->paused == paused)
        return;
    place->paused = paused;
    set_paused(client, topic, partition, paused);
}

void kafka_assignment_resume_all(struct kafka_assignment *assignment, rd_kafka_t *client) {
    for (size_t i = 0; i < kafka_assignment_count(assignment); i++) {
        const rd_kafka_topic_partition_t *at = &assignment->list->elems[i];
        kafka_assignment_pause(assignment, client, at->topic, at->partition, false);
    }
}
