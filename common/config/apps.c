#include "common/config/apps.h"

#include "common/base/memory.h"
#include "common/config/options.h"

#include <string.h>

/* ---- The types that only apps have ---- */

static bool read_kind(const struct option *option, const struct yaml_node *node, void *target,
                      struct error *error) {
    enum provider_kind *kind = (void *)((char *)target + option->offset);

    if (node->kind != YAML_TEXT || !provider_kind_parse(slice_of(node->text), kind))
        return option_refuse(option, node, "is not a type of app", error);
    if (!options_kinds[*kind].supported)
        return yaml_refuse(node, error, "type %s is not supported by this version",
                           provider_kind_name(*kind));
    return true;
}

static void expect_kind(const struct option *option, struct buffer *out) {
    buffer_append_text(out, "one of ");
    option_append_kinds(option, out);
}

const struct option_type option_kind = {read_kind, expect_kind, NULL};

static bool read_api_version(const struct option *option, const struct yaml_node *node,
                             void *target, struct error *error) {
    (void)target;
    if (node->kind == YAML_TEXT && strcmp(node->text, "legacy") == 0)
        return yaml_refuse(
            node, error,
            "legacy is an API that Google has switched off, expected v1, with project_id "
            "and service_account_file set");
    return (node->kind == YAML_TEXT && strcmp(node->text, "v1") == 0) ||
           option_refuse(option, node, "is not a version of the API", error);
}

static void expect_api_version(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_text(out, "v1");
}

const struct option_type option_api_version = {read_api_version, expect_api_version, NULL};

static bool read_obsolete(const struct option *option, const struct yaml_node *node, void *target,
                          struct error *error) {
    (void)target;
    (void)error;
    yaml_warn(node, "config_key_ignored", option->help);
    return true;
}

static void expect_obsolete(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_text(out, "anything, ignored");
}

const struct option_type option_obsolete = {read_obsolete, expect_obsolete, NULL};

static bool read_json(const struct option *option, const struct yaml_node *node, void *target,
                      struct error *error) {
    struct json_object **tree = (void *)((char *)target + option->offset);

    if (node->kind != YAML_MAP)
        return option_refuse(option, node, "is not a map", error);
    return yaml_to_json(node, tree, error);
}

static void expect_json(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_text(out, "a map of anything");
}

const struct option_type option_json = {read_json, expect_json, NULL};

/* ---- The section ---- */

/* Whoever registers a pushkey names the host that is called. */
static bool is_called_by_endpoint(enum provider_kind kind) {
    return kind == PROVIDER_WEBPUSH || kind == PROVIDER_UNIFIEDPUSH;
}

/* The type comes first: which other keys may stand there hangs on it. When it is missing, a slip of
 * its own name may be why. */
static bool read_app(const struct yaml_node *node, bool without_keys, struct app *app,
                     struct error *error) {
    const struct option_scope scope = {
        .rows = options_app, .count = options_app_count, .without_keys = without_keys};

    app->pattern = memory_copy_text(node->key);
    if (node->key[0] == '\0')
        return yaml_refuse(node, error, "is not an app, expected its app_id or a glob");
    if (node->kind != YAML_MAP && !yaml_is_null(node))
        return yaml_refuse(node, error, "is not a map, expected the settings of an app");
    if (yaml_member(node, options_app[0].name) == NULL && node->kind == YAML_MAP &&
        !option_check_names(&scope, node, error))
        return false;
    if (!option_read_row(&scope, &options_app[0], node, node, app, error) ||
        !option_read(&scope, node, node, 1U << app->kind, app, error))
        return false;
    app->route.is_guarded = is_called_by_endpoint(app->kind);
    if (app->lane == NULL)
        app->lane = memory_copy_text(provider_kind_name(app->kind));
    return true;
}

bool apps_read(const struct yaml_node *root, bool without_keys, struct apps *apps,
               struct error *error) {
    const struct yaml_node *section = yaml_member(root, "apps");
    bool done = true;

    if (section != NULL && section->kind != YAML_MAP)
        return yaml_refuse(section, error, "is not a map, expected apps and their settings");
    if (section == NULL || section->count == 0)
        return yaml_refuse_member(root, "apps", error, "is missing, expected at least one app");
    apps->list = memory_new_array(section->count, sizeof *apps->list);
    for (size_t i = 0; done && i < section->count; i++)
        done = read_app(&section->children[i], without_keys, &apps->list[apps->count++], error);
    return done;
}
