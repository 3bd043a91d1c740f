#include "common/config/apps.h"

#include "common/base/memory.h"
#include "common/config/option_parts.h"
#include "common/config/options.h"
#include "common/config/sources.h"
#include "common/config/value.h"

#include <string.h>

enum { ROUTE_FILE_BYTES_MAX = 4 * 1024 * 1024 };

/* ---- The types that only apps have ---- */

static bool read_kind(const struct option *option, const struct yaml_node *node, void *target,
                      struct error *error) {
    enum provider_kind *kind = option_field(option, target);

    return (node->kind == YAML_TEXT && provider_kind_parse(slice_of(node->text), kind)) ||
           option_refuse(option, node, "is not a type of app", error);
}

static void expect_kind(const struct option *option, struct buffer *out) {
    buffer_append_text(out, "one of ");
    option_append_kinds(option, out);
}

const struct option_type option_kind = {read_kind, expect_kind, NULL, NULL};

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

const struct option_type option_api_version = {read_api_version, expect_api_version, NULL, NULL};

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

const struct option_type option_obsolete = {read_obsolete, expect_obsolete, NULL, NULL};

static bool read_json(const struct option *option, const struct yaml_node *node, void *target,
                      struct error *error) {
    struct json_object **tree = option_field(option, target);

    if (node->kind != YAML_MAP)
        return option_refuse(option, node, "is not a map", error);
    return yaml_to_json(node, tree, error);
}

static void expect_json(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_text(out, "a map of anything");
}

const struct option_type option_json = {read_json, expect_json, NULL, NULL};

/* Sygnal's are seconds. */
static bool read_ttl(const struct option *option, const struct yaml_node *node, void *target,
                     struct error *error) {
    int64_t *ttl_ms = option_field(option, target);
    int64_t seconds = 0;

    if (node->kind != YAML_TEXT || !value_integer_parse(node->text, &seconds, NULL))
        return option_duration.read(option, node, target, error);
    if (seconds < option->minimum / 1000 || seconds > option->maximum / 1000)
        return option_refuse(option, node, "is out of bounds", error);
    *ttl_ms = seconds * 1000;
    return true;
}

static void expect_ttl(const struct option *option, struct buffer *out) {
    option_duration.expect(option, out);
    buffer_append_text(out, ", or a number of seconds");
}

const struct option_type option_ttl = {read_ttl, expect_ttl, NULL, NULL};

static bool read_contact(const struct option *option, const struct yaml_node *node, void *target,
                         struct error *error) {
    char **contact = option_field(option, target);
    struct buffer text = {0};

    if (node->kind != YAML_TEXT || !value_is_contact(node->text))
        return option_refuse(option, node, "is nobody push services would write to", error);
    if (strncmp(node->text, "https:", strlen("https:")) != 0 &&
        strncmp(node->text, "mailto:", strlen("mailto:")) != 0)
        buffer_append_text(&text, "mailto:");
    buffer_append_text(&text, node->text);
    *contact = memory_copy_text(buffer_text(&text));
    buffer_free(&text);
    return true;
}

static void expect_contact(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_text(out, "an e-mail address or an https URL, not of localhost, .local or "
                            ".invalid");
}

const struct option_type option_contact = {read_contact, expect_contact, NULL, NULL};

/* ---- The section ---- */

/* Whoever registers a pushkey names the host that is called. */
static bool is_called_by_endpoint(enum provider_kind kind) {
    return kind == PROVIDER_WEBPUSH || kind == PROVIDER_UNIFIEDPUSH;
}

/* Apple believes either a signed token or a certificate. */
static bool check_apns(const struct yaml_node *node, const struct app *app, struct error *error) {
    const struct {
        const char *name;
        const char *value;
    } with_key[] = {
        {"key_id", app->apns.key_id},
        {"team_id", app->apns.team_id},
        {"topic", app->apns.topic},
    };

    if (app->apns.key_file == NULL && app->route.certificate_file == NULL)
        return yaml_refuse_member(node, "keyfile", error, "is missing, expected it or a certfile");
    if (app->apns.key_file == NULL)
        return true;
    if (app->route.certificate_file != NULL)
        return yaml_refuse(yaml_member(node, "certfile"), error,
                           "is there beside keyfile, expected one of the two");
    for (size_t i = 0; i < sizeof with_key / sizeof with_key[0]; i++)
        if (with_key[i].value == NULL)
            return yaml_refuse_member(node, with_key[i].name, error,
                                      "is missing, expected it beside keyfile");
    return true;
}

/* What is not there, or cannot be read, is as good as empty: whoever connects says so. */
static void look_into(const char *path, struct sources *sources, struct buffer *out) {
    struct error error;

    if (path != NULL && !sources_read(sources, path, ROUTE_FILE_BYTES_MAX, out, &error))
        buffer_clear(out);
}

/* What a connection is made with, and whom it is good for: other authorities or another certificate
 * in the same file need new ones, and Apple's are for the key that was first shown on them. */
static void identify_route(struct sources *sources, bool without_keys, struct app *app) {
    struct buffer authorities = {0};
    struct buffer certificate = {0};

    if (app->route.ca_file == NULL && app->route.certificate_file == NULL &&
        app->apns.key_id == NULL)
        return;
    if (!without_keys) {
        look_into(app->route.ca_file, sources, &authorities);
        look_into(app->route.certificate_file, sources, &certificate);
    }
    const struct slice parts[] = {
        buffer_slice(&authorities),  slice_of("|"), buffer_slice(&certificate), slice_of("|"),
        slice_of(app->apns.team_id), slice_of("|"), slice_of(app->apns.key_id),
    };
    hash_sha256(parts, sizeof parts / sizeof parts[0], app->route.identity);
    buffer_free(&authorities);
    buffer_free_secret(&certificate);
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
    if (app->kind == PROVIDER_APNS && !check_apns(node, app, error))
        return false;
    app->route.is_guarded = is_called_by_endpoint(app->kind);
    identify_route(yaml_sources(node), without_keys, app);
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
