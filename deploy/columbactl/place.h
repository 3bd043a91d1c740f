/* A record by its place, as operators write it: topic:partition:offset. Pure. */
#ifndef COLUMBA_CTL_PLACE_H
#define COLUMBA_CTL_PLACE_H

#include "common/queue/topics.h"

enum { PLACE_TEXT_SIZE = TOPIC_NAME_SIZE + 40 };

struct place {
    char topic[TOPIC_NAME_SIZE];
    int32_t partition;
    int64_t offset;
};

bool place_parse(const char *text, struct place *out, struct error *error);
void place_write(const char *topic, int32_t partition, int64_t offset, char out[PLACE_TEXT_SIZE]);

/* What a topic is for, by its name and the configuration. */
struct place_use {
    enum topic_role role;
    const char *lane;
    int64_t delay_ms; /* of a retry topic */
};

/* False, with an error that names those there are, when it is no topic of ours. lanes are those of
 * the configuration; the use points into them. */
bool place_use(const struct config *config, const char *const *lanes, size_t lane_count,
               const char *topic, struct place_use *out, struct error *error);

/* The topics of a lane: push, retries, dead. At most as many as topics has room for. */
size_t place_topics(const struct config *config, const char *lane, char (*topics)[TOPIC_NAME_SIZE],
                    size_t limit);

#endif
