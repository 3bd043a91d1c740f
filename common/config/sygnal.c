#include "common/config/sygnal.h"

#include "common/config/options.h"
#include "common/config/sygnal_parts.h"

#include <string.h>

/* ---- What Sygnal's file can hold ---- */

/* Everything that Sygnal documents outside of its apps, in the order of its sample. */
static const struct known {
    const char *path;
    bool is_section; /* what is in it has rows of its own */
    bool (*is_noted)(const struct yaml_node *node);
    const char *note;
} known[] = {
    {.path = "log", .is_section = true},
    {.path = "log.setup",
     .is_noted = sygnal_is_there,
     .note =
         "gives only its level: Columba writes JSON lines on standard error, collect them there"},
    {.path = "log.access", .is_section = true},
    {.path = "log.access.x_forwarded_for",
     .is_noted = sygnal_is_true,
     .note = "is not needed: Columba logs no client's address, let the proxy before it do so"},
    {.path = "log.access.file",
     .is_noted = sygnal_is_there,
     .note = "is not heeded: there is no access log, let the proxy before Columba write one"},
    {.path = "log.access.enabled",
     .is_noted = sygnal_is_true,
     .note = "is not heeded: there is no access log, let the proxy before Columba write one"},
    {.path = "http", .is_section = true},
    {.path = "http.bind_addresses"},
    {.path = "http.port"},
    {.path = "proxy"},
    {.path = "metrics", .is_section = true},
    {.path = "metrics.prometheus", .is_section = true},
    {.path = "metrics.prometheus.enabled",
     .is_noted = sygnal_is_true,
     .note = "opens this port for the ingress and the next one for the dispatcher: scrape both, "
             "and take Columba's dashboards and alerts, for its metrics have other names"},
    {.path = "metrics.prometheus.address"},
    {.path = "metrics.prometheus.port"},
    {.path = "metrics.opentracing", .is_section = true},
    {.path = "metrics.opentracing.enabled",
     .is_noted = sygnal_is_true,
     .note =
         "is not taken over: Columba knows no Jaeger client, it speaks OTLP, which Jaeger takes as "
         "well: set tracing.endpoint"},
    {.path = "metrics.opentracing.implementation"},
    {.path = "metrics.opentracing.service_name"},
    {.path = "metrics.opentracing.jaeger"},
    {.path = "metrics.sentry", .is_section = true},
    {.path = "metrics.sentry.enabled",
     .is_noted = sygnal_is_true,
     .note = "is not taken over: what would go to Sentry is an alert on Columba's metrics, and a "
             "line in its log"},
    {.path = "metrics.sentry.dsn"},
    {.path = "db",
     .is_noted = sygnal_is_there,
     .note = "is not needed, nor is it by Sygnal: remove it"},
    {.path = "database",
     .is_noted = sygnal_is_there,
     .note = "is not needed, nor is it by Sygnal: remove it"},
};

/* ---- Whose file, whose section, whose key ---- */

static bool is_section_of_columba(const char *name) {
    for (size_t i = 0; i < options_section_count; i++)
        if (strcmp(options_sections[i].name, name) == 0)
            return true;
    return false;
}

/* Both have sections of that name. */
static bool is_section_of_both(const char *name) {
    return strcmp(name, "log") == 0 || strcmp(name, "apps") == 0;
}

static const struct option *option_of_columba(const char *section, const char *key) {
    const struct option_scope scope = {
        .rows = options_global, .count = options_global_count, .section = section};

    return option_find(&scope, key);
}

bool sygnal_is(const struct yaml_node *root) {
    static const char *const own[] = {"http", "metrics", "proxy", "db", "database"};
    const struct yaml_node *log = yaml_member(root, "log");
    bool has_sections = log != NULL;

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (yaml_member(root, own[i]) != NULL)
            return true;
    if (yaml_member(log, "setup") != NULL || yaml_member(log, "access") != NULL)
        return true;
    for (size_t i = 0; i < options_section_count; i++)
        has_sections |= strcmp(options_sections[i].name, "apps") != 0 &&
                        yaml_member(root, options_sections[i].name) != NULL;
    return !has_sections && yaml_member(root, "apps") != NULL;
}

/* ---- What is said of what is there ---- */

static const struct known *find_known(const char *path) {
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].path, path) == 0)
            return &known[i];
    return NULL;
}

static bool is_of_columba(const struct yaml_node *node) {
    if (node->parent->parent == NULL)
        return strcmp(node->key, "apps") == 0 ||
               (is_section_of_columba(node->key) && !is_section_of_both(node->key));
    return node->parent->parent->parent == NULL && is_section_of_both(node->parent->key) &&
           option_of_columba(node->parent->key, node->key) != NULL;
}

static bool note_members(const struct yaml_node *map, struct yaml_writer *out,
                         struct error *error) {
    bool done = true;

    for (size_t i = 0; done && i < map->count; i++) {
        const struct yaml_node *node = &map->children[i];
        struct buffer path = {0};
        if (is_of_columba(node))
            continue;
        yaml_append_path(node, &path);
        const struct known *row = find_known(buffer_text(&path));
        buffer_free(&path);
        if (row == NULL)
            sygnal_note(out, node, sygnal_unknown_key);
        else if (row->is_section && node->kind == YAML_MAP)
            done = note_members(node, out, error);
        else if (row->is_section && !yaml_is_null(node))
            done = yaml_refuse(node, error, "is not a map, expected keys and their values");
        else if (row->is_noted != NULL && row->is_noted(node))
            sygnal_note(out, node, row->note);
    }
    return done;
}

/* ---- The text ---- */

/* What the file itself says of this section in Columba's words. */
static void copy_own(const char *section, const struct yaml_node *own, struct yaml_writer *out) {
    bool is_mixed = is_section_of_both(section);

    for (size_t i = 0; own != NULL && i < own->count; i++)
        if (!is_mixed || option_of_columba(section, own->children[i].key) != NULL)
            yaml_writer_node(out, own->children[i].key, &own->children[i], YAML_WORDS_OURS);
}

/* By its name, or as a secret in a file. */
static bool has_own(const struct yaml_node *own, const struct sygnal_option *option) {
    const struct option *row = option_of_columba(option->section, option->key);

    for (size_t i = 0; own != NULL && i < own->count; i++)
        if (!yaml_is_null(&own->children[i]) &&
            option_of_columba(option->section, own->children[i].key) == row)
            return true;
    return false;
}

static bool write_section(const char *section, const struct yaml_node *root,
                          struct yaml_writer *out, struct error *error) {
    const struct yaml_node *own = yaml_member(root, section);

    if (own != NULL && own->kind != YAML_MAP)
        return yaml_refuse(own, error, "is not a map, expected keys and their values");
    const struct yaml_writer before = *out;
    yaml_writer_comment(out, "%s", "");
    yaml_writer_open(out, section, own == NULL ? 1 : own->line);
    size_t size_of_nothing = out->text.size;
    copy_own(section, own, out);
    for (size_t i = 0; i < sygnal_option_count; i++) {
        const struct sygnal_option *option = &sygnal_options[i];
        if (strcmp(option->section, section) == 0 && !has_own(own, option) &&
            !option->write(option, root, out, error))
            return false;
    }
    yaml_writer_close(out);
    if (out->text.size == size_of_nothing)
        yaml_writer_rewind(out, &before);
    return true;
}

bool sygnal_translate(const struct yaml_node *root, struct yaml_writer *out, struct error *error) {
    const struct yaml_writer before = *out;
    yaml_writer_comment(out, "%s", "");
    size_t line_count = out->line_count;
    if (!note_members(root, out, error))
        return false;
    if (out->line_count == line_count)
        yaml_writer_rewind(out, &before);
    for (size_t i = 0; i < options_section_count; i++) {
        const char *section = options_sections[i].name;
        if (strcmp(section, "apps") == 0) {
            if (!sygnal_apps_write(yaml_member(root, section), out, error))
                return false;
        } else if (!write_section(section, root, out, error)) {
            return false;
        }
    }
    return true;
}
