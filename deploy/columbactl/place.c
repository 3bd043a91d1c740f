#include "deploy/columbactl/place.h"

#include "common/base/buffer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool place_parse(const char *text, struct place *out, struct error *error) {
    const char *second = strrchr(text, ':');
    const char *first = NULL;
    long long partition;
    long long offset;

    for (const char *at = text; second != NULL && at < second; at++)
        if (*at == ':')
            first = at;
    if (first == NULL || first == text || (size_t)(first - text) >= sizeof out->topic ||
        !slice_to_int64((struct slice){.data = first + 1, .size = (size_t)(second - first - 1)},
                        &partition) ||
        !slice_to_int64(slice_of(second + 1), &offset) || partition < 0 || partition > INT32_MAX ||
        offset < 0)
        return error_set(error, ERROR_CONFIG,
                         "\"%s\" is no place of a record; write it as topic:partition:offset",
                         text);
    *out = (struct place){.partition = (int32_t)partition, .offset = offset};
    memcpy(out->topic, text, (size_t)(first - text));
    return true;
}

void place_write(const char *topic, int32_t partition, int64_t offset, char out[PLACE_TEXT_SIZE]) {
    snprintf(out, PLACE_TEXT_SIZE, "%.*s:%" PRId32 ":%" PRId64, TOPIC_NAME_SIZE - 1, topic,
             partition, offset);
}

/* The topic of that number of a lane: push, dead, then the retries. */
static bool nth_topic(const struct config *config, const char *lane, size_t number,
                      struct place_use *use, char topic[TOPIC_NAME_SIZE]) {
    *use = (struct place_use){.role = number == 0 ? TOPIC_PUSH : TOPIC_DEAD, .lane = lane};
    if (number >= 2 + config->retry.delays.count)
        return false;
    if (number >= 2) {
        use->role = TOPIC_RETRY;
        use->delay_ms = config->retry.delays.items_ms[number - 2];
    }
    topic_name(&config->queue, use->role, lane, use->delay_ms, topic);
    return true;
}

bool place_use(const struct config *config, const char *const *lanes, size_t lane_count,
               const char *topic, struct place_use *out, struct error *error) {
    struct buffer lane_names = {0};
    char name[TOPIC_NAME_SIZE];

    for (size_t l = 0; l < lane_count; l++) {
        for (size_t i = 0; nth_topic(config, lanes[l], i, out, name); i++)
            if (strcmp(name, topic) == 0) {
                buffer_free(&lane_names);
                return true;
            }
        buffer_append_format(&lane_names, "%s%s", l == 0 ? "" : ", ", lanes[l]);
    }
    error_set(error, ERROR_CONFIG, "\"%s\" is no topic of the lanes of the configuration: %s",
              topic, buffer_text(&lane_names));
    buffer_free(&lane_names);
    return false;
}

size_t place_topics(const struct config *config, const char *lane, char (*topics)[TOPIC_NAME_SIZE],
                    size_t limit) {
    struct place_use use;
    size_t count = 0;

    while (count < limit && nth_topic(config, lane, count, &use, topics[count]))
        count++;
    return count;
}
