#include "common/config/config.h"

#include "common/base/memory.h"
#include "common/config/apps.h"
#include "common/config/document.h"
#include "common/config/file.h"
#include "common/config/options.h"
#include "common/config/secret.h"
#include "common/config/value.h"
#include "common/push/traffic.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 4 * 1024 * 1024 };

/* ---- Reading ---- */

static bool read_sections(const struct yaml_node *root, bool without_keys, struct config *config,
                          struct error *error) {
    const struct option_scope names = {.rows = options_sections, .count = options_section_count};
    bool done = option_check_names(&names, root, error);

    for (size_t i = 0; done && i < options_section_count; i++) {
        const struct option_scope scope = {.rows = options_global,
                                           .count = options_global_count,
                                           .section = options_sections[i].name,
                                           .without_keys = without_keys};
        const struct yaml_node *map = yaml_member(root, scope.section);
        if (strcmp(scope.section, "apps") == 0)
            done = apps_read(root, without_keys, &config->apps, error);
        else
            done = option_read(&scope, map, root, 0, config, error);
    }
    return done;
}

/* What one row alone cannot say. */
static bool check_together(const struct yaml_node *root, const struct config *config,
                           struct error *error) {
    const struct yaml_node *queue = yaml_member(root, "queue");
    const struct yaml_node *retry = yaml_member(root, "retry");
    const struct duration_list *delays = &config->retry.delays;
    int64_t longest_ms = delays->items_ms[delays->count - 1];
    char longest[VALUE_TEXT_SIZE];

    if (config->redis.username != NULL && config->redis.password == NULL)
        return yaml_refuse(yaml_member(yaml_member(root, "redis"), "username"), error,
                           "is there without redis.password, expected both or none");
    if (config->queue.replication == 1)
        yaml_warn(yaml_member(queue, "replication"), "config_single_replica",
                  "a broker that is lost takes accepted pushes with it: 3 in earnest");
    /* A retry topic keeps its records for twice max_age: a longer delay would lose them. */
    if (longest_ms > config->retry.max_age_ms) {
        const struct yaml_node *max_age = yaml_member(retry, "max_age");
        value_duration_format(longest_ms, longest);
        return yaml_refuse(max_age != NULL ? max_age : yaml_member(retry, "delays"), error,
                           "the longest delay is %s, expected none longer than retry.max_age",
                           longest);
    }
    return true;
}

/* "" is an app's own word for none. */
static void settle_proxies(struct config *config) {
    const char *common = config->dispatcher.proxy;

    for (size_t i = 0; i < config->apps.count; i++) {
        struct route *route = &config->apps.list[i].route;
        if (route->proxy == NULL && common != NULL)
            route->proxy = memory_copy_text(common);
        if (route->proxy != NULL && route->proxy[0] == '\0') {
            free(route->proxy);
            route->proxy = NULL;
        }
    }
}

/* The sources are the configuration's, if there is one. */
static struct config *parse(const char *name, struct slice yaml, bool without_keys,
                            struct sources *sources, struct error *error) {
    struct document document;
    struct config *config = NULL;

    if (!document_open(name, yaml, sources, &document, error))
        return NULL;
    const struct yaml_node *root = yaml_tree_root(document.tree);
    config = memory_new(sizeof *config);
    config->references = 1;
    if (read_sections(root, without_keys, config, error) && check_together(root, config, error)) {
        settle_proxies(config);
        config->traffic = traffic_new(config->apps.count);
        sources_move(&config->sources, sources);
        document_log_warnings(&document);
    } else {
        config_release(config);
        config = NULL;
    }
    document_close(&document);
    return config;
}

struct config *config_parse(const char *name, struct slice yaml, struct error *error) {
    struct sources seen = {0};
    struct config *config = parse(name, yaml, false, &seen, error);

    sources_free(&seen);
    return config;
}

struct config *config_load_watched(const char *path, bool without_keys, struct sources *seen,
                                   struct error *error) {
    struct config *config = NULL;
    struct buffer yaml = {0};

    if (sources_read(seen, path, FILE_BYTES_MAX, &yaml, error))
        config = parse(path, buffer_slice(&yaml), without_keys, seen, error);
    else
        error_prefix(error, "%s", path);
    secret_free(&yaml);
    return config;
}

static struct config *load(const char *path, bool without_keys, struct error *error) {
    struct sources seen = {0};
    struct config *config = config_load_watched(path, without_keys, &seen, error);

    sources_free(&seen);
    return config;
}

struct config *config_load(const char *path, struct error *error) {
    return load(path, false, error);
}

struct config *config_load_without_keys(const char *path, struct error *error) {
    return load(path, true, error);
}

/* ---- Importing ---- */

static void append_head(const char *path, struct buffer *out) {
    buffer_append_text(out, "# The configuration of Columba, made from ");
    buffer_append_json_escaped(out, slice_of(path));
    buffer_append_text(out, " (Sygnal's).\n"
                            "# Every option: columba-ingress --help-config\n");
}

bool config_import(const char *path, struct buffer *out, struct error *error) {
    struct yaml_writer writer = {0};
    struct buffer yaml = {0};
    struct sources seen = {0};
    struct config *config = NULL;

    if (!file_read(path, FILE_BYTES_MAX, &yaml, error))
        error_prefix(error, "%s", path);
    else
        config = parse(path, buffer_slice(&yaml), true, &seen, error);
    sources_free(&seen);
    if (config != NULL && document_import(path, buffer_slice(&yaml), &writer, error)) {
        append_head(path, out);
        buffer_append(out, buffer_slice(&writer.text));
    }
    config_release(config);
    yaml_writer_free(&writer);
    secret_free(&yaml);
    return error->code == ERROR_NONE;
}

/* ---- Sharing ---- */

const struct config *config_hold(const struct config *config) {
    ((struct config *)config)->references++;
    return config;
}

void config_release(const struct config *config) {
    struct config *last = (struct config *)config;

    if (config == NULL || --last->references > 0)
        return;
    option_release(options_global, options_global_count, last);
    apps_free(&last->apps);
    traffic_free(last->traffic);
    sources_free(&last->sources);
    free(last);
}

void config_note_traffic(const struct config *config, const struct app *app, int64_t now_ms) {
    traffic_note(config->traffic, (size_t)(app - config->apps.list), now_ms);
}
