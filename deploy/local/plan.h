/* Which topics the embedded broker makes, and which group reads them. Pure. */
#ifndef COLUMBA_LOCAL_PLAN_H
#define COLUMBA_LOCAL_PLAN_H

#include "common/queue/topics.h"

enum { PLAN_GROUP_LIMIT = 32, PLAN_TOPIC_LIMIT = 64 };

struct plan_group {
    char name[TOPIC_NAME_SIZE]; /* "" when no group is known to read them */
    char topics[PLAN_TOPIC_LIMIT][TOPIC_NAME_SIZE];
    size_t topic_count;
};

struct plan {
    int partitions;
    struct plan_group groups[PLAN_GROUP_LIMIT];
    size_t group_count;
};

/* The topics of every lane; release with free(). */
struct plan *plan_of_config(const struct config *config);

/* The topics of a comma-separated list; release with free(). NULL when a name cannot be one. */
struct plan *plan_of_list(const char *list, int partitions, struct error *error);

#endif
