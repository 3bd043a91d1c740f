#include "deploy/columbactl/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

void report_text(struct json_object *object, const char *name, const char *text) {
    json_object_object_add(object, name, text == NULL ? NULL : json_object_new_string(text));
}

void report_number(struct json_object *object, const char *name, int64_t number) {
    json_object_object_add(object, name, json_object_new_int64(number));
}

void report_bool(struct json_object *object, const char *name, bool value) {
    json_object_object_add(object, name, json_object_new_boolean(value));
}

struct json_object *report_list(struct json_object *object, const char *name) {
    struct json_object *list = json_object_new_array();

    json_object_object_add(object, name, list);
    return list;
}

struct json_object *report_entry(struct json_object *list) {
    struct json_object *entry = json_object_new_object();

    json_object_array_add(list, entry);
    return entry;
}

void report_end_take(struct json_object *object, struct buffer *out) {
    json_write(object, out);
    buffer_append_text(out, "\n");
    json_object_put(object);
}

int64_t report_now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void report_time(int64_t wall_ms, char out[REPORT_TEXT_SIZE]) {
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;

    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(out, REPORT_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf(out, REPORT_TEXT_SIZE, "%" PRId64, wall_ms);
}

void report_duration(int64_t ms, char out[REPORT_TEXT_SIZE]) {
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
    enum { UNIT_COUNT = sizeof units / sizeof units[0] };
    int64_t seconds = ms / 1000;

    for (size_t i = 0; i < UNIT_COUNT; i++) {
        int64_t count = seconds / units[i].seconds;
        int64_t rest = i + 1 < UNIT_COUNT ? seconds % units[i].seconds / units[i + 1].seconds : 0;
        if (count == 0 && i + 1 < UNIT_COUNT)
            continue;
        if (rest > 0)
            snprintf(out, REPORT_TEXT_SIZE, "%" PRId64 "%s %" PRId64 "%s", count, units[i].name,
                     rest, units[i + 1].name);
        else
            snprintf(out, REPORT_TEXT_SIZE, "%" PRId64 "%s", count, units[i].name);
        return;
    }
}
