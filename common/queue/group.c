#include "common/queue/group.h"

#include "common/base/memory.h"
#include "common/queue/kafka_admin.h"
#include "common/queue/kafka_client.h"

#include <stdio.h>
#include <string.h>

static rd_kafka_topic_partition_list_t *list_of(const struct group_commit *commits, size_t count) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);

    for (size_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_t *entry =
            rd_kafka_topic_partition_list_add(list, commits[i].topic, commits[i].partition);
        size_t size = strlen(commits[i].note);
        entry->offset = commits[i].offset;
        if (size == 0)
            continue;
        entry->metadata = memory_copy_text(commits[i].note); /* the list frees it */
        entry->metadata_size = size;
    }
    return list;
}

bool group_read(const struct queue_config *config, const char *group, struct group_commit *commits,
                size_t count, int64_t timeout_ms, struct error *error) {
    struct kafka_admin *admin = kafka_admin_open(config, group, timeout_ms, error);
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t code;

    if (admin == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        commits[i].note[0] = '\0';
    list = list_of(commits, count);
    code =
        rd_kafka_committed(kafka_admin_client(admin), list, (int)kafka_admin_remaining_ms(admin));
    for (size_t i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < count; i++) {
        const rd_kafka_topic_partition_t *entry = &list->elems[i];
        commits[i].offset = entry->offset >= 0 ? entry->offset : -1;
        snprintf(commits[i].note, sizeof commits[i].note, "%.*s", (int)entry->metadata_size,
                 entry->metadata == NULL ? "" : (const char *)entry->metadata);
        code = entry->err;
    }
    rd_kafka_topic_partition_list_destroy(list);
    kafka_admin_close(admin);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           kafka_error_set(error, code, "the brokers do not tell what group %s has committed: %s",
                           group, rd_kafka_err2str(code));
}

/* What brokers say to a stranger while the group has members. */
static bool means_busy(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
           code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
           code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
}

bool group_write(const struct queue_config *config, const char *group,
                 const struct group_commit *commits, size_t count, int64_t timeout_ms,
                 struct error *error) {
    struct kafka_admin *admin = kafka_admin_open(config, group, timeout_ms, error);
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t code;

    if (admin == NULL)
        return false;
    list = list_of(commits, count);
    code = rd_kafka_commit(kafka_admin_client(admin), list, 0);
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
        code = list->elems[i].err;
    rd_kafka_topic_partition_list_destroy(list);
    kafka_admin_close(admin);
    if (means_busy(code))
        return error_set(error, ERROR_REFUSED,
                         "group %s has members, and only they may commit: stop them first", group);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           kafka_error_set(error, code, "group %s: the commit fails: %s", group,
                           rd_kafka_err2str(code));
}

static bool has_partition(const rd_kafka_MemberDescription_t *member, const char *topic,
                          int32_t partition) {
    const rd_kafka_MemberAssignment_t *assignment = rd_kafka_MemberDescription_assignment(member);
    const rd_kafka_topic_partition_list_t *list =
        assignment == NULL ? NULL : rd_kafka_MemberAssignment_partitions(assignment);

    for (int i = 0; list != NULL && i < list->cnt; i++)
        if (list->elems[i].partition == partition && strcmp(list->elems[i].topic, topic) == 0)
            return true;
    return false;
}

static rd_kafka_event_t *describe(struct kafka_admin *admin, const char *group,
                                  struct error *error) {
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka_admin_client(admin));
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(
        kafka_admin_client(admin), RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    int timeout_ms = (int)kafka_admin_remaining_ms(admin);
    rd_kafka_event_t *event;
    char reason[200];

    rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, reason, sizeof reason);
    rd_kafka_DescribeConsumerGroups(kafka_admin_client(admin), &group, 1, options, queue);
    event = rd_kafka_queue_poll(queue, timeout_ms + 1000);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    if (event != NULL && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return event;
    kafka_error_set(error,
                    event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event),
                    "the brokers do not describe group %s: %s", group,
                    event == NULL ? "no answer" : rd_kafka_event_error_string(event));
    if (event != NULL)
        rd_kafka_event_destroy(event);
    return NULL;
}

bool group_members(const struct queue_config *config, const char *group, const char *topic,
                   int32_t partition, int64_t timeout_ms, struct group_member **out, size_t *count,
                   struct error *error) {
    struct kafka_admin *admin = kafka_admin_open(config, group, timeout_ms, error);
    rd_kafka_event_t *event = admin == NULL ? NULL : describe(admin, group, error);
    const rd_kafka_ConsumerGroupDescription_t **groups;
    size_t group_count = 0;

    *out = NULL;
    *count = 0;
    if (event == NULL) {
        kafka_admin_close(admin);
        return false;
    }
    groups = rd_kafka_DescribeConsumerGroups_result_groups(
        rd_kafka_event_DescribeConsumerGroups_result(event), &group_count);
    *count = group_count == 0 ? 0 : rd_kafka_ConsumerGroupDescription_member_count(groups[0]);
    *out = memory_new_array(*count + 1, sizeof **out);
    for (size_t i = 0; i < *count; i++) {
        const rd_kafka_MemberDescription_t *member =
            rd_kafka_ConsumerGroupDescription_member(groups[0], i);
        snprintf((*out)[i].name, sizeof(*out)[i].name, "%s at %s",
                 rd_kafka_MemberDescription_client_id(member),
                 rd_kafka_MemberDescription_host(member));
        (*out)[i].has_partition = has_partition(member, topic, partition);
    }
    rd_kafka_event_destroy(event);
    kafka_admin_close(admin);
    return true;
}
