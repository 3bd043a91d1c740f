/* What a consumer group has committed, changed by somebody who is no member of it: for the
 * operator's tool. Blocks. */
#ifndef COLUMBA_QUEUE_GROUP_H
#define COLUMBA_QUEUE_GROUP_H

#include "common/config/config.h"

enum { GROUP_NOTE_SIZE = 4000, GROUP_MEMBER_SIZE = 200 }; /* brokers take notes of 4096 bytes */

struct group_commit {
    const char *topic;
    int32_t partition;
    int64_t offset;             /* of the next record; -1 when there is no commit */
    char note[GROUP_NOTE_SIZE]; /* kept beside it */
};

/* Fills offset and note of each. */
bool group_read(const struct queue_config *config, const char *group, struct group_commit *commits,
                size_t count, int64_t timeout_ms, struct error *error);

/* The brokers refuse it (ERROR_REFUSED) while the group has members. */
bool group_write(const struct queue_config *config, const char *group,
                 const struct group_commit *commits, size_t count, int64_t timeout_ms,
                 struct error *error);

struct group_member {
    char name[GROUP_MEMBER_SIZE]; /* its client's name, and its host */
    bool has_partition;           /* the one that was asked for is assigned to it */
};

/* Who is in the group; none is no failure. *out is released with free(). */
bool group_members(const struct queue_config *config, const char *group, const char *topic,
                   int32_t partition, int64_t timeout_ms, struct group_member **out, size_t *count,
                   struct error *error);

#endif
