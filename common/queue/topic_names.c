#include "common/queue/topics.h"

#include <stdio.h>
#include <string.h>

void topic_name(const struct queue_config *config, enum topic_role role, const char *lane,
                int64_t delay_ms, char out[TOPIC_NAME_SIZE]) {
    static const char *const roles[] = {
        [TOPIC_PUSH] = "push", [TOPIC_RETRY] = "retry", [TOPIC_DEAD] = "dead"};
    char delay[32] = "";

    if (role == TOPIC_RETRY) {
        delay[0] = '.';
        topic_delay_text(delay_ms, delay + 1, sizeof delay - 1);
    }
    snprintf(out, TOPIC_NAME_SIZE, "%s%s.%s%s", config->prefix, roles[role], lane, delay);
}

bool topic_is_retry(const struct queue_config *config, const char *lane, const char *name) {
    static const char *const units[] = {"h", "m", "s", "ms"};
    char stem[TOPIC_NAME_SIZE];
    bool has_unit = false;

    snprintf(stem, sizeof stem, "%sretry.%s.", config->prefix, lane);
    if (strncmp(name, stem, strlen(stem)) != 0)
        return false;
    const char *delay = name + strlen(stem);
    size_t digit_count = strspn(delay, "0123456789");
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        has_unit = has_unit || strcmp(delay + digit_count, units[i]) == 0;
    return digit_count > 0 && has_unit;
}

void topic_group(const struct queue_config *config, const char *lane, char out[TOPIC_NAME_SIZE]) {
    snprintf(out, TOPIC_NAME_SIZE, "%s%s", config->prefix, lane);
}

void topic_delay_text(int64_t delay_ms, char *out, size_t size) {
    static const struct {
        int64_t length_ms;
        const char *name;
    } units[] = {{3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    size_t unit = 0;

    while (delay_ms % units[unit].length_ms != 0)
        unit++;
    snprintf(out, size, "%lld%s", (long long)(delay_ms / units[unit].length_ms), units[unit].name);
}

static bool is_among(const char *const *lanes, size_t count, const char *lane) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(lanes[i], lane) == 0)
            return true;
    }
    return false;
}

size_t topic_lanes(const struct config *config, const char *lanes[], size_t limit) {
    const struct text_list *named = &config->dispatcher.lanes;
    size_t count = 0;

    for (size_t i = 0; i < named->count && count < limit; i++) {
        if (!is_among(lanes, count, named->items[i]))
            lanes[count++] = named->items[i];
    }
    if (named->count > 0)
        return count;
    for (size_t i = 0; i < config->apps.count && count < limit; i++) {
        const struct app *app = &config->apps.list[i];
        if (app->kind != PROVIDER_RETIRED && !is_among(lanes, count, app->lane))
            lanes[count++] = app->lane;
    }
    return count;
}
