#include "common/base/memory.h"
#include "common/config/options.h"
#include "common/config/sygnal_parts.h"
#include "common/config/value.h"
#include "common/push/app.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char legacy_note[] =
    "is left out, for Google has switched off the legacy API: make a service account key in the "
    "Firebase console, and set api_version: v1, project_id and service_account_file";

/* ---- Apps that are left out ---- */

static bool is_text(const struct yaml_node *node, const char *text) {
    return node != NULL && node->kind == YAML_TEXT && strcmp(node->text, text) == 0;
}

/* A setting that Sygnal would take for absent. */
static bool is_blank(const struct yaml_node *app, const char *key) {
    const struct yaml_node *node = yaml_member(app, key);

    return node == NULL || is_text(node, "");
}

static bool is_class(const struct yaml_node *app) {
    const struct yaml_node *type = yaml_member(app, "type");

    return type != NULL && type->kind == YAML_TEXT && strchr(type->text, '.') != NULL;
}

/* Sygnal's default is the legacy API. With what v1 needs at hand, that is what is meant. */
static bool is_legacy(const struct yaml_node *app) {
    bool is_gcm = is_text(yaml_member(app, "type"), "gcm");
    bool has_key = !is_blank(app, "project_id") && !is_blank(app, "service_account_file");

    return is_gcm && !has_key && !is_text(yaml_member(app, "api_version"), "v1") &&
           (!is_blank(app, "api_key") || is_text(yaml_member(app, "api_version"), "legacy"));
}

static const struct {
    bool (*is)(const struct yaml_node *app);
    const char *note;
} left_out[] = {
    {is_class, "is left out, for its type is a class in Python: Columba has no plug-ins, keep "
               "Sygnal for this app"},
    {is_legacy, legacy_note},
};

static const char *why_left_out(const struct yaml_node *app) {
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        if (left_out[i].is(app))
            return left_out[i].note;
    return NULL;
}

/* ---- Settings that are not copied as they are ---- */

#define TTL_SECONDS_MAX (28 * INT64_C(86400))

static const struct option *option_of(const struct yaml_node *setting) {
    const struct option_scope scope = {.rows = options_app, .count = options_app_count};

    return option_find(&scope, setting->key);
}

static bool is_always(const struct yaml_node *app, const struct yaml_node *setting) {
    (void)app;
    return sygnal_is_there(setting);
}

static bool is_empty(const struct yaml_node *app, const struct yaml_node *setting) {
    (void)app;
    return !sygnal_is_there(setting) || is_text(setting, "");
}

static bool is_beside_certificate(const struct yaml_node *app, const struct yaml_node *setting) {
    (void)setting;
    return !is_blank(app, "certfile");
}

static bool is_zero(const struct yaml_node *app, const struct yaml_node *setting) {
    (void)app;
    return is_text(setting, "0");
}

static bool is_too_long(const struct yaml_node *app, const struct yaml_node *setting) {
    int64_t seconds = 0;

    (void)app;
    return setting->kind == YAML_TEXT && value_integer_parse(setting->text, &seconds, NULL) &&
           seconds > TTL_SECONDS_MAX;
}

static bool has_ports(const struct yaml_node *app, const struct yaml_node *setting) {
    (void)app;
    for (size_t i = 0; i < setting->count; i++)
        if (setting->children[i].kind == YAML_TEXT &&
            strchr(setting->children[i].text, ':') != NULL)
            return true;
    return false;
}

static bool is_unknown(const struct yaml_node *app, const struct yaml_node *setting) {
    (void)app;
    return option_of(setting) == NULL;
}

static bool is_of_another_kind(const struct yaml_node *app, const struct yaml_node *setting) {
    const struct yaml_node *type = yaml_member(app, "type");
    const struct option *option = option_of(setting);
    enum provider_kind kind = PROVIDER_APNS;

    return option != NULL && type != NULL && type->kind == YAML_TEXT &&
           provider_kind_parse(slice_of(type->text), &kind) && (option->kinds & 1U << kind) == 0;
}

static void write_longest_ttl(const struct yaml_node *setting, struct yaml_writer *out) {
    yaml_writer_raw(out, setting->key, "28d", setting->line);
}

static void write_hosts(const struct yaml_node *setting, struct yaml_writer *out) {
    yaml_writer_open(out, setting->key, setting->line);
    for (size_t i = 0; i < setting->count; i++) {
        const struct yaml_node *item = &setting->children[i];
        const char *text = item->kind == YAML_TEXT ? item->text : "";
        char *host = memory_copy_slice((struct slice){text, strcspn(text, ":")});
        yaml_writer_item(out, host, item->line);
        free(host);
    }
    yaml_writer_close(out);
}

/* The first row that fits decides; where none does, the setting is copied. */
static const struct rule {
    const char *key; /* NULL: any */
    bool (*fits)(const struct yaml_node *app, const struct yaml_node *setting);
    void (*write)(const struct yaml_node *setting, struct yaml_writer *out); /* NULL: not at all */
    const char *note;
} rules[] = {
    {NULL, is_empty, NULL, NULL},
    {"api_version", is_always, NULL, NULL},
    {"api_key", is_always, NULL,
     "is not needed: it belongs to an API that Google has switched off"},
    {"max_connections", is_always, NULL,
     "is not needed: dispatcher.connections is for all apps, and HTTP/2 carries many pushes at "
     "once"},
    {"inflight_request_limit", is_always, NULL,
     "is not needed: no push fails because others wait, and dispatcher.in_flight is for all apps"},
    {"keyfile", is_beside_certificate, NULL,
     "is not used, for certfile is there: remove the one that you do not mean"},
    {"ttl", is_zero, NULL,
     "would lose every push to a browser that is not there: 15 minutes are taken, 1 is the least"},
    {"ttl", is_too_long, write_longest_ttl, "is more than push services keep: 28 days are taken"},
    {"allowed_endpoints", has_ports, write_hosts,
     "is taken without the ports: hosts are compared, whatever the port"},
    {NULL, is_unknown, NULL, sygnal_unknown_key},
    {NULL, is_of_another_kind, NULL, "is not for an app of this type: remove it"},
};

static void write_setting(const struct yaml_node *app, const struct yaml_node *setting,
                          struct yaml_writer *out) {
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const struct rule *rule = &rules[i];
        if ((rule->key != NULL && strcmp(rule->key, setting->key) != 0) ||
            !rule->fits(app, setting))
            continue;
        if (rule->note != NULL)
            sygnal_note(out, setting, rule->note);
        if (rule->write != NULL)
            rule->write(setting, out);
        return;
    }
    yaml_writer_node(out, setting->key, setting, YAML_WORDS_LITERAL);
}

/* ---- The section ---- */

static void write_app(const struct yaml_node *app, struct yaml_writer *out) {
    if (app->kind != YAML_MAP || app->count == 0) {
        yaml_writer_node(out, app->key, app, YAML_WORDS_LITERAL);
        return;
    }
    yaml_writer_open(out, app->key, app->line);
    for (size_t i = 0; i < app->count; i++)
        write_setting(app, &app->children[i], out);
    yaml_writer_close(out);
}

bool sygnal_apps_write(const struct yaml_node *apps, struct yaml_writer *out, struct error *error) {
    size_t count = 0;

    yaml_writer_comment(out, "%s", "");
    if (apps == NULL)
        return true;
    if (apps->kind != YAML_MAP) {
        yaml_writer_node(out, apps->key, apps, YAML_WORDS_LITERAL);
        return true;
    }
    yaml_writer_open(out, apps->key, apps->line);
    for (size_t i = 0; i < apps->count; i++) {
        const char *why = why_left_out(&apps->children[i]);
        if (why != NULL) {
            sygnal_note(out, &apps->children[i], why);
        } else {
            write_app(&apps->children[i], out);
            count++;
        }
    }
    yaml_writer_close(out);
    return count > 0 || apps->count == 0 ||
           yaml_refuse(&apps->children[0], error, "%s", why_left_out(&apps->children[0]));
}
