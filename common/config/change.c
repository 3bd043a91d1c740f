#include "common/config/change.h"

#include "common/config/options.h"
#include "common/push/traffic.h"

#include <string.h>

static bool is_in_section(const char *name, const char *section) {
    const size_t size = strlen(section);

    return strncmp(name, section, size) == 0 && name[size] == '.';
}

static bool concerns(const struct option *option, const char *section) {
    static const char *const of_programs[] = {"ingress", "dispatcher"};

    for (size_t i = 0; i < sizeof of_programs / sizeof of_programs[0]; i++)
        if (strcmp(of_programs[i], section) != 0 && is_in_section(option->name, of_programs[i]))
            return false;
    return true;
}

static bool differs(const struct option *option, enum option_reload reload, const char *section,
                    const struct config *a, const struct config *b) {
    return option->reload == reload && concerns(option, section) &&
           !option->type->is_equal(option, a, b);
}

/* Another app may serve a name that lost its own entry; what a glob served, only the same glob is
 * sure to serve. */
static bool is_served(const struct apps *apps, const char *pattern) {
    if (strpbrk(pattern, "*?") == NULL)
        return apps_find(apps, slice_of(pattern)) != NULL;
    for (size_t i = 0; i < apps->count; i++)
        if (strcmp(apps->list[i].pattern, pattern) == 0)
            return true;
    return false;
}

static bool is_recent(int64_t last_ms, int64_t now_ms) {
    return last_ms > 0 && now_ms - last_ms < CHANGE_TRAFFIC_MS;
}

bool change_check(const struct config *now, const struct config *next, const char *section,
                  int64_t now_ms, struct error *error) {
    for (size_t i = 0; i < options_global_count; i++)
        if (differs(&options_global[i], RELOAD_REFUSED, section, now, next))
            return error_set(error, ERROR_CONFIG,
                             "%s: is another than the program was started with: restart it",
                             options_global[i].name);
    for (size_t i = 0; i < now->apps.count; i++) {
        const char *pattern = now->apps.list[i].pattern;
        if (is_recent(traffic_last_ms(now->traffic, i), now_ms) && !is_served(&next->apps, pattern))
            return error_set(error, ERROR_CONFIG,
                             "apps.%s: is missing, but had a push within a day, expected it there, "
                             "with type: retired if it is gone for good; or restart the program",
                             pattern);
    }
    return true;
}

void change_restart_keys(const struct config *started, const struct config *next,
                         const char *section, struct buffer *out) {
    for (size_t i = 0; i < options_global_count; i++) {
        if (!differs(&options_global[i], RELOAD_RESTART, section, started, next))
            continue;
        buffer_append_text(out, out->size == 0 ? "" : ", ");
        buffer_append_text(out, options_global[i].name);
    }
}

void change_keep_traffic(const struct config *now, const struct config *next) {
    for (size_t i = 0; i < next->apps.count; i++)
        for (size_t j = 0; j < now->apps.count; j++)
            if (strcmp(next->apps.list[i].pattern, now->apps.list[j].pattern) == 0)
                traffic_note(next->traffic, i, traffic_last_ms(now->traffic, j));
}
