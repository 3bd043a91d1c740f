#include "deploy/local/plan.h"

#include "common/base/memory.h"

#include <stdlib.h>
#include <string.h>

static void add_lane(struct plan *plan, const struct config *config, const char *lane) {
    const struct queue_config *queue = &config->queue;
    const struct duration_list *delays = &config->retry.delays;
    struct plan_group *group = &plan->groups[plan->group_count++];

    topic_group(queue, lane, group->name);
    topic_name(queue, TOPIC_PUSH, lane, 0, group->topics[group->topic_count++]);
    for (size_t i = 0; i < delays->count; i++)
        topic_name(queue, TOPIC_RETRY, lane, delays->items_ms[i],
                   group->topics[group->topic_count++]);
    topic_name(queue, TOPIC_DEAD, lane, 0, group->topics[group->topic_count++]);
}

struct plan *plan_of_config(const struct config *config) {
    const char *lanes[PLAN_GROUP_LIMIT];
    size_t count = topic_lanes(config, lanes, PLAN_GROUP_LIMIT);
    struct plan *plan = memory_new(sizeof *plan);

    plan->partitions = (int)config->queue.partitions;
    for (size_t i = 0; i < count; i++)
        add_lane(plan, config, lanes[i]);
    return plan;
}

struct plan *plan_of_list(const char *list, int partitions, struct error *error) {
    struct plan *plan = memory_new(sizeof *plan);
    struct plan_group *group = &plan->groups[0];

    plan->partitions = partitions;
    plan->group_count = 1;
    for (const char *at = list;; at++) {
        size_t size = strcspn(at, ",");
        if (size == 0 || size >= TOPIC_NAME_SIZE || group->topic_count == PLAN_TOPIC_LIMIT)
            goto out;
        memcpy(group->topics[group->topic_count++], at, size);
        at += size;
        if (*at == '\0')
            return plan;
    }
out:
    error_set(error, ERROR_CONFIG, "--topics wants up to %d names of 1 to %d characters",
              PLAN_TOPIC_LIMIT, TOPIC_NAME_SIZE - 1);
    free(plan);
    return NULL;
}
