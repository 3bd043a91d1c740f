#include "common/base/json.h"
#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/table.h"

static void write_json(const char *path, const struct config *config, struct buffer *out) {
    struct json_object *report = json_object_new_object();
    struct json_object *apps = json_object_new_array();

    for (size_t i = 0; i < config->apps.count; i++) {
        const struct app *app = &config->apps.list[i];
        struct json_object *entry = json_object_new_object();
        json_object_object_add(entry, "app_id", json_object_new_string(app->pattern));
        json_object_object_add(entry, "type",
                               json_object_new_string(provider_kind_name(app->kind)));
        json_object_object_add(entry, "lane", json_object_new_string(app->lane));
        json_object_array_add(apps, entry);
    }
    json_object_object_add(report, "file", json_object_new_string(path));
    json_object_object_add(report, "sound", json_object_new_boolean(true));
    json_object_object_add(report, "apps", apps);
    json_write(report, out);
    buffer_append_text(out, "\n");
    json_object_put(report);
}

void config_command_write(const char *path, const struct config *config, bool json,
                          struct buffer *out) {
    struct table *table;

    if (json) {
        write_json(path, config, out);
        return;
    }
    table = table_new((const char *const[]){"APP_ID", "TYPE", "LANE", NULL});
    for (size_t i = 0; i < config->apps.count; i++) {
        const struct app *app = &config->apps.list[i];
        table_text(table, app->pattern);
        table_text(table, provider_kind_name(app->kind));
        table_text(table, app->kind == PROVIDER_RETIRED ? "-" : app->lane);
    }
    buffer_append_format(out, "%s is sound.\n\n", path);
    table_write(table, out);
    table_free(table);
}

enum command_status config_command_check(const struct invocation *invocation, struct buffer *out,
                                         struct error *error) {
    struct config *config = config_load(invocation->config_path, error);

    if (config == NULL)
        return COMMAND_USAGE;
    config_command_write(invocation->config_path, config, invocation->json, out);
    config_release(config);
    return COMMAND_OK;
}

enum command_status config_command_import(const struct invocation *invocation, struct buffer *out,
                                          struct error *error) {
    const char *path = invocation->arguments[0];
    struct buffer yaml = {0};
    bool done = config_import(path, &yaml, error);

    if (done && !invocation->json) {
        buffer_append(out, buffer_slice(&yaml));
    } else if (done) {
        struct json_object *report = json_object_new_object();
        json_object_object_add(report, "file", json_object_new_string(path));
        json_object_object_add(report, "yaml", json_object_new_string(buffer_text(&yaml)));
        json_write(report, out);
        buffer_append_text(out, "\n");
        json_object_put(report);
    }
    buffer_free_secret(&yaml);
    return done ? COMMAND_OK : COMMAND_USAGE;
}
