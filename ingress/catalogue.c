#include "ingress/catalogue.h"

#include "common/base/memory.h"
#include "common/queue/topics.h"

#include <stdlib.h>

static char *topic_at(const struct catalogue *catalogue, size_t app) {
    return catalogue->topics + app * TOPIC_NAME_SIZE;
}

struct catalogue *catalogue_new(const struct config *config) {
    struct catalogue *catalogue = memory_new(sizeof *catalogue);

    catalogue->config = config_hold(config);
    catalogue->references = 1;
    catalogue->topics = memory_new_array(config->apps.count, TOPIC_NAME_SIZE);
    for (size_t i = 0; i < config->apps.count; i++)
        topic_name(&config->queue, TOPIC_PUSH, config->apps.list[i].lane, 0,
                   topic_at(catalogue, i));
    return catalogue;
}

struct catalogue *catalogue_hold(struct catalogue *catalogue) {
    catalogue->references++;
    return catalogue;
}

void catalogue_release(struct catalogue *catalogue) {
    if (catalogue == NULL || --catalogue->references > 0)
        return;
    config_release(catalogue->config);
    free(catalogue->topics);
    free(catalogue);
}

const char *catalogue_topic(const struct catalogue *catalogue, const struct app *app) {
    return topic_at(catalogue, (size_t)(app - catalogue->config->apps.list));
}
